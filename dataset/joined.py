"""The rows of two indexes joined by their keys, and the columns in which they differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dataset.distances import DEGREES
from dataset.index import Index
from schemas.columns import COLUMNS
from schemas.index import IndexRow

PLACES = {"key", "shard", "offset", "size", "sha256", "schema"}
"""Columns that tell where a sample lies, and not what it is."""
Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Joined:
    """The samples that two indexes have in common, in the order of their keys."""

    left: Index
    right: Index
    mine: Rows  # their rows in the left index
    other: Rows  # their rows in the right one
    only_left: tuple[str, ...]  # keys that the right one has not, in order
    only_right: tuple[str, ...]

    def __len__(self) -> int:
        """Number of common samples."""
        return len(self.mine)

    def key(self, number: int) -> str:
        """The key of a common sample."""
        return str(self.left.table["key"][int(self.mine[number])].as_py())

    def rows(self, number: int) -> tuple[IndexRow, IndexRow]:
        """Both rows of a common sample."""
        return self.left.row(int(self.mine[number])), self.right.row(int(self.other[number]))

    def other_words(self, name: str) -> NDArray[np.bool_]:
        """Of each common sample whether a column of texts says something else."""
        mine, other = (
            index.table[name].unify_dictionaries().combine_chunks() for index in (self.left, self.right)
        )
        known = pc.index_in(other.dictionary, mine.dictionary).fill_null(-1).to_numpy()
        differs = mine.indices.to_numpy()[self.mine] != known[other.indices.to_numpy()[self.other]]
        return np.asarray(differs, np.bool_)


@dataclass(frozen=True, kw_only=True)
class DifferingField:
    """A field in which samples differ."""

    field: str
    unit: str  # px, m, degrees, s, share or the column's own; empty for words and bytes
    numbers: Rows  # of the common samples that differ, ascending
    distance: NDArray[np.float64]  # of each of them; NaN for words and bytes


def joined(left: Index, right: Index) -> Joined:
    """Two indexes by their keys, each of which an index has once."""
    mine, other = (index.table["key"].cast(pa.string()).combine_chunks() for index in (left, right))
    order = pc.sort_indices(mine)
    keys = mine.take(order)
    at = pc.index_in(keys, value_set=other)
    both = np.asarray(at.is_valid())
    found = np.asarray(at.drop_null(), np.int64)
    unmet = np.ones(len(other), np.bool_)
    unmet[found] = False
    return Joined(
        left=left,
        right=right,
        mine=np.asarray(order, np.int64)[both],
        other=found,
        only_left=tuple(keys.filter(pa.array(~both)).to_pylist()),
        only_right=tuple(sorted(other.filter(pa.array(unmet)).to_pylist())),
    )


def column_distances(both: Joined) -> Iterator[DifferingField]:
    """The columns in which common samples differ; where one tells nothing (NaN), nothing is said."""
    for column in fields(IndexRow):
        name = column.name
        if name in PLACES:
            continue
        if str(column.type) in ("float", "int"):
            unit = COLUMNS[name][0]
            scale, unit = (DEGREES, "degrees") if unit == "rad" else (1.0, unit)
            distance, unit = scale * gaps(both, name), unit or "1"
            numbers = np.flatnonzero(distance > 0)
        else:
            differs = gaps(both, name) > 0 if str(column.type) == "bool" else both.other_words(name)
            distance, unit, numbers = np.full(len(both), np.nan), "", np.flatnonzero(differs)
        if len(numbers):
            yield DifferingField(
                field=f"index.{name}", unit=unit, numbers=numbers, distance=distance[numbers]
            )


def gaps(both: Joined, name: str) -> NDArray[np.float64]:
    """How far apart a column of numbers is in each common sample."""
    mine, other = (index.table[name].to_numpy().astype(np.float64) for index in (both.left, both.right))
    with np.errstate(invalid="ignore"):  # of infinities nothing is said
        return np.asarray(np.abs(mine[both.mine] - other[both.other]))
