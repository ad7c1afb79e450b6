"""Single odd pictures, as a camera's flash leaves: what comes after them is what came before."""

from __future__ import annotations

import numpy as np

from pipeline.shots.thumbnails import History, Thumbnail

LONGEST_S = 0.15
"""Longest stretch of odd pictures."""
RETURNED = 0.25
"""Of how far the odd pictures are from those around them, the most that these may differ from each other."""


class FlashFinder:
    """Finds odd pictures, given those of a source one by one: `found` has (first, stop) of each stretch."""

    def __init__(self, least_luma: float) -> None:
        self.least_luma = least_luma
        self.found: set[tuple[int, int]] = set()

    def __call__(self, seen: History) -> None:
        """Look at the pictures up to the last one, which may be what came before a few odd ones."""
        pictures, now, last = seen.pictures, seen.pictures[-1], len(seen) - 1
        if last < 2 or (odd := difference(pictures[-2], now)) <= self.least_luma:
            return
        for place in range(last - 1, 0, -1):
            if seen.times[last] - seen.times[place] > LONGEST_S:
                return
            odd = min(odd, difference(pictures[place], now))
            before = pictures[place - 1]
            if odd > self.least_luma and difference(before, now) < RETURNED * odd:
                self.found.add((seen.number(place), seen.number(last)))
                return


def difference(one: Thumbnail, other: Thumbnail) -> float:
    """Mean distance of two pictures' colours, 0..255."""
    return float(np.abs(one - other).mean())
