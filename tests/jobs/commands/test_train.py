"""`understudy train` as a user calls it: alone, under torchrun, and with what it cannot use."""

from __future__ import annotations

import io
import json
import math
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from dataset.index import read_index
from jobs.cli import main
from jobs.commands.train import parse
from jobs.console.lock import AT_WORK, AtWork, Lock, manner
from jobs.console.train_progress import LockCheck, TrainConsole
from jobs.exit_codes import ExitCode
from jobs.recipes.training import RECIPES
from model.data.settings import LatentSource
from model.train import checkpoint
from model.train.distributed import check_latents, distributed_context
from model.train.loop import StepMetrics
from model.train.names import CODEC
from model.train.starts import Start, note_start
from schemas.arrow import encode
from schemas.index import IndexRow
from storage.place import Place
from tests.processes import wait_until
from tests.trained import SHORT
from tests.warm.programs import program

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def run(short_run: Path, tmp_path: Path) -> Path:
    """A run that is to begin, its codec there already: fitting one takes seconds."""
    folder = tmp_path / "run"
    folder.mkdir()
    shutil.copy(short_run / CODEC, folder)
    return folder


def curve(run: Path, name: str) -> dict[int, float]:
    """Numbers by total step."""
    events = EventAccumulator(str(run / "curves"), size_guidance={"scalars": 0})
    events.Reload()
    return {event.step: event.value for event in events.Scalars(name)}


@pytest.mark.timeout(1200)  # three trainings of seconds, each a minute on a busy machine
def test_a_training_from_the_command_line(data_set: Path, tmp_path: Path, capsys) -> None:
    args = ["train", "--data", str(data_set), "--out", str(tmp_path), *SHORT]
    assert main(args) == 0
    output = capsys.readouterr().out
    assert "phase face, 2 steps" in output
    assert "average: begins again at the weights" in output
    assert "body 3 of 3: loss" in output
    assert "steps/s" in output
    names = ["1-000003", "2-000002", "3-000002"]
    assert [folder.name for folder in checkpoint.checkpoints(tmp_path)] == names
    losses = curve(tmp_path, "loss")
    assert sorted(losses) == [1, 2, 3, 4, 5, 6, 7]
    (start,) = json.loads((tmp_path / "run.json").read_text())
    assert start["settings"]["phases"][0]["steps"] == 3
    assert start["settings"]["sizes"]["width"] == 24
    assert {"index_sha256", "code", "versions", "ranks", "device", "data", "recipe"} < start.keys()

    for folder in checkpoint.checkpoints(tmp_path)[1:]:  # as if killed in the face phase
        folder.rename(tmp_path / folder.name)
    assert main(args) == 0
    assert "phase body, 3 of its 3 steps are done" in capsys.readouterr().out
    assert curve(tmp_path, "loss") == losses
    assert len(json.loads((tmp_path / "run.json").read_text())) == 2

    assert main(["train", "--out", str(tmp_path), "--steps", "9"]) == 0
    assert "everything 4 of 4: loss" in capsys.readouterr().out
    assert [folder.name for folder in checkpoint.checkpoints(tmp_path)][-2:] == ["3-000002", "3-000004"]
    other = ["--settings.optimizer.lr", "1", "--settings.seed", "3", "--settings.save-every", "7"]
    assert main(["train", "--out", str(tmp_path), *other]) == 2
    printed = capsys.readouterr()
    assert "--settings.optimizer.lr: 0.001 before, 1.0 now\n--settings.seed: 0 before, 3 now\n" in printed.out
    assert printed.err.startswith(
        f"understudy: {tmp_path}: began under other settings; without these flags it "
    )
    assert printed.err.count("\n") == 1


def test_out_alone_means_the_settings_of_the_run(tmp_path: Path) -> None:
    first = parse(["--data", "s3://bucket/set", "--out", str(tmp_path), *SHORT])
    facts: dict[str, Any] = {
        "index_sha256": ("",),
        "canvas_area": 4096,
        "ranks": 1,
        "device": "cpu",
        "code": "",
    }
    plain = first.settings.as_plain()
    start = Start(data=("s3://bucket/set",), recipe="tiny", settings=plain, versions={}, **facts)
    note_start(tmp_path, start)
    again = parse(["--out", str(tmp_path), "--settings.seed", "4"])
    assert again == replace(first, settings=replace(first.settings, seed=4))
    spoken = parse(["--out", str(tmp_path), "--recipe", "speech_tiny"])
    assert spoken.settings.phases[:3] == first.settings.phases
    assert [phase.name for phase in spoken.settings.phases[3:]] == ["speech"]
    assert spoken.settings.sizes == first.settings.sizes
    copied = parse(["--out", str(tmp_path / "other"), "--config", str(tmp_path / "run.json")])
    assert (copied.settings, copied.data, copied.recipe) == (first.settings, first.data, "tiny")
    with pytest.raises(ValueError, match=r"none\.json: tells of no start of a training"):
        parse(["--out", str(tmp_path / "other"), "--config", str(tmp_path / "none.json")])
    assert parse(["--out", str(tmp_path / "other"), "--data", "x"]).settings == RECIPES["tiny"]()


