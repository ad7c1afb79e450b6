"""Where the cameras of a take stand, and what they see of each other's axes.

OpenCV's axes: x right, y down, z forward; world to camera; pixels have their centres at integers.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.geometry import Array
from storage.json_files import Perhaps, json_at, misfits
from storage.place import Place

CAMERAS: dict[str, Any] = {
    "world_2_cam": {str: list},
    "intrinsics": (list, dict),
    "height": Perhaps(int),
    "width": Perhaps(int),
}
"""Shape of a `camera_params.json`."""
SCALES = (1, 2, 4, 0.5, 0.25)
"""How many times larger than its pictures a camera may be told."""
ASIDE = 0.1
"""Farthest that a camera looks past the head, over its distance: 6 degrees."""
OFF_CENTRE = 0.15
"""Farthest that a principal point lies from a picture's middle, of its width."""


@dataclass(frozen=True)
class PlacedCamera:
    """A camera without distortion, in the pixels that its calibration is told in."""

    rotation: Array  # 3 3, world to camera
    shift: Array  # 3
    intrinsics: Array  # 3 3

    @property
    def place(self) -> Array:
        """Where it stands in the world (3,)."""
        return np.asarray(-self.rotation.T @ self.shift)

    @property
    def axis(self) -> Array:
        """Where it looks in the world (3,), of unit length."""
        return np.asarray(self.rotation[2])

    def pixel(self, point: Array) -> Array:
        """A world point (3,) as px (2,); not finite where it is not in front."""
        seen = self.rotation @ point + self.shift
        if seen[2] <= 0:
            return np.full(2, np.nan)
        x, y, z = self.intrinsics @ seen
        return np.array([x / z, y / z])

    def for_pictures(self, width: int, height: int) -> PlacedCamera:
        """The same camera in the pixels of pictures of this size.

        Raises:
            ValueError: no scale of the calibration fits them.
        """
        for scale in SCALES:
            middle = (self.intrinsics[:2, 2] + 0.5) / scale  # from the picture's corner
            if np.abs(middle / (width, height) - 0.5).max() <= OFF_CENTRE:
                intrinsics = self.intrinsics.copy()
                intrinsics[:2] /= scale
                intrinsics[:2, 2] = middle - 0.5
                return PlacedCamera(self.rotation, self.shift, intrinsics)
        raise ValueError(
            f"a principal point at {self.intrinsics[0, 2]:.0f}, {self.intrinsics[1, 2]:.0f} in pictures of "
            f"{width}x{height}"
        )


def read_cameras(path: Path) -> dict[str, PlacedCamera]:
    """The cameras of a `camera_params.json`, by serial; one matrix of intrinsics may be that of all.

    Raises:
        ValueError: it cannot be read, or a camera of it cannot be one.
        OSError: it cannot be read.
    """
    raw = json_at(*Place.holding(str(path)))
    if misfits(raw, CAMERAS, "calibration"):
        raise ValueError(f"{path}: {misfits(raw, CAMERAS, 'calibration')[0]}")
    return {
        serial: camera_of(pose, intrinsics_of(raw.get("intrinsics"), serial), f"{path}: camera {serial}")
        for serial, pose in raw["world_2_cam"].items()
    }


def intrinsics_of(raw: Any, serial: str) -> Any:
    """A camera's matrix, where all have one or each has its own."""
    return raw.get(serial) if isinstance(raw, dict) else raw


def camera_of(pose: Any, intrinsics: Any, what: str) -> PlacedCamera:
    """A camera of two matrices.

    Raises:
        ValueError: they are none, or no rotation or pinhole; begins with `what`.
    """
    try:
        placed, inner = np.array(pose, np.float64), np.array(intrinsics, np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{what}: its matrices are none") from None
    if placed.shape not in ((4, 4), (3, 4)) or inner.shape != (3, 3):
        raise ValueError(f"{what}: world_2_cam is {placed.shape}, intrinsics are {inner.shape}")
    rotation = placed[:3, :3]
    if not np.isfinite(placed).all() or np.abs(rotation @ rotation.T - np.eye(3)).max() > 1e-3:
        raise ValueError(f"{what}: world_2_cam is no rotation and shift")
    if np.linalg.det(rotation) < 0:
        raise ValueError(f"{what}: world_2_cam mirrors the world")
    if not np.isfinite(inner).all() or min(inner[0, 0], inner[1, 1]) <= 0:
        raise ValueError(f"{what}: its focal lengths are not positive")
    return PlacedCamera(rotation, placed[:3, 3], inner)


def angle_deg(one: PlacedCamera, other: PlacedCamera) -> float:
    """Angle between where two cameras look."""
    return float(np.degrees(np.arccos(np.clip(one.axis @ other.axis, -1, 1))))


def looked_at(cameras: Sequence[PlacedCamera]) -> Array:
    """The world point (3,) that most of at least two cameras look at: where the head is.

    Of the points where two optical axes pass each other the one that half of all axes pass nearest; then, in
    least squares, the one nearest to all axes that pass it within `ASIDE`. A camera that looks elsewhere does
    not draw it away.
    """
    pairs = [nearest(pair) for pair in itertools.combinations(cameras, 2)]
    best = min(pairs, key=lambda point: float(np.median([aside(camera, point) for camera in cameras])))
    return nearest([camera for camera in cameras if aside(camera, best) <= ASIDE])


def nearest(cameras: Sequence[PlacedCamera]) -> Array:
    """The world point (3,) nearest to all optical axes, in least squares."""
    across = [np.eye(3) - np.outer(camera.axis, camera.axis) for camera in cameras]
    beside = [flat @ camera.place for flat, camera in zip(across, cameras, strict=True)]
    return np.asarray(np.linalg.lstsq(np.sum(across, axis=0), np.sum(beside, axis=0))[0])


def aside(camera: PlacedCamera, point: Array) -> float:
    """How far a point lies aside of where a camera looks, over its distance; above 1 where it lies behind."""
    seen = camera.rotation @ point + camera.shift
    return float(np.hypot(seen[0], seen[1]) / np.linalg.norm(seen)) + float(seen[2] <= 0)
