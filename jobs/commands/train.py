"""`understudy train`: from shards to weights, in one process or under torchrun or deepspeed."""

from __future__ import annotations

import argparse
import math
import platform
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import tyro
from rich.console import Console

from jobs.console.lock import Lock, manner
from jobs.console.progress import readable_s
from jobs.exit_codes import ExitCode
from jobs.recipes.training import RECIPES, Name
from model.data.loader import Loader
from model.train.distributed import DistributedContext, distributed_context, shared_codec
from model.train.names import CURVES
from model.train.settings import Training
from model.train.starts import Start, note_start
from schemas.version import DRAWING, SCHEMA
from storage.place import Place
from storage.space import space_told

if TYPE_CHECKING:
    from model.train.loop import StepMetrics, TrainObserver
    from model.train.phases import Change, Phase
    from model.train.validation import ValidationResult

RUNNER = "train"
PACKAGES = ("understudy", "torch", "deepspeed", "numpy")
GIT_S = 20.0
"""A checkout on a slow disk is not waited for longer."""
QUIET_S = 10.0
"""Seconds between two lines of progress."""


@dataclass(frozen=True, kw_only=True)
class Train:
    """Train the network on a data set, or go on from a run's last checkpoint."""

    data: str
    """Folder of the data set, or its URI."""
    out: Path
    """Folder of the run."""
    recipe: Name = "tiny"
    """Where the settings' defaults come from."""
    force: bool = False
    """Take OUT over from a run that seems to be at work on it and is not."""
    settings: Training


def parse(args: list[str]) -> Train:
    """The training of a command line: the recipe's, with what the line changes."""
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("--recipe", default="tiny", choices=RECIPES)
    name: Name = named.parse_known_args(args)[0].recipe
    default = Train(data=tyro.MISSING, out=tyro.MISSING, recipe=name, settings=RECIPES[name]())
    return tyro.cli(Train, prog="understudy train", args=args, default=default)


def train(job: Train, console: Console) -> ExitCode:
    """Train to the end of the last phase; `WHOLE`.

    Raises:
        ValueError: the data set, the settings or the run's checkpoint cannot be used.
        TrainingFault: memory does not suffice, or nothing is learned.
        AtWork: another run is at work on the folder.
    """
    from model.train.loop import Trainer

    seat = distributed_context(job.settings)
    loader = Loader(job.data, job.settings.loader, rank=seat.rank, world_size=seat.world_size)
    if seat.rank > 0:
        codec = shared_codec(job.out, job.data, job.settings, seat)
        Trainer(job.out, job.settings, loader, codec, seat.device, NullObserver()).train()
        return ExitCode.WHOLE
    how = manner(console, force=job.force)
    with Lock(Place.at(job.out), lambda: {"runner": RUNNER}, how) as lock, space_told(job.out):
        lead(job, seat, loader, lock, console)
    console.print(f"done: {job.out}; curves: tensorboard --logdir {job.out / CURVES}", highlight=False)
    return ExitCode.WHOLE


def lead(job: Train, seat: DistributedContext, loader: Loader, lock: Lock, console: Console) -> None:
    """Train as the first rank, which alone writes and speaks."""
    from model.train.loop import Trainer
    from model.train.tensorboard import TensorBoardWriter

    codec = shared_codec(job.out, job.data, job.settings, seat)
    for line in loader.table().split("\n"):
        console.print(line, highlight=False)
    console.print(held_out_said(loader), highlight=False)
    curves = TensorBoardWriter(job.out / CURVES)
    terminal = TrainConsole(console, time.monotonic, total_steps(job.settings))
    everyone = ObserverFanOut(LockCheck(lock), terminal, curves)
    try:
        trainer = Trainer(job.out, job.settings, loader, codec, seat.device, everyone)
        note_start(job.out, start_of(job, seat, loader))
        trainer.train()
    finally:
        curves.close()


def held_out_said(loader: Loader) -> str:
    """How much is kept for validation."""
    share = loader.settings.order.held_out
    if loader.held_out is None:
        return "no source is held out: nothing tells how strangers would fare"
    return f"held out, {share:.1%} of the sources: {len(loader.held_out)} samples, never drawn"


def total_steps(settings: Training) -> int:
    """Steps of all phases."""
    return sum(phase.steps for phase in settings.phases)


