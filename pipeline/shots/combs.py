"""Combs of interlaced video that nothing marks as such: two moments in one picture, on lines in turn."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.media import Frames

PAIRS = 4
"""Pictures after the first of a window that are held against the one before."""
COLUMNS = 240
"""About as many columns of a picture are looked at."""
EDGE = 12
"""A line that differs by more from both of its neighbours, 0..255, is a tooth of a comb."""
LEAST_MOVING = 0.003
"""Share of a picture that has to move for it to tell anything."""
FEWEST = 3
"""Pairs that have to tell something."""
COMBED = 0.5
"""Teeth over those of a weave of two pictures, from which on pictures are combed. The median was 0.28 at most
in 50 progressive files and 0.75 and 0.80 in two interlaced ones."""


def comb_ratios(frames: Frames) -> Iterator[float]:
    """Of some neighbours among frames (t h w 3), teeth where they move over those of a weave of the two.

    A progressive picture has few, and a weave of two has many; an interlaced one is a weave of moments as far
    apart as its lines and the next picture's are. Fine lines that stand still count in neither.
    """
    step = max(1, frames.shape[2] // COLUMNS)
    lumas = frames[: PAIRS + 1, :, ::step, 1].astype(np.int16)
    for one, other in itertools.pairwise(lumas):
        moving = (np.abs(one - other) > EDGE)[1:-1]
        if moving.mean() >= LEAST_MOVING:
            upper, lower = one.copy(), one.copy()
            upper[::2], lower[1::2] = other[::2], other[1::2]
            yield teeth(one, moving) / max(min(teeth(upper, moving), teeth(lower, moving)), 1)


def teeth(luma: NDArray[np.int16], where: NDArray[np.bool_]) -> int:
    """Pixels of a picture that lie above, or below, both of their neighbours on the lines beside them."""
    above, below = luma[1:-1] - luma[:-2], luma[1:-1] - luma[2:]
    sharp = np.minimum(np.abs(above), np.abs(below)) > EDGE
    return int(np.count_nonzero((np.sign(above) == np.sign(below)) & sharp & where))


def combed(ratios: Sequence[float]) -> bool:
    """Whether the pictures of a clip that gave these ratios are interlaced."""
    return len(ratios) >= FEWEST and float(np.median(ratios)) > COMBED
