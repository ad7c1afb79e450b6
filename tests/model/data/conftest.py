"""A small data set of synthetic figures, written by the pipeline's own shard stage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from model.data.stream import CONTEXT, PRELOAD
from pipeline.stages.index import write_index
from pipeline.stages.shard import Shard, ShardSettings
from schemas.index import IndexRow
from schemas.sample import Sample
from tests.stored import filmed, plan_of, sample_of
from tests.synth import Scene

SCENES = (
    Scene(number=1, width=96, height=144, num_frames=72, framing="full"),
    Scene(number=2, width=96, height=144, num_frames=64, framing="half", look=1, turn_deg=(40, -20)),
    Scene(number=3, width=144, height=96, num_frames=80, framing="half", look=2),
    Scene(number=4, width=144, height=96, num_frames=56, framing="full", look=3, turn_deg=(170, 200)),
)
STRETCHES = ((0, 25), (7, 33), (12, 41), (3, 53))
"""First frame and number of frames of the clips of each scene."""


def write_shards(out: Path, videos: Path) -> list[IndexRow]:
    """Four videos, one with sound, as sixteen samples in four tars, and their index."""
    canvases: dict[tuple[int, int], list[Sample]] = {}
    for scene in SCENES:
        video = filmed(videos / f"{scene.number}.mp4", scene, sound=scene.number == 2)
        samples = [sample_of(video, scene, *stretch) for stretch in STRETCHES]
        canvases.setdefault((scene.width, scene.height), []).extend(samples)
    rows: list[IndexRow] = []
    for samples in canvases.values():
        for number, part in enumerate((samples[:5], samples[5:])):
            outcomes = Shard(ShardSettings(bake_maps=True), out)(plan_of(*part, number=number))
            assert all(isinstance(outcome, IndexRow) for outcome in outcomes)
            rows += outcomes  # type: ignore[arg-type]
    write_index(out, rows)
    return sorted(rows, key=lambda row: row.key)


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
