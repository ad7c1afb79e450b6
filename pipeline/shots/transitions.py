"""Gradual transitions: stretches in which one shot is seen through, or beside, another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.shots.thumbnails import History, Thumbnail

SPANS_S = (0.5, 1.0, 2.0, 3.5)
"""Seconds between the two pictures that one between them is compared with: a transition is found by one that
is half as long again."""
MOST_PICTURES = 512
"""Pictures in memory, 7 KB each."""

CHANGED = 24.0
"""A block is another one where its colour is so far from what it was, 0..255."""
NEARLY = 0.1
"""Of the other shot, the share up to which a picture is nearly pure."""
PURE = 0.2
"""Share of the pictures compared that are nearly pure, at least, before a transition and after it: what moves
on and on may look like a dissolve, and is pure at no end."""
MARGIN = 0.3
"""Of the time between nearly pure pictures, what a transition takes more on both sides: a circle that opens
begins as a point."""


@dataclass(frozen=True)
class Mixture:
    """How a picture lies between an earlier and a later one, block by block, where these two differ."""

    changed: float  # share of the blocks that differ
    varied: float  # share of the blocks that do not only become brighter or darker as most do
    mean: float  # share of the later picture in it, 0 to 1
    spread: float  # mean distance of the blocks' shares from their median
    apart: float  # share of the blocks whose colour is none between the two
    alike: float  # correlation of luma between the earlier and the later picture, -1 to 1

    @property
    def is_transition(self) -> bool:
        """Whether it is a mixture of two shots.

        Found on 72 made transitions and 36 real clips. In a dissolve all blocks have gone the same part of
        the way (spread up to 0.05, in moving pictures from 0.12 on). In a wipe most of the picture is new and
        hardly a block has a colour of its own (up to 4 %, in moving pictures from 6 % on). Light that
        changes leaves the picture like itself, or changes all blocks alike.
        """
        between = 0.1 < self.mean < 0.9 and self.varied > 0.2
        dissolve = self.spread < 0.07 and self.apart < 0.05 and self.alike < 0.9
        wipe = self.changed > 0.7 and self.apart < 0.05 and self.alike < 0.6
        return between and (dissolve or wipe)


def mixture(before: Thumbnail, picture: Thumbnail, after: Thumbnail) -> Mixture | None:
    """How `picture` lies between two others; None where hardly anything differs between these."""
    change = after - before
    length2 = np.einsum("bc,bc->b", change, change)
    changed = length2 > CHANGED**2
    if changed.mean() < 0.2:
        return None
    change, length2, gone = change[changed], length2[changed], (picture - before)[changed]
    share = np.einsum("bc,bc->b", gone, change) / length2
    missed = gone - np.clip(share, 0, 1)[:, None] * change
    apart = np.einsum("bc,bc->b", missed, missed) > 0.3**2 * length2
    return Mixture(
        changed=float(changed.mean()),
        varied=varied(before, after),
        mean=float(share.mean()),
        spread=float(np.abs(share - np.median(share)).mean()),
        apart=float(apart.mean()),
        alike=likeness(before.mean(axis=1), after.mean(axis=1)),
    )


def varied(before: Thumbnail, after: Thumbnail) -> float:
    """Share of the blocks that neither became brighter as most did, nor as many times as bright."""
    more = np.median(after - before, axis=0)
    times = np.median((after + 1) / (before + 1), axis=0)
    left = [
        np.linalg.norm(after - expected, axis=1) > CHANGED for expected in (before + more, before * times)
    ]
    return float(np.logical_and(*left).mean())


def likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Correlation of two pictures' luma, 0 where one of them is of one grey."""
    a, b = one - one.mean(), other - other.mean()
    size = float(np.sqrt(np.dot(a, a) * np.dot(b, b)))
    return float(np.dot(a, b)) / size if size > len(a) else 0.0


class TransitionFinder:
    """Finds the pictures that show two shots, given the pictures of a source one by one."""

    def __init__(self) -> None:
        self.found: set[int] = set()

    def __call__(self, seen: History) -> None:
        """Look at the pictures up to the last one."""
        for span_s in SPANS_S:
            first, middle = seen.back_to(span_s), seen.back_to(span_s / 2)
            if 0 <= first < middle < len(seen) - 1:
                mixed = mixture(seen.pictures[first], seen.pictures[middle], seen.pictures[-1])
                if mixed is not None and mixed.is_transition:
                    self.found.update(seen.number(first + place) for place in extent(seen.pictures[first:]))


def extent(pictures: Sequence[Thumbnail]) -> range:
    """Places of those of the pictures that show a trace of two shots; the first and the last one are pure."""
    shares = np.array([share(pictures[0], picture, pictures[-1]) for picture in pictures])
    before, after = np.flatnonzero(shares >= NEARLY)[0], np.flatnonzero(shares <= 1 - NEARLY)[-1] + 1
    if min(before, len(shares) - after) < PURE * len(shares):
        return range(0)
    margin = math.ceil(MARGIN * (after - before))
    return range(max(0, before - margin), min(len(shares), after + margin))


def share(before: Thumbnail, picture: Thumbnail, after: Thumbnail) -> float:
    """How far a picture is from one to another, 0 to 1, in the mean over the blocks that differ."""
    mixed = mixture(before, picture, after)
    return mixed.mean if mixed else 0.0
