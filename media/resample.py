"""Pictures on another pixel grid: the canvas, reference crops, face crops. Exact to a small part of a pixel.

`cv2.resize` filters well but knows whole pixels only; `cv2.warpAffine` is exact but does not filter. So we
warp to a grid twice as fine and average 2x2, after averaging whole q x q blocks where the picture shrinks by
more than 2: an area filter at any scale and offset, at the price of `cv2.resize(..., INTER_AREA)`.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.media import Frames

Affine = NDArray[np.float64]
"""2x3, input px to output px, scale and shift only, pixel centres at integers."""

Picture = NDArray[np.uint8]
"""(h, w, 3)."""

FINE = 2  # samples per output pixel and axis when shrinking
REACH = 3  # px around the region that is read: the bicubic kernel's support and the fine grid's rim


def resample(frames: Frames, affine: Affine, width: int, height: int) -> Frames:
    """`frames` through `affine` as (t, height, width, 3); black where the canvas leaves the picture.

    Area filter when shrinking, bicubic when enlarging (method.md 1.1).
    """
    return np.stack([resample_one(frame, affine, width, height) for frame in frames])


def crop_squares(frames: Frames, boxes: NDArray[np.float32], valid: NDArray[np.bool_], size: int) -> Frames:
    """Square `boxes` (t, 4: x0, y0, x1, y1) of `frames` as (t, size, size, 3); black where not `valid`."""
    crops = np.zeros((len(frames), size, size, 3), np.uint8)
    for index in np.flatnonzero(valid):
        crops[index] = resample_one(frames[index], box_affine(boxes[index], size), size, size)
    return crops


def box_affine(box: NDArray[np.float32], size: int) -> Affine:
    """The affine that puts the box's edges on the outer edges of a canvas of `size` px."""
    x0, y0, x1, y1 = box.astype(np.float64)
    scale_x, scale_y = size / (x1 - x0), size / (y1 - y0)
    return np.array([[scale_x, 0, -scale_x * x0 - 0.5], [0, scale_y, -scale_y * y0 - 0.5]])


def resample_one(picture: Picture, affine: Affine, width: int, height: int) -> Picture:
    """As `resample`, of one picture."""
    low, high = source_region(picture, affine, width, height)
    if (low >= high).any():
        return np.zeros((height, width, 3), np.uint8)
    part = picture[low[1] : high[1], low[0] : high[0]]
    scale, shift = affine[[0, 1], [0, 1]], affine[:, 2]
    canvas = warp(part, scale, shift + scale * low, width, height)
    blacken(canvas, scale, shift, picture.shape[1], picture.shape[0])
    return canvas


def source_region(picture: Picture, affine: Affine, width: int, height: int) -> tuple[NDArray[np.int64], ...]:
    """First pixel (x, y) and the one past the last that the canvas can see."""
    scale, shift = affine[[0, 1], [0, 1]], affine[:, 2]
    bounds = np.array([picture.shape[1], picture.shape[0]])
    reach = REACH + np.ceil(1 / scale)
    first = np.floor((-0.5 - shift) / scale - reach)
    last = np.ceil((np.array([width, height]) - 0.5 - shift) / scale + reach)
    return np.clip(first, 0, bounds).astype(np.int64), np.clip(last, 0, bounds).astype(np.int64)


def warp(picture: Picture, scale: Affine, shift: Affine, width: int, height: int) -> Picture:
    """Filtered samples of `picture` at every pixel of the canvas; beyond its edges the edge goes on."""
    if scale.min() >= 1:
        return sample(picture, scale, shift, width, height, cv2.INTER_CUBIC)
    block = max(1, int(1 / scale.max()))
    if block > 1:
        picture, scale, shift = averaged(picture, block), scale * block, shift + scale * (block - 1) / 2
    fine = sample(
        picture, scale * FINE, shift * FINE + (FINE - 1) / 2, width * FINE, height * FINE, cv2.INTER_LINEAR
    )
    return np.asarray(cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def sample(picture: Picture, scale: Affine, shift: Affine, width: int, height: int, kernel: int) -> Picture:
    """Values of `picture` at every pixel of the canvas, by interpolation alone."""
    matrix = np.array([[scale[0], 0, shift[0]], [0, scale[1], shift[1]]])
    warped = cv2.warpAffine(picture, matrix, (width, height), flags=kernel, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.uint8)


def averaged(picture: Picture, block: int) -> Picture:
    """Means of whole `block` x `block` px; pixel i stands at `block * i + (block - 1) / 2` of the picture."""
    height, width = picture.shape[:2]
    down, right = -height % block, -width % block
    whole = cv2.copyMakeBorder(picture, 0, down, 0, right, cv2.BORDER_REPLICATE)
    size = (whole.shape[1] // block, whole.shape[0] // block)
    return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)


def blacken(canvas: Picture, scale: Affine, shift: Affine, width: int, height: int) -> None:
    """Blacken the pixels of `canvas` whose centres lie outside the picture's edges."""
    x = (np.arange(canvas.shape[1]) - shift[0]) / scale[0]
    y = (np.arange(canvas.shape[0]) - shift[1]) / scale[1]
    canvas[:, (x < -0.5) | (x > width - 0.5)] = 0
    canvas[(y < -0.5) | (y > height - 0.5)] = 0
