"""Where the pixels of an upright crop lie in its picture: what a crop is, whoever cuts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.media import Frames

Pair = tuple[float, float]
Colour = tuple[float, float, float]
REACH = 4.0
"""Sigmas at which a blur's kernel ends."""


@dataclass(frozen=True, kw_only=True)
class CropGrid:
    """A crop by places of a picture: its pixel (u, v) shows `start + step * (u, v)`, between four pixels.

    Beyond the picture it is black. A crop that is not blurred is rounded to whole levels of 0..255, as
    OpenCV does, before colours are scaled.
    """

    size: tuple[int, int]
    """Width and height, px."""
    start: Pair
    """x and y of the picture, px, that its first pixel shows."""
    step: Pair
    """Px of the picture from one pixel to the next; below 0 where it is mirrored."""
    sigma: float = 0.0
    """Of the Gaussian by which the picture is blurred before, px; its edges are repeated."""
    held: tuple[Pair, Pair] | None = None
    """Lowest and highest x, then y, that are shown: places beyond show those."""
    mean: Colour
    """Of RGB, 0..255: subtracted, before colours are divided by `deviation`."""
    deviation: Colour

    @property
    def reach(self) -> int:
        """Px to either side that the blur mixes."""
        return int(REACH * self.sigma + 0.5)


class Cut(Protocol):
    """A crop to be cut."""

    def cut(self, picture: NDArray[np.uint8], /) -> NDArray[np.float32]:
        """It (3, h, w) as the network takes it, by the processor."""

    def grid(self, width: int, height: int, /) -> CropGrid:
        """Where its pixels lie in a picture of this size."""


class Cutter(Protocol):
    """Who cuts crops."""

    def __call__(self, frames: Frames, t: int, cut: Cut, /) -> Any:
        """A crop (3, h, w) of one of the frames, where networks take it."""

    def stacked(self, crops: list[Any], /) -> Any:
        """A batch (b, 3, h, w) of crops."""


class OnProcessor:
    """Cuts crops as those who published the networks do, one at a time."""

    def __call__(self, frames: Frames, t: int, cut: Cut, /) -> NDArray[np.float32]:
        """A crop (3, h, w) of one of the frames."""
        return cut.cut(frames[t])

    def stacked(self, crops: list[NDArray[np.float32]], /) -> NDArray[np.float32]:
        """A batch (b, 3, h, w) of crops."""
        return np.stack(crops)
