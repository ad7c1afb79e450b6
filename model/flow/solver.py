"""From noise to data along the velocity: dx/dt = v(x, t), from time 1 to 0."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from torch import Tensor

Velocity = Callable[[Tensor, Tensor], Tensor]
"""v of points (B, ...) and their times (B,)."""


def euler(velocity: Velocity, x: Tensor, times: Tensor) -> Tensor:
    """The point at the last time, one evaluation a step; errors shrink as the step."""
    for now, then in pairwise(times.tolist()):
        x = x + (then - now) * velocity(x, at(now, x))
    return x


def heun(velocity: Velocity, x: Tensor, times: Tensor) -> Tensor:
    """The point at the last time, two evaluations a step; errors shrink as the step squared."""
    for now, then in pairwise(times.tolist()):
        v_now = velocity(x, at(now, x))
        v_then = velocity(x + (then - now) * v_now, at(then, x))
        x = x + (then - now) / 2 * (v_now + v_then)
    return x


def at(time: float, x: Tensor) -> Tensor:
    """The time of each sample (B,), float32 for the network's sinusoids."""
    return x.new_full((len(x),), time).float()
