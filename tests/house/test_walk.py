"""The whole house in one walk, as its user takes it: real clips to shards, to a training, to a video.

The README's blocks go the same way on the demo's videos (`tests.docs`); what is learned is looked at here.
"""

from __future__ import annotations

import hashlib
from itertools import accumulate
from pathlib import Path
from statistics import mean

import av
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from dataset.index import read_index
from jobs.cli import main
from model.train import checkpoint as saved

pytestmark = pytest.mark.timeout(600)
STAGES = {"body": 18, "face": 3, "everything": 3}
STEPS = sum(STAGES.values())
SHORT = [
    *(
        word
        for n, steps in enumerate(STAGES.values())
        for word in (f"--settings.phases.{n}.steps", str(steps))
    ),
    *("--settings.optimizer.lr", "0.002", "--settings.optimizer.warmup-steps", "4"),
    *("--settings.loader.workers", "0"),
    *("--settings.validation.clips", "1", "--settings.validation.sampler.steps", "1"),
]
SAMPLING = ("--sampler.steps", "4")


@pytest.fixture(scope="module")
def run(real_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training of all three phases on it."""
    out = tmp_path_factory.mktemp("run")
    assert main(training(real_set, out)) == 0
    return out


def training(real_set: Path, run: Path) -> list[str]:
    return ["train", "--recipe", "tiny", "--data", str(real_set), "--out", str(run), *SHORT]


def digests(folder: Path) -> dict[str, str]:
    """Of all files below it."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_clips_become_samples_that_keep_every_promise(real_set: Path) -> None:
    rows = read_index(real_set).rows()
    assert sorted((row.framing, row.frames) for row in rows) == [
        ("full", 40),
        ("half", 50),
        ("portrait", 58),
    ]
    assert {(row.width, row.height) for row in rows} == {(128, 224), (224, 128)}
    assert main(["check", str(real_set)]) == 0


def test_a_batch_can_be_looked_at(real_set: Path, tmp_path: Path) -> None:
    picture = tmp_path / "batch.png"
    assert main(["show", str(real_set), "--picture", str(picture)]) == 0
    assert picture.stat().st_size > 50_000


@pytest.mark.long
def test_three_stages_learn_and_prove_what_they_left_alone(run: Path) -> None:
    folders = saved.checkpoints(run)
    assert [folder.name for folder in folders] == [
        f"{n}-{steps:06}" for n, steps in enumerate(STAGES.values(), 1)
    ]
    proofs = [saved.train_state(folder) for folder in folders]
    assert all(proof.frozen_now and proof.frozen_now == proof.frozen_before for proof in proofs)
    assert {"base", "pose", "reference"} <= set(proofs[1].frozen_now)
    events = EventAccumulator(str(run / "curves"), size_guidance={"scalars": 0}).Reload()
    ends = list(accumulate(STAGES.values()))
    assert [event.step for event in events.Scalars("validation")] == [0, *ends]
    losses = [event.value for event in events.Scalars("loss")]
    assert len(losses) == STEPS
    assert mean(losses[-STEPS // 3 :]) < mean(losses[: STEPS // 3])


@pytest.mark.long
def test_a_finished_training_is_left_as_it_is(real_set: Path, run: Path) -> None:
    before = digests(run / "checkpoints")
    assert main(training(real_set, run)) == 0
    assert digests(run / "checkpoints") == before


@pytest.mark.long
def test_a_picture_is_brought_to_life_with_its_sound(run: Path, corpus: Path, tmp_path: Path) -> None:
    picture, driving = (
        corpus / "images" / "img_11_man_full_body.png",
        corpus / "clips" / "talk_07_grid_man.mpg",
    )
    files = ("--run", str(run), "--reference", str(picture), "--driving", str(driving))
    out = tmp_path / "one.mp4"
    assert main(["animate", *files, "--out", str(out), *SAMPLING]) == 0
    with av.open(str(out)) as made:
        video, sound = made.streams.video[0], made.streams.audio[0]
        assert video.average_rate == 24
        frames = [frame.to_ndarray(format="rgb24") for frame in made.decode(video)]
        made.seek(0)
        samples = sum(frame.samples for frame in made.decode(sound))
    assert len(frames) == 72  # 75 of 25 a second
    assert {frame.shape for frame in frames} == {(160, 112, 3)}
    assert samples / sound.rate == pytest.approx(72 / 24, abs=0.05)
    assert np.std(frames[0]) > 10, "a picture, not a grey field"
    assert np.abs(np.diff(np.asarray(frames[::8], np.float32), axis=0)).mean() > 0.1, "that moves"
