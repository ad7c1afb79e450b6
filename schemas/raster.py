"""Filled shapes on a canvas, anti-aliased: numpy only, the same bytes on every machine.

A canvas is a `(H, W, 3) uint8` picture that is drawn into. Pixel centres lie at integers. Only elementwise
operations that IEEE 754 rounds exactly are used (no hypot, no sine), so a picture does not depend on the CPU.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Canvas = NDArray[np.uint8]
Floats = NDArray[np.floating]
Ints = NDArray[np.intp]

BAND_PIXELS = 2**15
"""Pixels of a ball that are drawn together."""

FLAT = 1e-9
"""Sine of the slope below which a stroke counts as level: every row then spans its whole width."""


def draw_strokes(canvas: Canvas, start: Floats, stop: Floats, radius: Floats, colour: Floats) -> None:
    """Draw straight strokes with round ends into `canvas`, the later over the earlier.

    `start` and `stop` are (n, 2) px, finite, and may lie outside the canvas: what is inside is drawn.
    `radius` is half the width, (n,) px. `colour` is (n, 3), 0..255. A stroke of no length is a dot. The share
    of colour falls from 1 to 0 over the pixel around the edge.

    Raises:
        ValueError: the canvas is not contiguous in memory.
    """
    owner, pixel, share = stroke_pixels(
        canvas.shape, *(np.asarray(a, np.float64) for a in (start, stop, radius))
    )
    paint = (share[:, None] * np.asarray(colour, np.float32)[owner] + np.float32(0.5)).astype(np.float32)
    keep = (1 - share)[:, None]
    flat = np.reshape(canvas, (-1, 3), copy=False)
    bounds = np.searchsorted(owner, np.arange(len(start) + 1))
    for first, last in pairwise(bounds):
        where = pixel[first:last]
        flat[where] = flat.take(where, axis=0) * keep[first:last] + paint[first:last]


def stroke_pixels(
    shape: tuple[int, ...], start: Floats, stop: Floats, radius: Floats
) -> tuple[Ints, Ints, Floats]:
    """For each pixel of each stroke: the stroke, the pixel's index in the flat canvas, the share covered.

    Scan conversion: first the rows of each stroke, then the pixels of each row.
    """
    height, width = shape[:2]
    middle, along = (start + stop) / 2, stop - start
    length = np.sqrt(along[:, 0] ** 2 + along[:, 1] ** 2)
    along = np.where(length[:, None] > 0, along, (1.0, 0.0)) / np.where(length > 0, length, 1.0)[:, None]
    reach = radius + 0.5
    low, high = np.minimum(start, stop) - reach[:, None], np.maximum(start, stop) + reach[:, None]

    stroke, row = integers_within(low[:, 1], high[:, 1], height)
    ux, uy = along[stroke].T
    uy = np.where(np.abs(uy) < FLAT, FLAT, uy)
    centre = middle[stroke, 0] + (row - middle[stroke, 1]) * ux / uy
    spread = reach[stroke] / np.abs(uy)
    line, column = integers_within(
        np.maximum(centre - spread, low[stroke, 0]), np.minimum(centre + spread, high[stroke, 0]), width
    )

    owner, row = stroke[line], row[line]
    x = (column - middle[owner, 0]).astype(np.float32)
    y = (row - middle[owner, 1]).astype(np.float32)
    ux, uy = along[owner].astype(np.float32).T
    across = x * uy - y * ux
    beyond = np.maximum(np.abs(x * ux + y * uy) - (length / 2).astype(np.float32)[owner], 0)
    distance = np.sqrt(across * across + beyond * beyond)
    share = np.clip(reach.astype(np.float32)[owner] - distance, 0, 1)
    return owner, row * width + column, share


def integers_within(low: Floats, high: Floats, size: int) -> tuple[Ints, Ints]:
    """All integers of 0..size-1 in each closed interval, and for each the interval it belongs to."""
    first = np.ceil(np.clip(low, 0, size)).astype(np.intp)
    count = np.maximum(np.floor(np.clip(high, -1, size - 1)).astype(np.intp) + 1 - first, 0)
    owner = np.repeat(np.arange(len(first)), count)
    return owner, np.arange(len(owner)) + (first - np.cumsum(count) + count)[owner]


def draw_ball(canvas: Canvas, center: Floats, radius: float, rotation: Floats) -> None:
    """Draw a ball whose colour is the direction that its surface looks to, in the ball's own frame.

    At offset (x, y) from the centre, in radii, the surface looks to n = (x, y, -sqrt(1 - x^2 - y^2)) in the
    camera frame (x right, y down, z forward), and its colour is 127.5 (R^T n + 1), with R = `rotation` from
    the ball's frame to the camera's (method.md 3.2). The rim fades over one pixel. `center` and `radius` are
    px and finite; a radius of 0 draws nothing.
    """
    height, width = canvas.shape[:2]
    reach = radius + 0.5
    left, top = (int(np.clip(np.ceil(c - reach), 0, s)) for c, s in zip(center, (width, height), strict=True))
    right, bottom = (
        int(np.clip(np.floor(c + reach) + 1, 0, s)) for c, s in zip(center, (width, height), strict=True)
    )
    if radius <= 0 or left >= right or top >= bottom:
        return
    x = ((np.arange(left, right) - center[0]) / radius).astype(np.float32)
    y = ((np.arange(top, bottom) - center[1]) / radius).astype(np.float32)[:, None]
    colours = np.asarray(rotation, np.float32).T * np.float32(127.5)
    rows = max(1, BAND_PIXELS // len(x))
    for first in range(0, len(y), rows):
        band = slice(first, first + rows)
        patch = canvas[top:bottom, left:right][band]
        draw_band(patch, x, y[band], np.float32(radius), np.float32(reach), colours)


def draw_band(
    patch: Canvas, x: Floats, y: Floats, radius: np.float32, reach: np.float32, colours: Floats
) -> None:
    """Draw some rows of a ball: so few that the numbers of a step stay in the processor's cache."""
    squared = x * x + y * y
    share = np.clip(reach - radius * np.sqrt(squared), 0, 1)
    keep = 1 - share
    toward = -np.sqrt(np.maximum(1 - squared, 0))
    step = squared
    for channel, (rx, ry, rz) in enumerate(colours):
        paint = x * rx + (y * ry + np.float32(127.5))
        paint += np.multiply(toward, rz, out=step)
        np.clip(paint, 0, 255, out=paint)
        paint *= share
        np.multiply(patch[..., channel], keep, out=step)
        step += paint
        step += np.float32(0.5)
        patch[..., channel] = step
