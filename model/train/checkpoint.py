"""Checkpoints: all that a run needs to go on as if nothing had happened, on any number of ranks.

    RUN/checkpoints/<phase>-<step>/   phase from 1, step of that phase
        state.json          where the run and its loader stand; proof that frozen weights did not move
        weights/            all weights and buffers, float32
        average/            averages of the weights that learn; the others are their own
        exp_avg/ exp_avg_sq/

Tensors are whole and by name, in safetensors, so no pickle is ever read. A folder is written under another
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
from model.train.engines.optimizer import KINDS
from model.train.names import CHECKPOINTS
from model.train.phases import ActivePhase, States
from storage.json_files import SHOWN, json_at
from storage.place import Place
from storage.records import read_as
from storage.weight_files import Weights, check_keys, read_weights, write_weights

VERSION = 1
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
    """Write a checkpoint; every rank takes part in reading the weights, the first writes."""
    folder = run / CHECKPOINTS / f"{train_state.phase + 1}-{train_state.step:06}"
    aside = folder.with_name(folder.name + PART)
    if entered.engine.rank == 0:
        for stale in folder.parent.glob("*" + PART):
            shutil.rmtree(stale)
    keep(entered.engine, aside / "weights", weights(entered))
    for kind in KINDS:
        keep(
            entered.engine,
            aside / kind,
            ((name, entered.engine.state(name, kind)) for name in entered.learning),
        )
    if entered.engine.rank == 0:
        (aside / STATE).write_text(json.dumps({"version": VERSION, **asdict(train_state)}, indent=1))
        settle(aside)
        aside.rename(folder)
        sync(folder.parent)
    return folder


def weights(entered: ActivePhase, *, averaged: bool = False) -> Iterator[tuple[str, Tensor]]:
    """All weights: those that learn as the engine has them, the others as they were before any rounding.

    With `averaged`, the averages of those that learn.
    """
    engine = entered.engine
    for name in entered.learning:
        yield name, engine.state(name, "average") if averaged else engine.weight(name)
    yield from entered.still.items()


def keep(engine: Engine, folder: Path, tensors: Iterator[tuple[str, Tensor]]) -> None:
    """Write tensors on the first rank; the others only help to gather them."""
    if engine.rank == 0:
        write_weights(folder, tensors)
    else:
        for _ in tensors:
            pass


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


def weights_of(folder: Path) -> Weights:
    """All weights of a checkpoint, as last moved."""
    return read_weights(folder / "weights")


def averages_of(folder: Path) -> Weights:
    """All weights of a checkpoint, averaged where they learned: those to make videos with."""
    return weights_of(folder) | read_weights(folder / "average")


def states_of(folder: Path, learned: Mapping[str, Tensor]) -> States:
    """The states of the optimizer, of weights of these names and shapes.

    Raises:
        ValueError: they are those of others.
    """
    states: States = {}
    for kind in KINDS:
        found = read_weights(folder / kind)
        check_keys(found, learned, f"{folder / kind}: not the states of what this phase teaches")
        states.update({(name, kind): value for name, value in found.items()})
    return states


def prune(run: Path, keep: int) -> None:
    """Remove all checkpoints but the last `keep` and the last of each phase."""
    found = checkpoints(run)
    ends = {place(folder)[0]: folder for folder in found}
    for folder in set(found) - set(ends.values()) - set(found[-keep:]):
        shutil.rmtree(folder)
