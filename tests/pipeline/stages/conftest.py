"""Samples that are stored as a tar, for tests of the shard stage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.stages.shard import Shard, ShardSettings
from schemas.index import ShardPlan
from tests.pipeline.stages.stored_shard import SCENE
from tests.stored import filmed, in_their_tar, plan_of, sample_of


@pytest.fixture(scope="session")
def plan(tmp_path_factory: pytest.TempPathFactory) -> ShardPlan:
    """Three samples: two of a source with sound, one of a silent source."""
    folder = tmp_path_factory.mktemp("videos")
    loud, silent = (
        filmed(folder / "a b.mp4", SCENE, sound=True),
        filmed(folder / "c.mp4", replace(SCENE, appearance=1)),
    )
    return plan_of(
        sample_of(loud, SCENE, 0, 33),
        sample_of(loud, SCENE, 33, 27),
        sample_of(silent, replace(SCENE, appearance=1), 20, 30),
    )


@pytest.fixture(scope="session")
def stored(plan: ShardPlan, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any]]:
    """The data set's folder and the rows."""
    out = tmp_path_factory.mktemp("out")
    return out, in_their_tar(Shard(ShardSettings(), out)(plan))
