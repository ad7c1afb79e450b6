"""The 24 fps clock: which of its frames show what begins when. Pure, and exact: times are fractions."""

from __future__ import annotations

import math
from fractions import Fraction

from schemas.media import FPS

TOLERANCE_S = Fraction(1, 1000)
"""A picture that begins this much after a tick counts as there: containers round times to milliseconds."""


def first_tick(begin_s: Fraction) -> int:
    """First frame of the clock that shows what begins `begin_s` after the source's first frame.

    Frame i shows the picture with begin <= i/24 s + tolerance < begin of the next: the picture from a to b is
    shown by the frames `first_tick(a)` to `first_tick(b)`, exclusive.
    """
    return max(0, math.ceil((begin_s - TOLERANCE_S) * FPS))


def num_ticks(duration_s: float) -> int:
    """How many frames of the clock show something of a video of this length."""
    return first_tick(Fraction(duration_s))
