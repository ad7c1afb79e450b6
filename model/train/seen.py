"""Which samples a run has seen by each of its checkpoints: told by the order, which is a function."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset.names import SOURCE_DIGITS, index_copy
from model.data.data_order import Order
from model.data.mixture import MixedSamples, read_drawn
from model.data.position import Position
from model.data.settings import LoaderSettings
from model.train.checkpoint import checkpoints, train_state
from model.train.settings import Training
from model.train.starts import starts_of
from storage.place import Place
from storage.records import read_as


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """What a checkpoint has learned from, of some sources."""

    checkpoint: str
    samples: int | None
    """Of theirs, that it has seen at least once; None where its order is not known any more."""


def seen_by(run: Path, data: Place, sources: Collection[str]) -> list[Sighting]:
    """What each checkpoint of a run has seen of sources, by what keys of their clips begin with.

    Exact where the run kept to one order; where it went over to others, epochs before the last are taken to
    have had the order of the checkpoint.

    Raises:
        ValueError: it is no run.
    """
    starts = starts_of(run)
    found = []
    for folder in checkpoints(run):
        state = train_state(folder)
        settings = read_as(Training, starts[-1].settings, f"{run}: not the settings of a training")
        position = Position(**{name: state.loader[name] for name in ("order", "epoch", "slot")})
        begun = dict.fromkeys((start.data, start.index_sha256) for start in reversed(starts))
        how = settings.loader_in(settings.phases[state.phase])
        orders = (order_of(moved(roots, data), digests, how) for roots, digests in begun)
        match = next((one for one in orders if one is not None and one[1].digest == position.order), None)
        samples = None if match is None else len(drawn(match[1], position) & theirs(match[0], sources))
        found.append(Sighting(checkpoint=str(folder), samples=samples))
    return found


def moved(roots: tuple[str, ...], data: Place) -> tuple[str, ...]:
    """Where the data sets of a run lie: an only one where it is asked for, of several each where it was."""
    return roots if len(roots) > 1 else (data.uri,)


def order_of(
    roots: tuple[str, ...], digests: tuple[str, ...], how: LoaderSettings
) -> tuple[MixedSamples, Order] | None:
    """The samples that a run draws from and their order; None where that is not known any more."""
    if len(roots) != len(digests):
        return None
    places = zip(roots, digests, strict=True)
    if any(Place.at(root).size(index_copy(digest)) is None for root, digest in places):
        return None
    index = read_drawn(roots, how.order, digests).index
    return index, Order(index, how.order, how.sample.references, how.seed)


def theirs(samples: MixedSamples, sources: Collection[str]) -> set[int]:
    """Rows of some sources."""
    keys = (key for part in samples.parts for key in part.values("key").tolist())
    return {row for row, key in enumerate(keys) if key[:SOURCE_DIGITS] in sources}


def drawn(order: Order, position: Position) -> set[int]:
    """Rows that have been drawn before a position."""
    rows = [order.epoch(number).row for number in range(position.epoch)]
    last = order.epoch(position.epoch)
    rows.append(last.row[: last.bounds[position.slot]])
    return set(np.unique(np.concatenate(rows)).tolist())
