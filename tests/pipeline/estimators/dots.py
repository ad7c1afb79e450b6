"""Frames of coloured dots: what networks that know the answer see of them, behind real crops."""

from __future__ import annotations

import cv2
import numpy as np
import scipy
from numpy.typing import NDArray

from schemas.tracks import KeypointTrack

WIDTH, HEIGHT = 640, 480
Array = NDArray[np.float64]


def colour(number: int) -> Array:
    """The colour of a dot, RGB: one of 216, far from its neighbours and from black."""
    return np.array([number % 6, number // 6 % 6, number // 36 % 6]) * 38.0 + 60


def dotted(points: Array, width: int = WIDTH, height: int = HEIGHT, radius: int = 3) -> NDArray[np.uint8]:
    """A black picture with a dot on each point (n, 2), exact to a sixteenth of a pixel."""
    picture = np.zeros((height, width, 3), np.uint8)
    for number, point in enumerate(points):
        place = tuple(int(v) for v in np.round(point * 16))
        cv2.circle(picture, place, radius * 16, colour(number).tolist(), -1, cv2.LINE_AA, 4)
    return picture


def seen(pixels: Array, count: int) -> Array:
    """Where (n, 2) the dots are in a picture (h, w, 3) of any crop, px; NaN where one is not.

    Each lit patch is one dot, of the colour of its brightest pixel, in the middle of its light; patches
    larger than most are several dots and say nothing.
    """
    light = pixels.max(axis=2)
    patches, _ = scipy.ndimage.label(light > 12)
    colours = np.stack([colour(number) for number in range(count)])
    result = np.full((count, 2), np.nan)
    areas = np.bincount(patches.ravel())[1:]
    for patch in 1 + np.flatnonzero(areas < 1.4 * np.median(areas)):
        ys, xs = np.nonzero(patches == patch)
        weight = light[ys, xs]
        brightest = weight.argmax()
        number = int(np.abs(pixels[ys[brightest], xs[brightest]] - colours).max(axis=1).argmin())
        result[number] = (weight @ xs) / weight.sum(), (weight @ ys) / weight.sum()
    return result


def person_with(names: tuple[str, ...], points: Array, box: Array) -> KeypointTrack:
    """A person (t) of surely seen points (t, k, 2) in boxes (t, 4)."""
    frames, count = points.shape[:2]
    return KeypointTrack(
        names=names,
        points=points.astype(np.float32),
        world=np.zeros((frames, count, 3), np.float32),
        score=np.ones((frames, count), np.float32),
        box=box.astype(np.float32),
        head_box=box.astype(np.float32),
        valid=np.ones(frames, np.bool_),
        others=np.zeros(frames, np.float32),
    )


def weak_camera_of(joints: Array, pixels: Array, side: int = 256) -> Array:
    """The camera (3,) by which a network sees joints (n, 3) at pixels (n, 2) of its crop.

    Least squares of the exact projection: (X + t) * 5000 / 256 = Z' * (u / 256 - 1 / 2), linear in t.
    """
    focal, seen_at = 5000 / side, pixels / side - 0.5
    ones, zeros = np.ones(len(joints)), np.zeros(len(joints))
    rows = np.concatenate(
        [
            np.stack([focal * ones, zeros, -seen_at[:, 0]], axis=1),
            np.stack([zeros, focal * ones, -seen_at[:, 1]], axis=1),
        ]
    )
    sides = np.concatenate([seen_at[:, k] * joints[:, 2] - focal * joints[:, k] for k in (0, 1)])
    x, y, z = np.linalg.lstsq(rows, sides, rcond=None)[0]
    return np.array([2 * focal / z, x, y])
