"""Fades into a blank picture and out of one, told by how much contrast the pictures have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.runs import runs

Numbers = NDArray[np.float64]

BLANK = 10.0
"""Standard deviation of luma, 0..255, up to which a picture is blank."""
STEP_S = 0.12
GROWTH = 1.02
"""A shot is whole where contrast grows by less than this within `STEP_S`."""
WHOLE = 2.5
"""Times the contrast of the blank pictures that a fade leads to, at least."""
AT_ONCE = 0.7
"""Share of its contrast that a shot has in the picture next to a blank one where it is cut, not faded."""
MAX_BLANK_S = 1.0
"""A blank stretch that lasts longer is a shot of its own, with fades beside it."""


def faded(begin_s: Numbers, contrast: Numbers) -> NDArray[np.bool_]:
    """Which pictures belong to a fade into a blank picture or out of one; short blank stretches too.

    Pictures that become blank at once, or always are, belong to none.
    """
    result = np.zeros(len(contrast), np.bool_)
    for first, stop in runs(contrast <= BLANK):
        last = stop - 1
        into = ramp(begin_s, contrast, first, -1)
        out = ramp(begin_s, contrast, last, 1)
        result[into:first] = True
        result[last + 1 : out + 1] = True
        if (into < first or out > last) and begin_s[last] - begin_s[first] <= MAX_BLANK_S:
            result[first : last + 1] = True
    return result


def ramp(begin_s: Numbers, contrast: Numbers, blank: int, step: int) -> int:
    """Last picture, going by `step` from a blank one, of a contrast that still grows; `blank` where none is.

    A contrast that is whole at the very next picture is a cut.
    """
    at = blank
    while (ahead := further(begin_s, at, step)) is not None and contrast[ahead] > GROWTH * contrast[at]:
        at += step
    gradual = abs(at - blank) > 1 and contrast[blank + step] < AT_ONCE * contrast[at]
    return at if gradual and contrast[at] > WHOLE * max(float(contrast[blank]), 1.0) else blank


def further(begin_s: Numbers, at: int, step: int) -> int | None:
    """The picture about `STEP_S` away from another one, at least the next; None beyond the last."""
    ahead = at + step
    while 0 <= ahead + step < len(begin_s) and abs(begin_s[ahead] - begin_s[at]) < STEP_S:
        ahead += step
    return ahead if 0 <= ahead < len(begin_s) else None
