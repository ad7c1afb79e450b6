"""A figure that stays on its canvas as long as its driver stays in the picture (method.md 5.1).

A step of a whole figure is many widths of a portrait: on a closer canvas the same motion walks out of it. The
way of the neck, and all of the figure with it, is shortened then; what the body does about it stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model.sample.retarget import Figure
from schemas.controls import Controls
from schemas.joints import J

Floats = NDArray[np.floating]

BORDER = 0.1
"""Share of the canvas's sides that the neck keeps away from its borders."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """Controls on a canvas, and what became of their way."""

    controls: Controls
    left: float
    """Share of the frames in which the figure would have left the canvas and its driver does not."""
    travel: tuple[float, float]
    """Share of its way that is left, across and down."""


def held(driver: Figure, canvas: Figure, controls: Controls) -> Held:
    """Retargeted controls whose neck, or head where none is drawn, stays on the canvas of a figure.

    It is held only in frames in which the driver's is in its own picture; who walks out there walks out here.
    """
    own, found = middle_of(driver.controls), middle_of(controls)
    inside = within(own, size_of(driver), 0.0)
    size = size_of(canvas)
    if not inside.any():
        return Held(controls=controls, left=0.0, travel=(1.0, 1.0))
    left = float((inside & ~within(found, size, 0.0)).mean())
    if not left:
        return Held(controls=controls, left=0.0, travel=(1.0, 1.0))
    start = found[int(np.argmin(np.where(inside, off(found, size), np.inf)))]
    travel = np.array([share(found[inside, axis], start[axis], size[axis]) for axis in (0, 1)])
    moved = (travel - 1) * (found - start)
    return Held(controls=shifted(controls, moved), left=left, travel=(float(travel[0]), float(travel[1])))


def middle_of(controls: Controls) -> Floats:
    """The neck (T, 2), px, or the head of frames in which no body is seen."""
    body = controls.body_valid[:, None]
    return np.where(body, controls.joints2d[:, J["neck"]], controls.head_center).astype(np.float64)


def size_of(figure: Figure) -> Floats:
    """Width and height of its canvas, px."""
    return np.array([figure.width, figure.height], np.float64)


def within(points: Floats, size: Floats, border: float) -> NDArray[np.bool_]:
    """Which points (T, 2) lie on a canvas, so far from its borders as a share of it."""
    low, high = border * size - 0.5, (1 - border) * size - 0.5
    return np.asarray(((points >= low) & (points <= high)).all(axis=1))


def off(points: Floats, size: Floats) -> Floats:
    """How far points (T, 2) are from the middle of a canvas, in sides of it."""
    return np.asarray(np.abs(points / size - 0.5).max(axis=1))


def share(places: Floats, start: float, side: float) -> float:
    """The most of the ways from the start, 0 to 1, that keeps all places within the borders of a side."""
    low, high = min(BORDER * side, start), max((1 - BORDER) * side, start)
    room = np.where(places > start, high - start, start - low)
    ways = np.abs(places - start)
    return float(min(1.0, np.min(room / np.maximum(ways, 1e-9))))


def shifted(controls: Controls, moved: Floats) -> Controls:
    """All that is drawn, moved by so many px (T, 2)."""
    names = ("joints2d", "left_hand2d", "right_hand2d")
    drawn = {name: (getattr(controls, name) + moved[:, None]).astype(np.float32) for name in names}
    depth = controls.joints3d[:, J["neck"], 2] / controls.camera_focal
    joints3d = controls.joints3d.copy()
    joints3d[..., :2] += (moved * depth[:, None])[:, None]
    center = (controls.head_center + moved).astype(np.float32)
    return replace(controls, **drawn, joints3d=joints3d, head_center=center)