def start_of(job: Train, seat: DistributedContext, loader: Loader) -> Start:
    """All that it takes to repeat this start."""
    return Start(
        data=job.data,
        index_sha256=loader.index.digest,
        canvas_area=canvas_area(loader),
        recipe=job.recipe,
        settings=job.settings.as_plain(),
        ranks=seat.world_size,
        device=str(seat.device),
        code=commit(),
        versions={
            "python": platform.python_version(),
            **{package: version(package) for package in PACKAGES},
            "schema": SCHEMA,
            "drawing": DRAWING,
        },
    )


def canvas_area(loader: Loader) -> int:
    """Of the largest canvas that is trained on, px."""
    return int((loader.index.numbers("width") * loader.index.numbers("height")).max())


def commit() -> str:
    """The commit of this code, if it is a checkout, and whether files differ from it."""
    asked = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        done = subprocess.run(
            asked, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=GIT_S
        )
    except (OSError, subprocess.SubprocessError):
        return "not a checkout"
    return done.stdout.strip()


class TrainConsole:
    """Says what happens, with rate and time left."""

    def __init__(self, console: Console, clock: Callable[[], float], total: int) -> None:
        self.console, self.clock, self.total = console, clock, total
        self.began: tuple[float, int] | None = None
        """Time and steps done when the first step here had been taken: it alone waits for workers."""
        self.spoke = -math.inf

    def entered(self, changed: Change, done: int, phase: Phase) -> None:
        """Say what became of everything."""
        going_on = f", {done} of its {phase.steps} steps are done" if done else f", {phase.steps} steps"
        self.console.print(f"phase {changed.phase}{going_on}", highlight=False)
        if done:
            return
        for what in ("kept", "created", "reset"):
            for thing in getattr(changed, what):
                self.console.print(f"  {what}: {thing}", highlight=False)

    def stepped(self, beat: StepMetrics) -> None:
        """Say where the training stands, now and then."""
        now = self.clock()
        self.began = self.began or (now, beat.total)
        if now - self.spoke < QUIET_S and beat.step != beat.steps:
            return
        self.spoke = now
        if "loss" in beat.metrics:
            metrics = f"loss {beat.metrics['loss']:.4f}, grad_norm {beat.metrics['grad_norm']:.3f}"
        else:
            metrics = "nothing here to learn from"
        line = f"{beat.phase} {beat.step} of {beat.steps}: {metrics}{self.pace(now, beat)}"
        self.console.print(line, highlight=False)

    def pace(self, now: float, beat: StepMetrics) -> str:
        """Rate and time left, once there is something to tell them by."""
        assert self.began is not None, "a step was taken"
        passed, steps = now - self.began[0], beat.total - self.began[1]
        if steps == 0 or passed <= 0:
            return ""
        left_s = (self.total - beat.total) * passed / steps
        return f", {steps / passed:.2f} steps/s, {readable_s(left_s)} left"

    def looked(self, look: ValidationResult, total: int) -> None:
        """Say how held-out clips fare."""
        self.console.print(f"held-out clips after {total} steps: loss {look.loss:.4f}", highlight=False)

    def kept(self, folder: Path) -> None:
        """Say where the checkpoint lies."""
        self.console.print(f"saved {folder}", highlight=False)


class NullObserver:
    """Looks on and says nothing."""

    def entered(self, changed: Change, done: int, phase: Phase) -> None:
        """A phase."""

    def stepped(self, beat: StepMetrics) -> None:
        """A step."""

    def looked(self, look: ValidationResult, total: int) -> None:
        """Held-out clips."""

    def kept(self, folder: Path) -> None:
        """A checkpoint."""


class LockCheck(NullObserver):
    """Ends the training once another has taken its folder over."""

    def __init__(self, lock: Lock) -> None:
        self.lock = lock

    def stepped(self, beat: StepMetrics) -> None:  # noqa: ARG002  whatever it says
        """A step."""
        self.lock.check()


class ObserverFanOut:
    """Tells all of several."""

    def __init__(self, *watches: TrainObserver) -> None:
        self.watches = watches

    def entered(self, changed: Change, done: int, phase: Phase) -> None:
        """A phase."""
        for watch in self.watches:
            watch.entered(changed, done, phase)

    def stepped(self, beat: StepMetrics) -> None:
        """A step."""
        for watch in self.watches:
            watch.stepped(beat)

    def looked(self, look: ValidationResult, total: int) -> None:
        """Held-out clips."""
        for watch in self.watches:
            watch.looked(look, total)

    def kept(self, folder: Path) -> None:
        """A checkpoint."""
        for watch in self.watches:
            watch.kept(folder)
