"""Two data sets side by side: which samples both have, and how far apart those lie, field by field."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dataset.distances import FieldDistance, distances
from dataset.index import Index
from dataset.reader import Reader
from schemas.index import IndexRow
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
    rows = [{row.key: row for row in index.rows()} for index in (left, right)]
    keys = sorted(rows[0].keys() & rows[1].keys())
    pairs = [(rows[0][key], rows[1][key]) for key in keys]
    chosen = spread([mine.key for mine, other in pairs if mine.sha256 != other.sha256], most)
    readers = Reader(left.root, verify=False), Reader(right.root, verify=False)
    found: dict[str, list[FieldDistance]] = {}
    unreadable = []
    for mine, other in pairs:
        try:
            found[mine.key] = list(pair_distances(mine, other, readers, inside=mine.key in chosen))
        except (UnfitError, DamagedError) as no:
            unreadable.append(f"{mine.key}: {no}")
    differing = sum(bool(one) for one in found.values())
    return SideBySide(
        only_here=tuple(sorted(rows[0].keys() - rows[1].keys())),
        only_there=tuple(sorted(rows[1].keys() - rows[0].keys())),
        same=len(found) - differing,
        differing=differing,
        looked_into=len(chosen) - len(unreadable),
        unreadable=tuple(unreadable),
        fields=tuple(summaries(found)),
    )


def spread(keys: Sequence[str], most: int) -> set[str]:
    """At most so many of the keys, evenly spread; all where `most` is 0."""
    if most == 0 or len(keys) <= most:
        return set(keys)
    return {keys[at] for at in np.linspace(0, len(keys) - 1, most).round().astype(int)}


def pair_distances(
    mine: IndexRow, other: IndexRow, readers: tuple[Reader, Reader], *, inside: bool
) -> Iterator[FieldDistance]:
    """The fields in which two samples of one key differ."""
    if not inside:
        return distances(mine, other, None)
    return distances(mine, other, (readers[0].read(mine), readers[1].read(other)))


def summaries(found: dict[str, list[FieldDistance]]) -> Iterator[FieldSummary]:
    """One summary a field, in the order of their names."""
    by_field: dict[tuple[str, str], list[tuple[float, str]]] = {}
    for key, differences in found.items():
        for one in differences:
            by_field.setdefault((one.field, one.unit), []).append((one.distance, key))
    for (field, unit), pairs in sorted(by_field.items()):
        far = np.array([distance for distance, _ in pairs])
        worst = max(pairs, key=lambda pair: (-math.inf if math.isnan(pair[0]) else pair[0], pair[1]))
        yield FieldSummary(
            field=field,
            unit=unit,
            samples=len(pairs),
            median=float(np.median(far)),
            p95=float(np.quantile(far, 0.95)),
            worst=worst[0],
            worst_key=worst[1],
        )
