"""Procedural noise: smooth random fields in space, by seed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

Reals = NDArray[np.float32]
LATTICE = 32


def field(
    random: np.random.Generator, points: NDArray[Any], size_m: float | tuple[float, float, float]
) -> Reals:
    """Values (...) about -1..1 at points (..., 3) m of a field whose grains are about `size_m` large.

    `size_m` may be three numbers: grains that are longer along an axis.
    """
    lattice = random.standard_normal((LATTICE, LATTICE, LATTICE)).astype(np.float32) * 0.6
    where = np.moveaxis(np.asarray(points / np.asarray(size_m), np.float32), -1, 0)
    values = map_coordinates(lattice, where.reshape(3, -1), order=1, mode="grid-wrap", output=np.float32)
    return np.asarray(values.reshape(where.shape[1:]))


def step(values: NDArray[Any], low: float, high: float) -> Reals:
    """0 below `low`, 1 above `high`, smooth between; the other way round where `high` is below `low`."""
    t = np.clip((np.asarray(values, np.float32) - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
