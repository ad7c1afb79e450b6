"""FaceVerse v4's 3D morphable model in numpy: coefficients to a head's points before its camera.

The camera of a crop of 256 px has a focal length of 1000 px and stands 10 units before the model's origin.
Axes are the picture's: x right, y down, z away. Angles turn about x, then y, then z.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
PARTS = {"identity": 156, "expression": 177, "texture": 251, "light": 27, "angles": 3, "shift": 3, "eyes": 4}
"""Numbers of each part of the coefficients, in their order."""
FOCAL_PX, DISTANCE = 1000.0, 10.0
MIDDLE_PX = 127.5
"""Of a crop, both ways."""
UNIT = 0.01
"""The file's unit, in ours."""
JAW = (19496, 6550)
"""Points of which the depth between them moves teeth and tongue."""


@dataclass(frozen=True, kw_only=True)
class HeadModel:
    """What is used of the model's file, in the units of the camera."""

    mean: Array
    """(v, 3)."""
    identity: Array
    """(v, 3, 156)."""
    expression: Array
    """(v, 3, 177)."""
    starts: tuple[int, ...]
    """First points of left eye, right eye and three parts of the mouth, and the end: `ver_inds`."""
    landmarks: NDArray[np.intp]
    """(478,): points of MediaPipe's mesh."""

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> HeadModel:
        """The model of a file's arrays.

        Raises:
            ValueError: one has another size than it must.
        """
        mean = np.asarray(arrays["meanshape"], np.float64).reshape(-1, 3) * UNIT
        count = len(mean)
        try:
            bases = [
                np.asarray(arrays[name], np.float64).reshape(count, 3, PARTS[part]) * UNIT
                for name, part in (("idBase", "identity"), ("exBase", "expression"))
            ]
        except ValueError as wrong:
            raise ValueError(
                f"no model of FaceVerse v4: bases and mean shape do not fit ({wrong})"
            ) from wrong
        starts = tuple(int(i) for i in np.ravel(arrays["ver_inds"]))
        landmarks = np.asarray(arrays["keypoints_mediapipe"]).ravel().astype(np.intp)
        if count <= max(JAW) or len(starts) != 6 or landmarks.shape != (478,) or not inside(landmarks, count):
            raise ValueError("no model of FaceVerse v4: too few points, or landmarks that are none of them")
        if sorted(starts) != list(starts) or not inside(np.array(starts[:-1]), count):
            raise ValueError("no model of FaceVerse v4: its parts do not follow each other")
        return cls(mean=mean, identity=bases[0], expression=bases[1], starts=starts, landmarks=landmarks)

    def points(self, coefficients: Array) -> Array:
        """All points (b, v, 3) before the crop's camera, in its axes from its own place, by (b, 621)."""
        parts = parted(coefficients)
        own = self.mean + np.einsum("vck,bk->bvc", self.identity, parts["identity"])
        moved = self.with_eyes(own, self.shaped(parts), parts["eyes"])
        posed = np.einsum("bij,bvj->bvi", turn(parts["angles"]), moved) + parts["shift"][:, None]
        return posed + np.array([0, 0, DISTANCE])

    def shaped(self, parts: Mapping[str, Array]) -> Array:
        """All points (b, v, 3) of heads that look straight ahead, in the model's axes, eyes and jaw aside."""
        changes = (("identity", self.identity), ("expression", self.expression))
        return self.mean + sum(np.einsum("vck,bk->bvc", basis, parts[name]) for name, basis in changes)

    def landmarks_only(self) -> HeadModel:
        """The same head of MediaPipe's points alone, in their order; its eyes cannot be turned."""
        rows = self.landmarks
        parts = {name: getattr(self, name)[rows] for name in ("mean", "identity", "expression")}
        return replace(self, **parts, landmarks=np.arange(len(rows)))

    def with_eyes(self, own: Array, moved: Array, angles: Array) -> Array:
        """The head with its eyes turned and the parts of its mouth where the jaw is."""
        result, starts = moved.copy(), self.starts
        for eye in (0, 1):
            ball = slice(starts[eye], starts[eye + 1])
            middle = own[:, ball].mean(axis=1, keepdims=True)
            pitch, yaw = angles[:, 2 * eye], angles[:, 2 * eye + 1]
            gaze = about(1, yaw) @ about(0, pitch)
            result[:, ball] = np.einsum("bij,bvj->bvi", gaze, moved[:, ball] - middle) + middle
        jaw = (moved - own)[:, JAW[0], 2] - (moved - own)[:, JAW[1], 2]
        result[:, starts[2] : starts[5], 2] += jaw[:, None]
        return result


def inside(indices: NDArray[np.intp], count: int) -> bool:
    """Whether all are numbers of points."""
    return bool(np.all((indices >= 0) & (indices < count)))


def parted(coefficients: Array) -> dict[str, Array]:
    """The parts of coefficients (b, 621), by name."""
    edges = np.cumsum(list(PARTS.values()))[:-1]
    return dict(zip(PARTS, np.split(coefficients.astype(np.float64), edges, axis=1), strict=True))


def turn(angles: Array) -> Array:
    """Rotations (b, 3, 3) of angles (b, 3): about x first, z last."""
    x, y, z = angles.T
    return about(2, z) @ about(1, y) @ about(0, x)


def about(axis: int, angle: Array) -> Array:
    """Rotations (b, 3, 3) about one axis."""
    one, two = (axis + 1) % 3, (axis + 2) % 3
    result = np.tile(np.eye(3), (len(angle), 1, 1))
    result[:, one, one] = result[:, two, two] = np.cos(angle)
    result[:, one, two], result[:, two, one] = -np.sin(angle), np.sin(angle)
    return result


def project(points: Array) -> Array:
    """Pixels of a crop and depth (..., 3) of points before its camera."""
    flat = FOCAL_PX * points[..., :2] / points[..., 2:] + MIDDLE_PX
    return np.concatenate([flat, points[..., 2:]], axis=-1)
