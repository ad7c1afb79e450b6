"""Stored samples shown on a smaller canvas: which, and what their controls are there (formats.md: canvas px).

Pictures are shrunk by areas, maps are drawn anew from scaled numbers, faces stay as they are.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from model.data.rng import Ints
from schemas.controls import CANVAS_MULTIPLE, Controls

ASPECT = 0.03
"""Largest change of a picture's proportions."""


def canvases(width: Ints, height: Ints, area: int | None) -> tuple[Ints, Ints]:
    """Canvases on which samples of these canvases are shown: no larger than `area`, px; None: as stored."""
    if area is None:
        return width, height
    sides, which = np.unique(np.stack([width, height]), axis=1, return_inverse=True)
    found = np.array([canvas(w, h, area) for w, h in sides.T.tolist()], np.int64).reshape(-1, 2)
    shown = found[which.reshape(-1)]
    return shown[:, 0], shown[:, 1]


@cache
def canvas(width: int, height: int, area: int) -> tuple[int, int]:
    """The largest canvas within `area`, sides multiples of 16, proportions changed by 3 % at most.

    A canvas that is small enough stays as it is; where none is that near, the nearest in proportions.
    """
    if width * height <= area:
        return width, height
    rows = range(CANVAS_MULTIPLE, height + 1, CANVAS_MULTIPLE)
    pairs = [(columns(h * width / height, area // h), h) for h in rows]
    fit = [pair for pair in pairs if pair[0]] or [(CANVAS_MULTIPLE, CANVAS_MULTIPLE)]
    near = [pair for pair in fit if stretch(pair, width, height) <= ASPECT]
    if near:
        return max(near, key=lambda pair: pair[0] * pair[1])
    return min(fit, key=lambda pair: stretch(pair, width, height))


def columns(wanted: float, most: int) -> int:
    """The multiple of 16 nearest to a wanted width, of those up to the most; 0 where there is none."""
    return CANVAS_MULTIPLE * min(max(1, round(wanted / CANVAS_MULTIPLE)), most // CANVAS_MULTIPLE)


def stretch(pair: tuple[int, int], width: int, height: int) -> float:
    """By what share a canvas changes proportions."""
    return abs(pair[0] * height / (pair[1] * width) - 1)


def scaled(controls: Controls, across: float, down: float) -> Controls:
    """Controls on a canvas of so many times the width and height; pixel centres are at integers."""
    factors = np.array([across, down], np.float32)

    def moved(points: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray((points + 0.5) * factors - 0.5, np.float32)

    size = np.float32((across * down) ** 0.5)
    return replace(
        controls,
        joints2d=moved(controls.joints2d),
        left_hand2d=moved(controls.left_hand2d),
        right_hand2d=moved(controls.right_hand2d),
        head_center=moved(controls.head_center),
        head_radius=controls.head_radius * size,
        camera_focal=np.asarray(controls.camera_focal * size, np.float32),
    )


def shrink(pictures: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    """Pictures (t, h, w, 3) in the size of `out`, each pixel the mean of what it covers."""
    for picture, target in zip(pictures, out, strict=True):
        target[...] = cv2.resize(picture, (out.shape[2], out.shape[1]), interpolation=cv2.INTER_AREA)
