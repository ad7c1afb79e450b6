"""`understudy train`: from shards to weights, in one process or under torchrun or deepspeed."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro
from rich.console import Console

from dataset.names import index_copy
from jobs.console.flags import parsed, value_of
from jobs.console.kinds import Address, Folders
from jobs.console.lock import Lock, manner
from jobs.console.observers import all_of
from jobs.console.stopping import StopRequest, stop_request
from jobs.console.train_progress import LockCheck, TrainConsole, Unsaved
from jobs.console.train_speed import Speeds
from jobs.exit_codes import ExitCode
from jobs.recipes.requirements import refuse_without_memory, refuse_without_weights
from jobs.recipes.training import Name
from jobs.stored.addresses import storable_all
from jobs.stored.hearing import with_hearing
from jobs.stored.latents import on_latents
from jobs.stored.mirrored import mirrored
from jobs.stored.train_start import canvas_area, commit, digests_of, versions
from jobs.stored.training import Beginning, beginning, begun, of_length, refuse_other
from jobs.stored.uses import tell_uses
from model.data.loader import Loader
from model.planning.peak import peak_tflops
from model.train import checkpoint as saved
from model.train.curriculum import loaders
from model.train.distributed import DistributedContext, distributed_context, lifeline, shared_codec
from model.train.lifeline import held
from model.train.mirror import Mirror
from model.train.names import CURVES, RUN
from model.train.ranks import of_all
from model.train.settings import Training
from model.train.starts import Start, note_start
from storage.place import Place
from storage.space import reporting_no_space

if TYPE_CHECKING:
    from model.train.loop import TrainObserver

RUNNER = "train"
FEW_SAMPLES = 50
"""Fewer are learned by heart."""


@dataclass(frozen=True, kw_only=True)
class Train:
    """Train the network on a data set, or go on from a run's last checkpoint."""

    data: Folders
    """Folder of the data set, or its URI; several are mixed, by --settings.loader.order.weights."""
    out: Path
    """Folder of the run."""
    recipe: Name = "tiny"
    """Where the settings' defaults come from."""
    steps: int | None = None
    """Steps of all phases together, each in its share; those that are done stay as they were."""
    mirror: Address = ""
    """Address in an object store where the run is kept as well: an OUT that lacks checkpoints goes on from
    those that are there."""
    latents: Folders = ()
    """Folders or addresses of stored latents: windows, token budget and autoencoder are theirs."""
    from_nothing: bool = False
    """Train a recipe that begins from public weights without them."""
    config: Path | None = None
    """A run.json of another run, whose last start's recipe, settings and data are taken."""
    new_epoch: bool = False
    """Go on with the next epoch on another data set or in another order, or on what is new of the run's own;
    otherwise a run keeps to the order of the samples that it began with."""
    profile: int = 0
    """Trace so many steps of the first rank into OUT/profile."""
    force: bool = False
    """Take OUT over from a run that seems to be at work on it and is not."""
    settings: Training


def parse(args: list[str]) -> Train:
    """The training of a command line; what it leaves out is as in the run that it names, or in the recipe.

    Raises:
        ValueError: the run's settings are not ours.
    """
    config, run = value_of("--config", args), Path(value_of("--out", args) or ".") / RUN
    if mirror := value_of("--mirror", args):
        Mirror(run.parent, Place.at(mirror)).begin()
    file = Path(config) if config else run if run.exists() else None
    start = beginning(file, value_of("--recipe", args), others="forbid" if config else "ignore")
    data = start.data or tyro.MISSING
    default = Train(data=data, out=tyro.MISSING, recipe=start.recipe, settings=start.settings)
    return parsed(Train, "train", args, default)


def train(job: Train, console: Console) -> ExitCode:
    """Train to the end of the last phase; `WHOLE`, or `STOPPED` with a checkpoint where that was asked for.

    Raises:
        ValueError: the data set, the settings or the run's checkpoint cannot be used.
        OtherSettings: they are not those that the run began with.
        TrainingFault: memory does not suffice, or nothing is learned.
        AtWork: another run is at work on the folder.
        KeyboardInterrupt: stopped where there was nothing to save; says from where the run goes on.
    """
    settings = on_latents(job.settings, job.latents) if job.latents else job.settings
    job = replace(job, settings=with_hearing(settings))
    with stop_request() as stop:
        try:
            return train_until(job, stop, console)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(goes_on(job.out)) from None


