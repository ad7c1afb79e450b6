"""The last pictures of a source, each as a few hundred colours: enough to tell whether two are alike."""

from __future__ import annotations

from bisect import bisect_right

import cv2
import numpy as np
from numpy.typing import NDArray

Thumbnail = NDArray[np.float32]
"""Colours (blocks, 3), 0..255."""

SIZE = (32, 18)
"""Blocks across and down."""


def thumbnail(picture: NDArray[np.uint8]) -> Thumbnail:
    """The mean colours of the blocks of an RGB picture (h w 3)."""
    return np.asarray(cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA), np.float32).reshape(-1, 3)


class History:
    """Thumbnails of the pictures up to the last one, of `span_s` seconds and never more than `most`."""

    def __init__(self, span_s: float, most: int) -> None:
        self.span_s, self.most = span_s, most
        self.times: list[float] = []
        self.pictures: list[Thumbnail] = []
        self.num_seen = 0

    def append(self, begin_s: float, picture: Thumbnail) -> None:
        """Take the next picture, which begins at `begin_s`, and let go of those that are too old."""
        self.times.append(begin_s)
        self.pictures.append(picture)
        self.num_seen += 1
        old = max(self.back_to(self.span_s), len(self) - self.most, 0)
        del self.times[:old], self.pictures[:old]

    def __len__(self) -> int:
        return len(self.times)

    def back_to(self, before_s: float) -> int:
        """Place of the last picture that begins at least so long before the last one; -1 where none does."""
        return bisect_right(self.times, self.times[-1] - before_s) - 1

    def number(self, place: int) -> int:
        """Of the picture at a place, counted from the source's first."""
        return self.num_seen - len(self) + place
