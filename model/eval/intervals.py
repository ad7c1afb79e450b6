"""Where a distance of two sets of features might lie with other pairs: a jackknife over groups of pairs.

Not a bootstrap: a pair that is drawn twice adds no new rows to a covariance, and all Frechet distances grow.
Leaving out takes few rows away (Quenouille 1956, Tukey 1958; groups: Kunsch 1989).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from model.eval.distributions import Features

GROUPS = 10
"""Of pairs at most, each left out once: a distance is told so many times more."""
Span = tuple[slice, slice]
"""Rows of one pair: of what was made, and of its truth."""


@dataclass(frozen=True)
class Without:
    """Features (n, d) without some rows in the middle; what is left is read when it is asked for."""

    features: Features
    start: int
    stop: int

    ndim = 2

    @property
    def shape(self) -> tuple[int, int]:
        """Rows that are left, and their width."""
        return len(self), self.features.shape[1]

    def __len__(self) -> int:
        return len(self.features) - (self.stop - self.start)

    def __getitem__(self, rows: slice) -> NDArray[np.floating]:
        first, last, _ = rows.indices(len(self))
        gap = self.stop - self.start
        before = self.features[min(first, self.start) : min(last, self.start)]
        behind = self.features[max(first, self.start) + gap : max(last, self.start) + gap]
        return np.concatenate([before, behind])


def spans_of(made: Sequence[int], truth: Sequence[int]) -> list[Span]:
    """Rows of each pair, of so many rows made and so many true ones, which lie one pair behind the other."""
    ends = [np.cumsum([0, *counts]).tolist() for counts in (made, truth)]
    return [
        (slice(a, b), slice(c, d))
        for a, b, c, d in zip(ends[0], ends[0][1:], ends[1], ends[1][1:], strict=False)
    ]


def interval(
    distance: Callable[[Any, Any], float], made: Features, truth: Features, spans: Sequence[Span], least: int
) -> float | None:
    """Half the width of the 95 % interval of a distance over pairs, by Student's t of groups of them.

    None of a single pair, or where fewer rows than `least` are left without a group.
    """
    groups = [part for part in np.array_split(np.arange(len(spans)), GROUPS) if len(part)]
    sides = [
        tuple(
            Without(rows, spans[part[0]][side].start, spans[part[-1]][side].stop)
            for side, rows in enumerate((made, truth))
        )
        for part in groups
    ]
    if len(groups) < 2 or min(len(rows) for pair in sides for rows in pair) < least:
        return None
    left = np.array([distance(*pair) for pair in sides])
    count = len(left)
    spread = np.sqrt((count - 1) / count * np.square(left - left.mean()).sum())
    return float(stdtrit(count - 1, 0.975) * spread)
