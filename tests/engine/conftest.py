"""What tests of audits share."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from dataset.index_writer import write_index
from engine.ledger import Ledger
from pipeline.stages.shard import Shard, ShardSettings
from schemas.arrow import encode
from schemas.index import IndexRow
from schemas.outcome import Reject
from schemas.sample import Sample
from tests.engine.audited import (
    SCENE,
    land,
    lap,
)
from tests.once import once
from tests.stored import filmed, in_their_tar, plan_of, sample_of


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished data set: two tars, three samples with sound and maps, and one that could not be encoded."""

    def make(folder: Path) -> None:
        video = filmed(folder / "a.mp4", SCENE, sound=True)
        samples = [sample_of(video, SCENE, first, 25) for first in (0, 25, 50)]
        out = folder / "set"
        shard = Shard(ShardSettings(bake_maps=True), out)
        rows = [
            *in_their_tar(shard(plan_of(*samples[:2]))),
            *in_their_tar(shard(plan_of(samples[2], number=1))),
        ]
        Ledger(out).land(lap("samples", 4), [*samples, sample_of(video, SCENE, 10, 25)], Sample, [])
        lost = Reject(key="0123456789ab-000010-0", step="shard", reason="unreadable", detail="gone", uri="a")
        land(out, [row for row in rows if isinstance(row, IndexRow)], lost)
        write_index(out, [encode([row for row in rows if isinstance(row, IndexRow)], IndexRow).select])
        run = {"schema": 1, "drawing": 1, "recipe": "default", "settings": {}, "code": "0", "estimators": {}}
        (out / "run.json").write_text(json.dumps(run))

    return once(tmp_path_factory, "audited", make) / "set"


@pytest.fixture
def out(made: Path, tmp_path: Path) -> Path:
    """A copy of the data set, to be damaged."""
    return Path(shutil.copytree(made, tmp_path / "set"))
