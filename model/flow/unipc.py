"""UniPC of order 2 on the straight path (arXiv 2302.04867, B(h) = e^h - 1, told the data): few steps do.

Between two times the way is x -> r x + (1 - r) x_0 with r their ratio, if the data x_0 that points lead to
stay the same. They change, nearly evenly over l = log((1 - t) / t). So a step is foretold by the last two
answers; the answer at its end mends it, and serves the next: one evaluation a step.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from torch import Tensor

from model.flow.solver import Velocity, at


class Found(NamedTuple):
    """The data that a point led to, and its time."""

    x_0: Tensor
    time: float


def unipc(velocity: Velocity, x: Tensor, times: Tensor) -> Tensor:
    """The point at the last time, which is 0: one evaluation a step; errors shrink as the step squared."""

    def found(x: Tensor, time: float) -> Found:
        return Found(x - time * velocity(x, at(time, x)), time)

    first, *others = times.tolist()
    current, before = found(x, first), None
    for then in others:
        start, x = x, moved(x, foretold(before, current, then), current.time, then)
        if then > 0:
            end = found(x, then)
            x = moved(start, mended(before, current, end), current.time, then)
            before, current = current, end
    return x


def moved(x: Tensor, x_0: Tensor, now: float, then: float) -> Tensor:
    """Where a point goes that leads to the same data all along."""
    return then / now * x + (1 - then / now) * x_0


def foretold(before: Found | None, current: Found, then: float) -> Tensor:
    """The data of a step by its beginning; they go on as they changed, but in a last step, of endless length.

    Pure noise is endlessly far away too: how data changed since then says nothing.
    """
    if before is None or before.time >= 1 or then <= 0:
        return current.x_0
    return current.x_0 + change(before, current, then) / 2


def mended(before: Found | None, current: Found, end: Found) -> Tensor:
    """The data of a step by its beginning and its end."""
    if before is None or before.time >= 1:
        return (current.x_0 + end.x_0) / 2
    h, back = length(current.time, end.time), ago(before, current, end.time)
    shrunk = math.expm1(-h)
    even = -1 / h - 1 / shrunk  # mean of l, then of l squared, over the step, as points count towards its end
    late = 2 * ((1 / h + 1 / shrunk) / h - 1 / (2 * shrunk))
    past = (even - late) / (1 + back)
    return current.x_0 + past * change(before, current, end.time) + (even - past) * (end.x_0 - current.x_0)


def change(before: Found, current: Found, then: float) -> Tensor:
    """How data would change over a step, going on as before."""
    return (current.x_0 - before.x_0) / ago(before, current, then)


def ago(before: Found, current: Found, then: float) -> float:
    """How long ago the answer before was, in lengths of the step."""
    return length(before.time, current.time) / length(current.time, then)


def length(now: float, then: float) -> float:
    """How much l grows."""
    return math.log((1 - then) / then) - math.log((1 - now) / now)
