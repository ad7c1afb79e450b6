"""Square crops: where they lie in the picture, how they are cut, how points come back."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Square:
    """A square region of a picture, perhaps turned; pixel centres at integers."""

    x: float
    """Of its centre, px."""
    y: float
    side: float
    """Px."""
    angle: float = 0.0
    """By which it is turned clockwise as seen, rad."""

    @classmethod
    def around(cls, box: NDArray[np.floating], scale: float = 1.0) -> Square:
        """An upright square on a box's centre, `scale` times its longer side."""
        x0, y0, x1, y1 = (float(v) for v in box)
        return cls((x0 + x1) / 2, (y0 + y1) / 2, scale * max(x1 - x0, y1 - y0))

    @classmethod
    def whole(cls, width: int, height: int) -> Square:
        """The smallest centred square that holds the picture."""
        return cls((width - 1) / 2, (height - 1) / 2, max(width, height))

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 of the square standing upright, px."""
        half = self.side / 2
        return self.x - half, self.y - half, self.x + half, self.y + half

    def to_picture(self, parts: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points (..., 2) in parts of the square (0 and 1 at its edges) as picture pixels."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        turn = self.side * np.array([[cos, -sin], [sin, cos]])
        turned: NDArray[np.float64] = (np.asarray(parts, np.float64) - 0.5) @ turn.T + (self.x, self.y)
        return turned

    def cut(self, picture: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
        """The region as a `size` x `size` picture, black outside the picture.

        Shrinking by two or more averages whole blocks of pixels first: sampling alone would alias.
        """
        height, width = picture.shape[:2]
        reach = self.side * (abs(np.cos(self.angle)) + abs(np.sin(self.angle))) / 2 + 2
        left, top = max(int(self.x - reach), 0), max(int(self.y - reach), 0)
        right, bottom = min(int(self.x + reach) + 1, width), min(int(self.y + reach) + 1, height)
        if left >= right or top >= bottom:
            return np.zeros((size, size, 3), np.uint8)
        block = max(int(self.side / size), 1)
        part = shrunk(picture[top:bottom, left:right], block)
        corners = self.to_picture(np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)]))
        source = (corners - (left, top) + 0.5) / block - 0.5
        target = np.array([(0, 0), (size, 0), (0, size)]) - 0.5
        affine = cv2.getAffineTransform(source.astype(np.float32), target.astype(np.float32))
        return np.asarray(cv2.warpAffine(part, affine, (size, size), flags=cv2.INTER_LINEAR), np.uint8)


def shrunk(picture: NDArray[np.uint8], block: int) -> NDArray[np.uint8]:
    """`picture` with every block x block pixels averaged into one; edges that fill no block are repeated."""
    if block == 1:
        return picture
    height, width = picture.shape[:2]
    pad_y, pad_x = -height % block, -width % block
    if pad_y or pad_x:
        picture = np.asarray(cv2.copyMakeBorder(picture, 0, pad_y, 0, pad_x, cv2.BORDER_REPLICATE), np.uint8)
    size = (picture.shape[1] // block, picture.shape[0] // block)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def levels() -> NDArray[np.float32]:
    """Every level of a byte, as the colours (3, 256, 1) of a picture."""
    return np.tile(np.arange(256, dtype=np.float32)[:, None], (3, 1, 1))


def looked_up(pixels: NDArray[np.uint8], table: NDArray[np.float32]) -> NDArray[np.float32]:
    """Planes (3, h, w) of a picture of bytes (h, w, 3), each level as a table (3, 256, 1) has it.

    A level's number is worked out once and not for each pixel: the same bits in an eighth of the time.
    """
    return np.stack(cv2.split(cv2.LUT(pixels, np.ascontiguousarray(table.T))))