def test_a_set_that_grew_is_gone_on_with_and_another_is_asked_for(
    own_set: Path, tmp_path: Path, run: Path, capsys
) -> None:
    whole = (own_set / "index.parquet").read_bytes()
    rows = list(read_index(own_set).rows())
    pq.write_table(encode(rows[:-1], IndexRow), own_set / "index.parquet")
    short = [*SHORT, "--steps", "3"]
    assert main(["train", "--data", str(own_set), "--out", str(run), *short]) == 0
    (own_set / "index.parquet").write_bytes(whole)
    capsys.readouterr()
    assert main(["train", "--out", str(run), "--steps", "4"]) == 0
    assert "the data set has changed since: the run goes on with its next epoch" in capsys.readouterr().out
    state = checkpoint.train_state(checkpoint.checkpoints(run)[-1])
    assert state.loader["epoch"] == 1
    pq.write_table(encode(rows[:-1], IndexRow), tmp_path / "index.parquet")
    shutil.copytree(own_set, tmp_path / "other")
    (tmp_path / "index.parquet").replace(tmp_path / "other" / "index.parquet")
    args = ["train", "--data", str(tmp_path / "other"), "--out", str(run), "--steps", "5"]
    assert main(args) == 2
    told = capsys.readouterr()
    assert f"--data: {own_set} before, {tmp_path / 'other'} now\n" in told.out
    assert "the run goes on with its next epoch" not in told.out
    assert "--new-epoch goes on with the next epoch" in told.err
    assert main([*args, "--new-epoch"]) == 0


def test_a_run_keeps_the_order_that_it_began_with(own_set: Path, run: Path, capsys) -> None:
    assert main(["train", "--data", str(own_set), "--out", str(run), *SHORT, "--steps", "3"]) == 0
    rows = list(read_index(own_set).rows())
    pq.write_table(encode(rows[1:], IndexRow), own_set / "index.parquet")
    capsys.readouterr()
    assert main(["train", "--out", str(run), "--steps", "4"]) == 0
    assert "the run keeps its order, 1 samples are withdrawn and left out" in capsys.readouterr().out
    state = checkpoint.train_state(checkpoint.checkpoints(run)[-1])
    assert (state.loader["epoch"], state.loader["slot"]) == (0, 4)
    assert main(["train", "--out", str(run), "--steps", "5", "--new-epoch"]) == 0
    state = checkpoint.train_state(checkpoint.checkpoints(run)[-1])
    assert state.loader["epoch"] == 1


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_saves_what_was_learned(data_set: Path, run: Path, by: signal.Signals) -> None:
    often = ("--settings.save-every", "5000", "--settings.validation.every", "5000", "--steps", "9000")
    args = ("train", "--data", str(data_set), "--out", str(run), *SHORT, *often)
    with program("-m", "jobs.cli", *args) as training:
        wait_until(lambda: "body 1 of" in training.output_so_far(), "the first step")
        os.kill(training.asked.process, by)
        ended = training.ended()
    (folder,) = checkpoint.checkpoints(run)
    assert ended.returncode == ExitCode.STOPPED, ended.stderr
    assert "stopping after this step, with a checkpoint; once more stops at once" in ended.stderr
    where = f"stopped; understudy train --out {run} goes on from {folder}\n"
    assert where in ended.stdout.replace("\n/", " /")
    assert checkpoint.train_state(folder).step < 5000


def test_what_cannot_be_used_is_one_sentence(data_set: Path, tmp_path: Path, capsys) -> None:
    out = ["--out", str(tmp_path / "run"), *SHORT]
    assert main(["train", "--data", str(tmp_path / "nothing"), *out]) == 2
    assert "nothing" in capsys.readouterr().err
    base = ["--settings.base", str(tmp_path / "none.safetensors")]
    assert main(["train", "--data", str(data_set), *out, *base]) == 2
    assert "none.safetensors: no such file of weights" in capsys.readouterr().err
    vae = ["--settings.vae", str(tmp_path / "none")]
    assert main(["train", "--data", str(data_set), *out, *vae]) == 2
    assert "none" in capsys.readouterr().err


