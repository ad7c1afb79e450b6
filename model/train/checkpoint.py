"""Checkpoints: all that a run needs to go on as if nothing had happened, on any number of ranks.

    RUN/checkpoints/<phase>-<step>/   phase from 1, step of that phase
        state.json          where the run and its loader stand; proof that frozen weights did not move
        weights/            all weights and buffers, float32
        average/            averages of the weights that learn; the others are their own
        exp_avg/ exp_avg_sq/

Tensors are whole and by name, in safetensors, so no pickle is ever read; each rank writes some of them, and
any number of ranks reads them, one at a time. A folder is written under another name and renamed once all
ranks have written, so what has its name is complete; training goes on meanwhile (`model.train.saving`).
Times, noise and hand-overs follow from the seed and the place in the loader's order alone: those two are all
there is to say of randomness.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import chain
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
WEIGHTS = "weights"
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


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What a rank writes of a checkpoint; training may go on meanwhile."""

    folder: Path
    """Where the checkpoint will lie."""
    rank: int
    state: TrainState
    copies: dict[str, list[tuple[str, Tensor]]]
    """Of this rank's share of what learns, by the folder that they go to, in the machine's memory."""
    still: list[tuple[str, Mapping[str, Tensor]]]
    """Its share of what does not learn, each read when it is written: nobody moves those."""

    @property
    def aside(self) -> Path:
        """Where it is written."""
        return self.folder.with_name(self.folder.name + PART)

    def write(self) -> None:
        """Write this rank's share, and see that it is on the disk."""
        prefix = f"{self.rank:03}-"
        for kind, copies in self.copies.items():
            rest = ((name, stored[name].cpu()) for name, stored in self.still) if kind == WEIGHTS else ()
            write_weights(self.aside / kind, chain(copies, rest), prefix=prefix)
            for path in (self.aside / kind).glob(prefix + "*"):
                sync(path)


def snapshot(run: Path, train_state: TrainState, entered: ActivePhase) -> Snapshot:
    """Copies of what learns as it is now; all ranks help to gather it, and each keeps some tensors."""
    folder = folder_of(run, name_of(train_state.phase, train_state.step))
    engine = entered.engine
    if engine.rank == 0:
        for stale in folder.parent.glob("*" + PART):
            shutil.rmtree(stale)
    of_all(None)  # nobody writes before
    names = entered.learning
    copies = {WEIGHTS: own(engine, names, engine.weights(names))}
    for kind in KINDS:
        copies[kind] = own(engine, names, engine.states(names, kind))
    still = [(name, entered.still) for name in list(entered.still)[engine.rank :: engine.world_size]]
    return Snapshot(folder=folder, rank=engine.rank, state=train_state, copies=copies, still=still)


def own(engine: Engine, names: Sequence[str], tensors: Iterator[Tensor]) -> list[tuple[str, Tensor]]:
    """Copies of every so manieth tensor."""
    rank, ranks, named = engine.rank, engine.world_size, zip(names, tensors, strict=True)
    return [(name, copied(t)) for number, (name, t) in enumerate(named) if number % ranks == rank]


def copied(tensor: Tensor) -> Tensor:
    """A tensor in the machine's memory that nobody else holds."""
    return tensor.detach().to("cpu", copy=True)


def complete(written: Snapshot) -> Path:
    """Give a checkpoint its name, once all ranks have written; they call together."""
    of_all(None)  # all have written
    if written.rank == 0:
        plain = {"version": VERSION, **asdict(written.state)}
        (written.aside / STATE).write_text(json.dumps(plain, indent=1))
        settle(written.aside)
        written.aside.rename(written.folder)
        sync(written.folder.parent)
    of_all(None)  # it is there
    return written.folder


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
    return StoredWeights.of(folder / WEIGHTS)


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
