"""What mmpose does around its networks: crops of boxes, and points out of rows of coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.crop_grid import Colour, CropGrid
from pipeline.estimators.crops import levels, looked_up

Array = NDArray[np.float64]
SPLIT = 2
"""Bins of a coordinate's row a pixel."""
PADDING = 1.25
"""A crop's sides over its box's."""
COLOURS: tuple[Colour, Colour] = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
MEAN, DEVIATION = (np.array(colour, np.float32)[:, None, None] for colour in COLOURS)
"""Of RGB, 0..255."""
TABLE = (levels() - MEAN) / DEVIATION
"""What a level of a byte is to the network."""
SHARPNESS = 150.0
SIGMAS, SIGMAS_WIDTH = (4.9, 5.66), 192
"""Of the rows of x and y that a network of that width is taught, in bins; of others by the root of theirs."""


@dataclass(frozen=True)
class PaddedBox:
    """The upright part of a picture that a network is shown."""

    center: Array
    size: Array

    @classmethod
    def around(cls, box: NDArray[np.floating], aspect: float) -> PaddedBox:
        """A box x0, y0, x1, y1, padded and grown to an aspect of width over height."""
        box = np.asarray(box, np.float64)
        width, height = PADDING * (box[2:] - box[:2])
        size = (width, width / aspect) if width > height * aspect else (height * aspect, height)
        return cls((box[:2] + box[2:]) / 2, np.array(size))

    def crop(self, picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.float32]:
        """It (3, height, width) as the network takes it, black outside the picture."""
        scale = width / self.size[0]
        shift = np.array([width, height]) / 2 - scale * self.center
        affine = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        pixels = cv2.warpAffine(picture, affine, (width, height), flags=cv2.INTER_LINEAR)
        return looked_up(pixels, TABLE)

    def to_picture(self, points: NDArray[np.floating], width: int, height: int) -> Array:
        """Points (..., 2) of the crop, px, in the picture."""
        return np.asarray(points / [width, height] * self.size + self.center - self.size / 2)


@dataclass(frozen=True)
class PoseCrop:
    """A padded box as a network of a size is shown it."""

    box: PaddedBox
    width: int
    height: int

    def cut(self, picture: NDArray[np.uint8], /) -> NDArray[np.float32]:
        """It (3, height, width) as the network takes it."""
        return self.box.crop(picture, self.width, self.height)

    def grid(self, *_: int) -> CropGrid:
        """Where its pixels lie in any picture."""
        step = self.box.size[0] / self.width
        x, y = self.box.center - step * np.array([self.width, self.height]) / 2
        return CropGrid(
            size=(self.width, self.height),
            start=(x, y),
            step=(step, step),
            mean=COLOURS[0],
            deviation=COLOURS[1],
        )


def decoded(x: NDArray[np.float32], y: NDArray[np.float32]) -> tuple[Array, NDArray[np.float32]]:
    """Points (k, 2) of a crop, px, and scores (k,): the likeliest bins, and the lesser of their heights."""
    points = np.stack([x.argmax(axis=1), y.argmax(axis=1)], axis=1) / SPLIT
    return points, np.minimum(x.max(axis=1), y.max(axis=1))


def visibility(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """How visible (k,) points are, 0..1, by rows of RTMW, of which the height itself says nothing."""
    growth = np.sqrt(x.shape[1] / SPLIT / SIGMAS_WIDTH)
    likely = [softmax(row * SHARPNESS * sigma * growth) for row, sigma in zip((x, y), SIGMAS, strict=True)]
    return np.minimum(*(row.max(axis=1) for row in likely)).astype(np.float32)


def softmax(rows: NDArray[np.float64]) -> Array:
    """Rows (k, n) that sum to 1."""
    powers = np.exp(rows - rows.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
