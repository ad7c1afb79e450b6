"""References whose poses differ most: a rule beside the paper's, which goes by yaw alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry import Array
from schemas.joints import BODY_JOINTS

PELVIS, NECK = BODY_JOINTS.index("pelvis"), BODY_JOINTS.index("neck")
LEAST_JOINTS = 4
"""Poses that share fewer seen joints are not compared: they count as the same."""
NEARLY = 0.9
"""Of candidates that differ by this share of the most, another quality decides."""


def poses_apart(joints: Array, seen: NDArray[np.bool_]) -> Array:
    """How unlike poses (n, 16, 2) are: (n, n), root mean squares over joints seen in both, in torso lengths.

    Poses are compared upon each other's mean and at one size: of its torso, or the usual one's where it is
    seen from above or beside.
    """
    torso = np.linalg.norm(joints[:, NECK] - joints[:, PELVIS], axis=-1)
    size = np.maximum(torso, max(float(np.median(torso)), 1e-6))
    both = seen[:, None] & seen
    count = np.maximum(both.sum(axis=-1), 1)[..., None]
    laid = joints / size[:, None, None]
    between = (laid[:, None] - laid) * both[..., None]
    between -= between.sum(axis=-2, keepdims=True) / count[..., None] * both[..., None]
    squares = (between**2).sum(axis=(-2, -1)) / count[..., 0]
    return np.where(both.sum(axis=-1) >= LEAST_JOINTS, np.sqrt(squares), 0.0)


def unlike(apart: Array, preferred: NDArray[np.bool_], clear: Array, count: int) -> list[int]:
    """Up to `count` places, each as unlike those before as can be; the first is of the most unlike pair.

    Of nearly equal ones the preferred are taken, of these the clearest, then the first.
    """
    chosen: list[int] = []
    nearest = apart.max(axis=1)
    for _ in range(min(count, len(apart))):
        nearest[chosen] = -1.0
        near = (nearest >= NEARLY * nearest.max()) & (nearest >= 0)
        near = near & preferred if (near & preferred).any() else near
        chosen.append(int(np.argmax(np.where(near, clear, -np.inf))))
        nearest = apart[chosen].min(axis=0)
    return chosen
