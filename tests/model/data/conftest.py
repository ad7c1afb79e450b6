"""A small data set of synthetic figures, written by the pipeline's own shard stage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from model.data.stream import CONTEXT, PRELOAD
from tests.stored import write_shards


@pytest.fixture(scope="session")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the films."""
    return tmp_path_factory.mktemp("videos")


@pytest.fixture(scope="session")
def data_set(tmp_path_factory: pytest.TempPathFactory, videos: Path) -> Path:
    """Folder of a data set with its maps stored beside the numbers; not to be changed."""
    out = tmp_path_factory.mktemp("data set")
    write_shards(out, videos)
    return out


@pytest.fixture
def own_set(tmp_path: Path, data_set: Path) -> Path:
    """A copy of the data set, to be damaged."""
    return Path(shutil.copytree(data_set, tmp_path / "own set"))


CONTEXT.set_forkserver_preload([*PRELOAD, "pytest"])  # a worker imports the main module of the tests too