def train_until(job: Train, stop: StopRequest, console: Console) -> ExitCode:
    """Train, as one of the ranks, to the end or until a stop."""
    if not job.from_nothing:
        refuse_without_weights(job.recipe, job.settings)
    context = distributed_context(job.settings)
    with held(lifeline(context)):
        return train_rank(job, context, stop, console)


def train_rank(job: Train, context: DistributedContext, stop: StopRequest, console: Console) -> ExitCode:
    """Train as a rank among those that are held together."""
    from model.train.loop import Trainer
    from model.train.tasks import refuse_other_captions, refuse_silence

    refuse_without_memory(job.settings, context)
    mirror = Mirror(job.out, Place.at(job.mirror)) if job.mirror else None
    if mirror and context.rank == 0 and (brought := mirror.fetch()):
        console.print(f"from {job.mirror}: {', '.join(brought)}", highlight=False)
    of_all(None)  # nobody looks for checkpoints before
    job = replace(job, settings=of_length(job.settings, job.steps, job.out))
    indexes = () if job.new_epoch else kept_indexes(job)
    ranks: dict[str, Any] = {"rank": context.replica, "world_size": context.replicas}
    loader = Loader(job.data, job.settings.loader, **ranks, indexes=indexes)
    heard = refuse_silence(job.settings, loader)
    if heard and context.rank == 0:
        console.print(
            f"speech: {heard} of {len(loader.drawn.present)} samples have a face and sound", highlight=False
        )
    speeds = refuse_other_captions(job.settings, loader)
    if speeds and context.rank == 0:
        samples = len(loader.drawn.present)
        console.print(f"captions: {speeds} of {samples} samples have one", highlight=False)
    new_epoch = job.new_epoch or (is_own(job) and not indexes)
    if context.rank > 0:
        codec = shared_codec(job.out, job.data, job.settings, context)
        how: dict[str, Any] = {"new_epoch": new_epoch, "asked": stop}
        whole = Trainer(job.out, job.settings, loader, codec, context.device, Unsaved(stop), **how).train()
        return ExitCode.WHOLE if whole else ExitCode.STOPPED
    with Lock(Place.at(job.out), lambda: {"runner": RUNNER}, manner(console, force=job.force)) as lock:
        refuse_other(job.out, job.settings, console)
        with reporting_no_space(job.out), mirrored(mirror, console) as copies:
            watching = (LockCheck(lock), copies)
            whole = lead(replace(job, new_epoch=new_epoch), context, loader, watching, stop, console)
    if not whole:
        console.print(f"stopped; {goes_on(job.out)}", highlight=False, soft_wrap=True)
        return ExitCode.STOPPED
    line = f"done: {job.out}; curves: tensorboard --logdir {job.out / CURVES}"
    console.print(line, highlight=False, soft_wrap=True)
    tell_uses(console, job.out, job.recipe, job.settings, loader.drawn.present)
    return ExitCode.WHOLE


def is_own(job: Train) -> bool:
    """Whether the data sets are a run's own, which may have grown; others are asked for."""
    before = begun(job.out)
    if before is None or len(before.index_sha256) != len(job.data):
        return False
    return before.data == storable_all(job.data)


def kept_indexes(job: Train) -> tuple[str, ...]:
    """Digests of the indexes that a run began with, where its own data sets still have them; else none."""
    before = begun(job.out)
    if before is None or not is_own(job) or not saved.checkpoints(job.out):
        return ()
    each = zip(job.data, before.index_sha256, strict=True)
    kept = all(Place.at(data).size(index_copy(digest)) is not None for data, digest in each)
    return before.index_sha256 if kept else ()


def goes_on(run: Path) -> str:
    """From where a run goes on, and how."""
    found = saved.checkpoints(run)
    where = f"from {found[-1]}" if found else "at its first step, for there is no checkpoint yet"
    return f"understudy train --out {run} goes on {where}" if found else f"the same command begins {where}"


