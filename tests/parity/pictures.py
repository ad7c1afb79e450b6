"""Pictures from their own names: noise on coarse blocks, so that networks tell one from another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.parity.weights import uniform

BLOCK = 16


def drawn_pictures(name: str, shape: tuple[int, ...], *, channels_last: bool) -> NDArray[np.uint8]:
    """uint8 pictures of that name; the spatial axes are the last two, or those before the last."""
    first = len(shape) - (3 if channels_last else 2)
    coarse_shape = list(shape)
    for axis in (first, first + 1):
        coarse_shape[axis] = -(-shape[axis] // BLOCK)
    coarse = uniform(f"{name}:coarse", tuple(coarse_shape))
    for axis in (first, first + 1):
        coarse = np.take(np.repeat(coarse, BLOCK, axis=axis), range(shape[axis]), axis=axis)
    values = 128 + 60 * coarse + 20 * uniform(name, shape)
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def mixed(one: NDArray[np.uint8], other: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    """The first picture with a share of the second."""
    return np.asarray(np.clip(np.rint((1 - share) * one + share * other), 0, 255), np.uint8)