def test_one_training_at_a_time_in_a_folder(data_set: Path, tmp_path: Path, capsys) -> None:
    args = ["train", "--data", str(data_set), "--out", str(tmp_path), *SHORT]
    half_written = tmp_path / "checkpoints" / "1-000003.part"
    half_written.mkdir(parents=True)
    with Lock(Place.at(tmp_path), dict, manner(Console(quiet=True), force=False)) as first:
        assert main(args) == 2
        output = capsys.readouterr().err
        assert f"{tmp_path}: another run is at work on it (process {os.getpid()} on " in output
        assert "--force" in output
        assert half_written.is_dir()
        assert not checkpoint.checkpoints(tmp_path)
        step, observer = StepMetrics(phase="body", step=1, steps=1, total=1, metrics={}), LockCheck(first)
        observer.stepped(step)
        with Lock(Place.at(tmp_path), dict, manner(Console(quiet=True), force=True)):
            first.tell(AT_WORK)
        with pytest.raises(AtWork, match="was taken over"):
            observer.stepped(step)


class Hostile:
    """Pickles into a call."""

    def __init__(self, trap: Path) -> None:
        self.trap = trap

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.trap}",)


@pytest.mark.parametrize("setting", ["base", "motion"])
@pytest.mark.parametrize("beside_weights", [True, False])
def test_hostile_weights_run_nothing_and_are_one_sentence(
    data_set: Path, tmp_path: Path, run: Path, capsys, setting: str, beside_weights: bool
) -> None:
    file, trap = tmp_path / "public.pth", tmp_path / "trap"
    torch.save(
        {"state_dict": {"a.weight": torch.ones(1)} if beside_weights else {}, "by": Hostile(trap)}, file
    )
    out = ["--out", str(run), *SHORT]
    assert main(["train", "--data", str(data_set), *out, f"--settings.{setting}", str(file)]) == 2
    output = capsys.readouterr().err
    assert ("unexpected: a.weight" if beside_weights else "holds no tensors by name") in output
    assert output.count("\n") == 1
    assert not trap.exists()
    assert not checkpoint.checkpoints(run)


def test_many_processes_need_deepspeed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ValueError, match="2 processes were started for an engine of one: set zero_stage"):
        distributed_context(parse(["--data", "x", "--out", "y"]).settings)


@pytest.mark.parametrize(
    ("recipe", "width", "steps", "lr"),
    [("tiny", 128, 1_200, 1e-3), ("wan_1b", 1536, 70_000, 5e-6), ("paper", 5120, 70_000, 5e-6)],
)
def test_recipes_are_the_defaults_and_the_line_changes_them(
    recipe: str, width: int, steps: int, lr: float
) -> None:
    job = parse(["--data", "x", "--out", "y", "--recipe", recipe, "--settings.seed", "7"])
    assert job.settings.sizes.width == width
    assert sum(phase.steps for phase in job.settings.phases) == steps
    assert job.settings.optimizer.lr == lr
    assert job.settings.seed == 7


def test_latents_of_another_autoencoder_are_refused() -> None:
    check_latents(None, "a", Path("codec"))
    check_latents(LatentSource(root="latents", vae="a"), "a", Path("codec"))
    with pytest.raises(ValueError, match="latents in latents are those of the autoencoder b, but this run's"):
        check_latents(LatentSource(root="latents", vae="b"), "a", Path("codec"))


def test_time_left_is_told_by_the_steps_of_this_start() -> None:
    now = 0.0
    console = Console(record=True, width=200, file=io.StringIO())
    terminal = TrainConsole(console, lambda: now, total=110)
    for total in range(51, 61):
        numbers = {"loss": 1.0, "grad_norm": math.pi}
        terminal.stepped(StepMetrics(phase="body", step=total, steps=60, total=total, metrics=numbers))
        now += 20.0
    lines = console.export_text().splitlines()
    assert lines[0] == "body 51 of 60: loss 1.0000, grad_norm 3.142"
    assert lines[-1].endswith("0.05 steps/s, 16:40 left")


def test_a_step_in_which_nothing_counts_has_no_loss() -> None:
    console = Console(record=True, width=200, file=io.StringIO())
    numbers = {"grad_norm": 0.0, "lr": 1e-3}
    TrainConsole(console, lambda: 0.0, total=9).stepped(
        StepMetrics(phase="speech", step=1, steps=9, total=1, metrics=numbers)
    )
    assert console.export_text() == "speech 1 of 9: nothing here to learn from\n"
