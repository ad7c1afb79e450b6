"""Samples of one data set or of several, in one row: what an order draws from, and what lies where."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dataset.deny import denied
from dataset.index import Index, located, read_index, unfit_shards
from model.data.epoch_order import OrderSettings, SamplingTable
from model.data.rng import Ints, Words
from model.data.sampling_table import idents, sampling_table
from schemas.index import IndexRow


@dataclass(frozen=True)
class MixedSamples:
    """Samples of data sets, those of the first one first; one data set is a mixture too."""

    parts: tuple[Index, ...]

    def __len__(self) -> int:
        """Number of samples."""
        return int(self.begins[-1])

    @cached_property
    def begins(self) -> Ints:
        """The number of each data set's first sample, and behind them that of all samples."""
        return np.cumsum([0, *map(len, self.parts)])

    @property
    def digest(self) -> str:
        """That of the index, or of all digests."""
        found = [part.digest for part in self.parts]
        return found[0] if len(found) == 1 else hashlib.sha256(" ".join(found).encode()).hexdigest()

    @property
    def idents(self) -> Words:
        """A number for the bytes of each sample."""
        return np.concatenate([idents(part.table["sha256"]) for part in self.parts])

    def data_set_of(self, number: int) -> int:
        """The data set of a sample, from 0."""
        return int(np.searchsorted(self.begins, number, side="right")) - 1

    def row(self, number: int) -> IndexRow:
        """The row of a sample."""
        which = self.data_set_of(number)
        return self.parts[which].row(number - int(self.begins[which]))

    def each(self, change: Callable[[Index], Index]) -> MixedSamples:
        """A mixture of some samples of each."""
        return MixedSamples(tuple(map(change, self.parts)))


def mixed_table(samples: MixedSamples, settings: OrderSettings) -> SamplingTable:
    """What the order of samples depends on.

    Raises:
        ValueError: there are weights, and not one for each data set.
    """
    if settings.weights and len(settings.weights) != len(samples.parts):
        raise ValueError(
            f"{len(settings.weights)} weights for {len(samples.parts)} data sets: give one for each"
        )
    tables = [sampling_table(part, settings.groups, settings.area) for part in samples.parts]
    shards = np.cumsum([0, *(table.shard.max(initial=-1) + 1 for table in tables)])
    number = np.repeat(np.arange(len(tables)), [len(part) for part in samples.parts])
    joined = {
        name: np.concatenate([getattr(table, name) for table in tables])
        for name in ("ident", "shard", "width", "height", "frames", "references", "group")
    }
    shard = joined.pop("shard") + shards[number]
    return SamplingTable(digest=samples.digest, shard=shard, data_set=number, **joined)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """The samples that a loader draws from, and where they lie by now."""

    newest: MixedSamples
    """All of the newest indexes."""
    index: MixedSamples
    """Those that are drawn, as the indexes of the order have them."""
    place: Ints
    """Row of the newest for each of those, -1 where it is withdrawn."""
    held_out: MixedSamples | None
    """Those that are never drawn, as the newest have them; None where nothing is held out."""

    @property
    def present(self) -> MixedSamples:
        """The samples that are drawn, as the newest indexes have them."""
        each = np.split(self.place, self.index.begins[1:-1])
        rows = [
            np.where(mine >= 0, mine - begin, -1)
            for mine, begin in zip(each, self.newest.begins[:-1], strict=True)
        ]
        parts = zip(self.newest.parts, rows, strict=True)
        return MixedSamples(tuple(part.rows_at(mine) for part, mine in parts))

    def idents_now(self) -> Words:
        """Of the samples' bytes, as the newest have them; of those that are withdrawn, as they were."""
        return np.where(self.place >= 0, self.newest.idents[self.place], self.index.idents)


def read_drawn(roots: Sequence[str], settings: OrderSettings, digests: Sequence[str] = ()) -> Drawn:
    """The samples of data sets that settings choose, by their newest indexes or by those of some digests.

    Each data set holds out the settings' share of its own people.

    Raises:
        ValueError: no index of this schema, or the settings leave nothing of one.
        OSError: the storage does not answer.
    """
    newest = MixedSamples(tuple(read_index(root) for root in roots))
    older = (read_index(root, digest=digest) for root, digest in zip(roots, digests, strict=True))
    ordered = tuple(older) if digests else newest.parts
    left_out = denied(settings.deny) if settings.deny else frozenset()
    split = [part.where(settings.where).without(left_out).split(settings.held_out) for part in ordered]
    index = MixedSamples(tuple(kept for kept, _ in split))
    found = [located(part, now) for part, now in zip(index.parts, newest.parts, strict=True)]
    held = tuple(
        now.rows_at(NONE if part is None else located(part, now))
        for (_, part), now in zip(split, newest.parts, strict=True)
    )
    return Drawn(
        newest=newest,
        index=index,
        place=np.concatenate(
            [
                np.where(row >= 0, row + begin, -1)
                for row, begin in zip(found, newest.begins[:-1], strict=True)
            ]
        ),
        held_out=MixedSamples(held) if any(part is not None for _, part in split) else None,
    )


def unfit_tars(samples: MixedSamples) -> Iterator[str]:
    """A sentence for each tar of samples that is missing or ends before its last sample does."""
    for part in samples.parts:
        yield from (f"{part.root}: {line}" for line in unfit_shards(part))


NONE: NDArray[np.int64] = np.zeros(0, np.int64)
"""No rows."""
