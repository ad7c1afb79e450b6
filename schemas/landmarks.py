"""Three points of the face, told by the head sphere: what face crops are aligned by (method.md 2.2).

A data set holds no landmarks, but the head's rotation, place and size, and so where a face of usual build has
its eyes and mouth. What the face does moves none of them: an open mouth stays open in an aligned crop.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schemas.controls import Controls
from schemas.sample import FACE_SIZE

Reals = NDArray[np.floating]

ON_HEAD = np.array([[-0.2767, -0.0118, -0.7093], [0.2767, -0.0118, -0.7093], [0.0, 0.5868, -0.8130]])
"""Middles of right eye, left eye and mouth from the sphere's centre, in its radii and in the head frame.

Means of the eyes' and the inner lips' contours on the canonical face that sizes the sphere of every tracker.
"""
FACE_MIDDLE = np.array([0.0, 0.2402, -0.7166])
"""Weighted middle of that face, told likewise: a head's rotation is that of a camera which looks there."""


def face_points(
    controls: Controls, to_canvas: NDArray[np.float64], width: int, height: int
) -> NDArray[np.float32]:
    """Right eye, left eye, mouth (t, 3, 2) in px of the face crops; one place for all where there is no face.

    Undoes pipeline.estimators.head_pose. Its camera sees the canvas of `width` and `height` px with a focal
    length of the diagonal; the body's camera will not do, some estimators look from far away.
    """
    rotation, radius = controls.head_rotation.astype(np.float64), controls.head_radius[:, None, None]
    near = radius / np.hypot(width, height)
    turned = on_centre(np.einsum("tij,nj->tni", rotation, ON_HEAD), rotation @ FACE_MIDDLE, near)
    canvas = controls.head_center[:, None] + radius * turned[..., :2] / (1 + near * turned[..., 2:])
    source = (canvas - to_canvas[:, 2]) @ np.linalg.inv(to_canvas[:, :2]).T
    box = controls.face_box.astype(np.float64)[:, None]
    side = np.maximum(box[..., 2:] - box[..., :2], 1e-6)  # a clip without any face has no boxes
    crop = FACE_SIZE * (source - box[..., :2]) / side - 0.5
    return np.where(controls.face_valid[:, None, None], crop, 0).astype(np.float32)


def on_centre(points: Reals, middle: Reals, near: Reals) -> Reals:
    """Points (t, 3, 3) for a camera that looks at the sphere's centre instead of the face's middle (t, 3).

    It turns by the angle between the two, which is small: to first order.
    """
    angle = (near[..., 0] * middle[:, :2] / (1 + near[..., 0] * middle[:, 2:]))[:, None]
    across = points[..., :2] + angle * points[..., 2:]
    away = points[..., 2:] - (angle * points[..., :2]).sum(axis=-1, keepdims=True)
    return np.concatenate([across, away], axis=-1)


def mirror_points(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """The points (t, 3, 2) in crops seen in a mirror, where the right eye is the left one."""
    flipped = points[:, [1, 0, 2]]
    flipped[..., 0] = FACE_SIZE - 1 - flipped[..., 0]
    return flipped
