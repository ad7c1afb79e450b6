"""`understudy train`: from shards to weights, in one process or under torchrun or deepspeed."""

from __future__ import annotations

import argparse
import platform
import subprocess
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import tyro
from rich.console import Console

from jobs.console.lock import Lock, manner
from jobs.console.observers import all_of
from jobs.console.train_progress import LockCheck, NullObserver, TrainConsole
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
    from model.train.loop import TrainObserver

RUNNER = "train"
PACKAGES = ("understudy", "torch", "deepspeed", "numpy")
GIT_S = 20.0
"""A checkout on a slow disk is not waited for longer."""


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

    context = distributed_context(job.settings)
    loader = Loader(job.data, job.settings.loader, rank=context.rank, world_size=context.world_size)
    if context.rank > 0:
        codec = shared_codec(job.out, job.data, job.settings, context)
        Trainer(job.out, job.settings, loader, codec, context.device, NullObserver()).train()
        return ExitCode.WHOLE
    how = manner(console, force=job.force)
    with Lock(Place.at(job.out), lambda: {"runner": RUNNER}, how) as lock, space_told(job.out):
        lead(job, context, loader, lock, console)
    console.print(f"done: {job.out}; curves: tensorboard --logdir {job.out / CURVES}", highlight=False)
    return ExitCode.WHOLE


def lead(job: Train, context: DistributedContext, loader: Loader, lock: Lock, console: Console) -> None:
    """Train as the first rank, which alone writes and speaks."""
    from model.train.loop import Trainer
    from model.train.tensorboard import TensorBoardWriter

    codec = shared_codec(job.out, job.data, job.settings, context)
    for line in loader.table().split("\n"):
        console.print(line, highlight=False)
    console.print(held_out_said(loader), highlight=False)
    curves = TensorBoardWriter(job.out / CURVES)
    terminal = TrainConsole(console, time.monotonic, total_steps(job.settings))
    observers: tuple[TrainObserver, ...] = (LockCheck(lock), terminal, curves)
    try:
        trainer = Trainer(job.out, job.settings, loader, codec, context.device, all_of(*observers))
        note_start(job.out, start_of(job, context, loader))
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


def start_of(job: Train, context: DistributedContext, loader: Loader) -> Start:
    """All that it takes to repeat this start."""
    return Start(
        data=job.data,
        index_sha256=loader.index.digest,
        canvas_area=canvas_area(loader),
        recipe=job.recipe,
        settings=job.settings.as_plain(),
        ranks=context.world_size,
        device=str(context.device),
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
