"""The straight path from data to noise (method.md 7.4; rectified flow, arXiv 2209.03003).

x_t = (1 - t) x_0 + t eps and v = dx/dt = eps - x_0: time 0 is data, time 1 is noise.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class PathPoint(NamedTuple):
    """A place on the path and where it leads."""

    x_t: Tensor
    v: Tensor


def between(x_0: Tensor, eps: Tensor, t_B: Tensor) -> PathPoint:
    """The point at time t of each sample's path."""
    t = over(t_B, x_0)
    return PathPoint((1 - t) * x_0 + t * eps, eps - x_0)


def data(point: PathPoint, t_B: Tensor) -> Tensor:
    """The data that a point comes from: x_0 = x_t - t v."""
    return point.x_t - over(t_B, point.x_t) * point.v


def noise(point: PathPoint, t_B: Tensor) -> Tensor:
    """The noise that a point leads to: eps = x_t + (1 - t) v."""
    return point.x_t + (1 - over(t_B, point.x_t)) * point.v


def over(t_B: Tensor, x: Tensor) -> Tensor:
    """Times with as many axes as x."""
    return t_B.view(-1, *[1] * (x.ndim - 1)).to(x.dtype)