def lead(
    job: Train,
    context: DistributedContext,
    loader: Loader,
    watching: tuple[TrainObserver, ...],
    stop: StopRequest,
    console: Console,
) -> bool:
    """Train as the first rank, which alone writes and speaks; whether to the end."""
    from model.train.init import base_note
    from model.train.loop import Trainer
    from model.train.profiling import ProfileWriter
    from model.train.tensorboard import TensorBoardWriter

    if job.settings.base and not saved.checkpoints(job.out):
        console.print(f"base: {base_note(job.settings)}", highlight=False)  # before minutes are spent
    codec = shared_codec(job.out, job.data, job.settings, context)
    shown = loaders(job.settings, loader)
    for names, each in shown.items():
        if len(shown) > 1:
            console.print(f"in {', '.join(names)}:", highlight=False)
        for line in each.table().split("\n"):
            console.print(line, highlight=False)
    console.print(held_out_note(loader), highlight=False)
    samples = len(loader.drawn.index)
    if samples < FEW_SAMPLES:
        few = f"only {samples} samples: this shows that all runs, and teaches nothing of strangers"
        console.print(few, style="yellow", highlight=False)
    before = begun(job.out)
    if before and saved.checkpoints(job.out) and before.index_sha256 != digests_of(loader.drawn.newest):
        console.print(changed_note(before, job, loader), highlight=False, soft_wrap=True)
    curves = TensorBoardWriter(job.out / CURVES)
    terminal = TrainConsole(console, time.monotonic, total_steps(job.settings))
    observers: tuple[TrainObserver, ...] = (Unsaved(stop), *watching, terminal, curves)
    if job.profile:
        observers = (*observers, ProfileWriter(job.out, job.profile))
    speeds = Speeds(all_of(*observers), job.settings, context.replicas, peak_tflops(context.device))
    how: dict[str, Any] = {"new_epoch": job.new_epoch, "asked": stop}
    try:
        trainer = Trainer(job.out, job.settings, loader, codec, context.device, speeds, **how)
        console.print(f"attention: {trainer.kernel}, on {context.device}", highlight=False)
        note_start(job.out, start_of(job, context, loader, max(map(canvas_area, shown.values()))))
        return trainer.train()
    finally:
        curves.close()


def changed_note(before: Beginning, job: Train, loader: Loader) -> str:
    """How a run goes on whose data set has another index by now than the one that it began with, if it does.

    Where it is asked for another data set and no new epoch, it does not: says which, and which it was.
    """
    if before.index_sha256 != digests_of(loader.drawn.index):
        if not job.new_epoch:
            return f"--data: {shown(before.data)} before, {shown(storable_all(job.data))} now"
        return "the data set has changed since: the run goes on with its next epoch"
    gone = f"{loader.num_withdrawn} samples are withdrawn and left out"
    return f"the data set has changed since: the run keeps its order, {gone}; --new-epoch takes what is new"


def shown(data: tuple[str, ...]) -> str:
    """Data sets by their addresses, as far as these may be told."""
    return " ".join(data) or "at an address that is not stored"


def held_out_note(loader: Loader) -> str:
    """How much is kept for validation."""
    share = loader.settings.order.held_out
    if loader.drawn.held_out is None:
        return "no source is held out: nothing tells how strangers would fare"
    return f"held out, {share:.1%} of the sources: {len(loader.drawn.held_out)} samples, never drawn"


def total_steps(settings: Training) -> int:
    """Steps of all phases."""
    return sum(phase.steps for phase in settings.phases)


def start_of(job: Train, context: DistributedContext, loader: Loader, area: int) -> Start:
    """All that it takes to repeat this start."""
    return Start(
        data=storable_all(job.data),
        index_sha256=digests_of(loader.drawn.index),
        canvas_area=area,
        recipe=job.recipe,
        settings=job.settings.as_plain(),
        ranks=context.world_size,
        device=str(context.device),
        code=commit(),
        versions=versions(),
    )
