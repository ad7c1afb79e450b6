"""Two data sets side by side: which samples both have, and how far apart those lie, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dataset.distances import FieldDistance, distances
from dataset.index import Index
from dataset.joined import DifferingField, Joined, column_distances, joined
from dataset.reader import Reader
from schemas.outcome import DamagedError, UnfitError


@dataclass(frozen=True, kw_only=True)
class FieldSummary:
    """How far apart the samples of two sets lie in one field."""

    field: str
    unit: str  # empty for words and bytes, which have no distance
    samples: int  # in which it differs
    median: float  # of their distances; NaN for words and bytes
    p95: float
    worst: float
    worst_key: str


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """What two data sets have in common."""

    only_here: tuple[str, ...]  # keys
    only_there: tuple[str, ...]
    same: int  # samples of the same bytes that their indexes tell the same of
    differing: int  # samples that both have, and that differ in some field
    looked_into: int  # samples of other bytes whose numbers were compared
    unreadable: tuple[str, ...]  # a sentence for each that could not be read
    fields: tuple[FieldSummary, ...]


def side_by_side(left: Index, right: Index, most: int) -> SideBySide:
    """Compare two data sets by their samples' keys; into `most` of those of other bytes it is looked.

    They are spread evenly over all of them; 0 looks into all. Of the others the index tells.

    Raises:
        OSError: a storage does not answer.
    """
    both = joined(left, right)
    chosen = spread(np.flatnonzero(both.other_words("sha256")), most)
    inside, unreadable = looked_into(both, chosen)
    read = np.ones(len(both), np.bool_)
    read[[*unreadable]] = False
    differs = np.zeros(len(both), np.bool_)
    fields = []
    for one in [*without(column_distances(both), read), *by_field(inside)]:
        differs[one.numbers] = True
        fields.append(summary(one, both))
    return SideBySide(
        only_here=both.only_left,
        only_there=both.only_right,
        same=int((read & ~differs).sum()),
        differing=int(differs.sum()),
        looked_into=len(chosen) - len(unreadable),
        unreadable=tuple(unreadable.values()),
        fields=tuple(sorted(fields, key=lambda one: (one.field, one.unit))),
    )


def spread(numbers: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most so many of the samples, evenly spread; all where `most` is 0."""
    if most == 0 or len(numbers) <= most:
        return numbers
    at = np.linspace(0, len(numbers) - 1, most).round().astype(np.int64)
    return np.asarray(numbers[np.unique(at)], np.int64)


def looked_into(
    both: Joined, chosen: NDArray[np.int64]
) -> tuple[dict[int, list[FieldDistance]], dict[int, str]]:
    """What differs inside of common samples, and a sentence for each that cannot be read, by their numbers.

    Raises:
        OSError: a storage does not answer.
    """
    readers = Reader(both.left.root, verify=False), Reader(both.right.root, verify=False)
    found: dict[int, list[FieldDistance]] = {}
    unreadable: dict[int, str] = {}
    for number in chosen.tolist():
        mine, other = both.rows(number)
        try:
            members = readers[0].read(mine), readers[1].read(other)
            found[number] = list(distances(mine, other, members))
        except (UnfitError, DamagedError) as no:
            unreadable[number] = f"{mine.key}: {no}"
    return found, unreadable


def without(columns: Iterable[DifferingField], read: NDArray[np.bool_]) -> Iterator[DifferingField]:
    """The distances of those samples that can be read."""
    for one in columns:
        kept = read[one.numbers]
        if kept.any():
            yield replace(one, numbers=one.numbers[kept], distance=one.distance[kept])


def by_field(inside: dict[int, list[FieldDistance]]) -> Iterator[DifferingField]:
    """What differs inside of samples, field by field."""
    found: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for number, differences in inside.items():
        for one in differences:
            found.setdefault((one.field, one.unit), []).append((number, one.distance))
    for (field, unit), pairs in found.items():
        numbers, distance = zip(*pairs, strict=True)
        yield DifferingField(field=field, unit=unit, numbers=np.array(numbers), distance=np.array(distance))


def summary(one: DifferingField, both: Joined) -> FieldSummary:
    """A field in short; of samples that are as far apart the last one is named."""
    far = one.distance
    worst = len(far) - 1 - int(np.argmax(far[::-1]))
    return FieldSummary(
        field=one.field,
        unit=one.unit,
        samples=len(far),
        median=float(np.median(far)),
        p95=float(np.quantile(far, 0.95)),
        worst=float(far[worst]),
        worst_key=both.key(int(one.numbers[worst])),
    )
