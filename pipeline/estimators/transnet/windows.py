"""Pictures of a source, one by one, past a network that sees a window of them at once."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Scores = tuple[NDArray[np.float32], NDArray[np.float32]]
Network = Callable[[NDArray[np.uint8]], Scores]
"""Tells two numbers (t,) of each of the pictures (t 27 48 3), RGB."""

SIZE = (48, 27)
"""Of a picture, px across and down."""
WINDOW = 100
"""Pictures that the network sees at once."""
MARGIN = 25
"""Of a window, the pictures on each side that are only seen: others tell their numbers."""


class SlidingWindows:
    """Gives two numbers a picture; the first and last picture are repeated beyond the ends.

    No more than a window is kept, whatever the length.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.waiting: list[NDArray[np.uint8]] = []
        self.num_seen = 0
        self.parts: list[Scores] = []

    def __call__(self, picture: NDArray[np.uint8]) -> None:
        """Take the next picture (h w 3), RGB."""
        small = np.asarray(cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA), np.uint8)
        self.waiting += [small] * (1 if self.num_seen else 1 + MARGIN)
        self.num_seen += 1
        if len(self.waiting) == WINDOW:
            self.judge()

    def judge(self) -> None:
        """Have the network see what waits, and keep what it tells of the middle."""
        single, many = self.network(np.stack(self.waiting))
        self.parts.append((single[MARGIN:-MARGIN], many[MARGIN:-MARGIN]))
        del self.waiting[: WINDOW - 2 * MARGIN]

    def scores(self) -> Scores:
        """The numbers (n,) of all pictures, of which there was one at least; no other comes after it."""
        while len(self.parts) * (WINDOW - 2 * MARGIN) < self.num_seen:
            self.waiting += [self.waiting[-1]] * (WINDOW - len(self.waiting))
            self.judge()
        single, many = (np.concatenate(part)[: self.num_seen] for part in zip(*self.parts, strict=True))
        return single, many
