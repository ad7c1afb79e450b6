"""Checkpoints: all that a run needs to go on as if nothing had happened, on any number of ranks.

    RUN/checkpoints/<phase>-<step>/   phase from 1, step of that phase
        state.json          where the run and its loader stand; proof that frozen weights did not move
        weights/            all weights and buffers, float32
        average/            averages of the weights that learn; the others are their own
        exp_avg/ exp_avg_sq/

Tensors are whole and by name, in safetensors, so no pickle is ever read; each rank writes some of them, and
any number of ranks reads them, one at a time. A folder is written under another
name and renamed, so what has its name is complete. Times, noise and hand-overs follow from the seed and the
place in the loader's order alone: those two are all there is to say of randomness.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from torch import Tensor

from model.nets.param_groups import Part
from model.train.engines.engine import Engine
from model.train.engines.optimizer import KINDS, Kind
from model.train.names import CHECKPOINTS, START
from model.train.phases import ActivePhase, States
from model.train.ranks import of_all
from storage.json_files import SHOWN, json_at
from storage.place import Place
from storage.records import read_as
from storage.stored_weights import StoredWeights
from storage.weight_files import check_keys, write_weights

VERSION = 2
NAME = re.compile(r"(\d+)-(\d{6,})")
PART = ".part"
STATE = "state.json"


@dataclass(frozen=True, kw_only=True)
class TrainState:
    """Where a run stands."""

    phase: int
    """From 0."""
    step: int
    """Steps of the phase that are done."""
    moved: int
    """Steps of the phase that moved the weights: in the others nothing counted."""
    loader: dict[str, Any]
    settings: dict[str, Any]
    """All that losses depend on, the seed among them."""
    world_size: int
    frozen_before: dict[Part, str]
    """Digests of what the phase does not teach, at its beginning, ..."""
    frozen_now: dict[Part, str]
    """... and at this checkpoint."""

    def __post_init__(self) -> None:
        if min(self.phase, self.moved) < 0 or min(self.step, self.world_size) < 1 or self.moved > self.step:
            raise ValueError("a checkpoint is written by ranks, after steps of a phase")


def checkpoints(run: Path) -> list[Path]:
    """The complete checkpoints of a run, oldest first."""
    found = [path for path in (run / CHECKPOINTS).glob("*") if NAME.fullmatch(path.name)]
    return sorted(found, key=place)


def name_of(phase: int, step: int) -> str:
    """The name of a checkpoint after a step of a phase, which is counted from 0."""
    return f"{phase + 1}-{step:06}"


def folder_of(run: Path, name: str) -> Path:
    """Where the checkpoint of a name lies, or would lie."""
    return run / CHECKPOINTS / name


def state_digest(folder: Path) -> str:
    """A digest of where the run of a checkpoint stands.

    Raises:
        ValueError: it holds none.
    """
    try:
        return sha256((folder / STATE).read_bytes()).hexdigest()
    except OSError as broken:
        raise ValueError(f"{folder}: not a checkpoint of a run ({broken})") from broken


def place(folder: Path) -> tuple[int, int]:
    """Phase, from 1, and step of a checkpoint."""
    phase, step = folder.name.split("-")
    return int(phase), int(step)


def save(run: Path, train_state: TrainState, entered: ActivePhase) -> Path:
    """Write a checkpoint; every rank writes a part of the tensors."""
    folder = folder_of(run, name_of(train_state.phase, train_state.step))
    aside = folder.with_name(folder.name + PART)
    if entered.engine.rank == 0:
        for stale in folder.parent.glob("*" + PART):
            shutil.rmtree(stale)
    of_all(None)  # nobody writes before
    keep(entered.engine, aside / "weights", weights(entered))
    for kind in KINDS:
        keep(
            entered.engine,
            aside / kind,
            ((name, entered.engine.state(name, kind)) for name in entered.learning),
        )
    of_all(None)  # all have written
    if entered.engine.rank == 0:
        (aside / STATE).write_text(json.dumps({"version": VERSION, **asdict(train_state)}, indent=1))
        settle(aside)
        aside.rename(folder)
        sync(folder.parent)
    of_all(None)  # it is there
    return folder


def weights(entered: ActivePhase) -> Iterator[tuple[str, Tensor]]:
    """All weights: those that learn as the engine has them, the others as they were before any rounding."""
    for name in entered.learning:
        yield name, entered.engine.weight(name)
    yield from entered.still.items()


def keep(engine: Engine, folder: Path, tensors: Iterator[tuple[str, Tensor]]) -> None:
    """Write every so manieth tensor on each rank; all help to gather them."""
    rank, ranks = engine.rank, engine.world_size
    mine = (pair for number, pair in enumerate(tensors) if number % ranks == rank)
    prefix = f"{rank:03}-"
    write_weights(folder, ((name, tensor.cpu()) for name, tensor in mine), prefix=prefix)
    for path in folder.glob(prefix + "*"):
        sync(path)


def settle(folder: Path) -> None:
    """See that everything in a folder is on the disk."""
    for path in [*folder.rglob("*"), folder]:
        sync(path)


def sync(path: Path) -> None:
    """See that a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def train_state(folder: Path) -> TrainState:
    """Where the run of a checkpoint stands.

    Raises:
        ValueError: it is none of ours, or of another version.
    """
    try:
        content = json_at(Place.at(folder), STATE)
        version = content.pop("version")
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as broken:
        raise ValueError(f"{folder}: not a checkpoint of a run ({broken})") from broken
    if version != VERSION:
        raise ValueError(
            f"{folder}: a checkpoint of version {SHOWN.repr(version)}; this code reads {VERSION}"
        )
    found = read_as(TrainState, content, f"{folder}: not a checkpoint of a run")
    if (found.phase + 1, found.step) != place(folder):
        raise ValueError(
            f"{folder}: not a checkpoint of a run (it tells of {found.phase + 1}-{found.step:06})"
        )
    return found


def weights_of(folder: Path) -> StoredWeights:
    """All weights of a checkpoint, as last moved."""
    return StoredWeights.of(folder / "weights")


def averages_of(folder: Path) -> StoredWeights:
    """All weights of a checkpoint, averaged where they learned: those to make videos with."""
    return weights_of(folder) | StoredWeights.of(folder / "average")


def states_of(folder: Path, learned: Mapping[str, Tensor]) -> States:
    """The states of the optimizer, of weights of these names and shapes.

    Raises:
        ValueError: they are those of others.
    """
    states: dict[Kind, StoredWeights] = {}
    for kind in KINDS:
        states[kind] = StoredWeights.of(folder / kind)
        what = f"{folder / kind}: not the states of what this phase teaches"
        check_keys(states[kind].outlines, learned, what)
    return states


def prune(run: Path, keep: int) -> None:
    """Remove all checkpoints but the last `keep` and the last of each phase, and what the run began with."""
    shutil.rmtree(run / START, ignore_errors=True)
    found = checkpoints(run)
    ends = {place(folder)[0]: folder for folder in found}
    for folder in set(found) - set(ends.values()) - set(found[-keep:]):
        shutil.rmtree(folder)
