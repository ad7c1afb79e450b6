"""Canvas, rotations, yaw and boxes: pure functions of arrays, time first.

Pixel centres lie at integers, so a picture of width w spans -0.5 .. w - 0.5 and its centre is (w - 1) / 2.
The camera frame is x right, y down, z forward; its principal point is the picture's centre. Rotations are
matrices (..., 3, 3) that take their own frame to the camera frame; quaternions are (w, x, y, z).
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import scipy  # its parts come when they are asked for
from numpy.typing import ArrayLike, NDArray

from schemas.controls import CANVAS_AREA, CANVAS_MULTIPLE
from schemas.joints import J

Array = NDArray[np.float64]
Reals = NDArray[np.floating[Any]]


# Canvas and camera

NEAR = 0.03
"""A canvas's aspect is nearly that of the pictures where it misses it by less than this share."""


@cache
def canvas_size(width: int, height: int, area: int = CANVAS_AREA, max_miss: float = NEAR) -> tuple[int, int]:
    """(W, H) of the canvas of pictures of this size, as shown: multiples of 16, at most `area` px in all.

    Of the sizes with 98 to 100 % of `area` the one of the nearest aspect, then the largest, then the
    widest. Where its aspect misses by 3 %, as with small areas, the largest one that misses by less: what
    is cut off is no head. Where none does, the nearest, if that misses by no more than `max_miss`.
    method.md 1.1 rounds first and may exceed `area` by 2 %, which formats.md rules out: 1920x1080 becomes
    1024x592 here, 1040x592 there.

    Raises:
        ValueError: no size with at least 40 % of `area` has such an aspect. From 81 920 px on there is one
            within 3 % for every aspect from 9:21 to 21:9.
    """

    def miss(size: tuple[int, int]) -> float:
        across, down = size[0] * height, size[1] * width
        return max(across / down, down / across) - 1  # quotients of whole numbers are the nearest there are

    sizes = canvas_sizes(area)
    full = [size for size in sizes if 100 * size[0] * size[1] >= 98 * area]
    best = min(full, key=lambda size: (miss(size), -size[0] * size[1], -size[0]), default=None)
    if best is not None and miss(best) < NEAR:
        return best
    if near := [size for size in sizes if miss(size) < NEAR]:
        return max(near, key=lambda size: (size[0] * size[1], -miss(size)))
    best = min(sizes, key=lambda size: (miss(size), -size[0] * size[1]), default=None)
    if best is None or miss(best) > max_miss:
        shape = f"{width}x{height} px"
        raise ValueError(f"no canvas of {area * 2 // 5} to {area} px has nearly the shape of {shape}")
    return best


@cache
def canvas_sizes(area: int) -> list[tuple[int, int]]:
    """All sizes of 40 to 100 % of `area` with sides of multiples of 16."""
    step = CANVAS_MULTIPLE
    return [
        (w, h)
        for w in range(step, area // step + 1, step)
        for h in range(area // w // step * step, 0, -step)
        if 5 * w * h >= 2 * area
    ]


def canvas_affine(
    width: int, height: int, canvas: tuple[int, int], corner: tuple[int, int] = (0, 0)
) -> Array:
    """2x3 map from source px to canvas px: one scale for both axes, the overshoot cut evenly from both sides.

    The source is of `width` x `height` px, or is that much of larger pictures from `corner` (x, y) on. Its
    centre falls on the canvas's centre: the principal point of a centred camera stays central.
    """
    center = corner[0] + (width - 1) / 2, corner[1] + (height - 1) / 2
    return centred_affine(center, max(canvas[0] / width, canvas[1] / height), canvas)


def centred_affine(center: tuple[float, float], scale: float, canvas: tuple[int, int]) -> Array:
    """2x3 map that enlarges by `scale` and puts the source point `center` on the canvas's centre."""
    shift = [(side - 1) / 2 - scale * middle for side, middle in zip(canvas, center, strict=True)]
    return np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])


def apply_affine(affine: Array, points: Reals) -> Array:
    """Points (..., 2) under a 2x3 map."""
    return np.asarray(points @ affine[:, :2].T + affine[:, 2], dtype=np.float64)


def composed(outer: Array, inner: Array) -> Array:
    """2x3 map that applies `inner`, then `outer`."""
    return np.column_stack([outer[:, :2] @ inner[:, :2], outer[:, :2] @ inner[:, 2] + outer[:, 2]])


def assumed_focal_px(width: int, height: int) -> float:
    """Focal length of an unknown camera, px: the picture's diagonal (CLIFF, arXiv 2208.00571)."""
    return math.hypot(width, height)


def principal_point(width: int, height: int) -> Array:
    """Where the optical axis meets a picture of this size, px: its centre."""
    return np.array([(width - 1) / 2, (height - 1) / 2])


def project(points: Reals, focal_px: float, principal: Reals) -> Array:
    """Camera points (..., 3) in front of the camera as pixels (..., 2)."""
    return np.asarray(focal_px * points[..., :2] / points[..., 2:] + principal, dtype=np.float64)


def in_picture(points: Reals, width: int, height: int) -> NDArray[np.bool_]:
    """Which points (..., 2) lie in a picture of this size, by its pixels' outer edges."""
    return np.asarray(((points >= -0.5) & (points <= np.array([width, height]) - 0.5)).all(axis=-1))


# Rotations


def orthonormalise(matrices: Reals) -> Array:
    """The rotations nearest to these matrices (..., 3, 3) in the Frobenius norm (Kabsch)."""
    u, _, vt = np.linalg.svd(np.asarray(matrices, dtype=np.float64))
    u[..., :, 2] *= np.linalg.det(u @ vt)[..., None]
    return np.asarray(u @ vt)


def chordal_mean(rotations: Reals) -> Array:
    """Mean (3, 3) of rotations (n, 3, 3): the nearest in summed squared Frobenius distance."""
    return orthonormalise(np.mean(rotations, axis=0, dtype=np.float64))


def quaternion(rotations: Reals) -> Array:
    """Unit quaternions (..., 4) of rotations, w >= 0."""
    return np.asarray(
        scipy.spatial.transform.Rotation.from_matrix(rotations).as_quat(canonical=True, scalar_first=True)
    )


def rotation(quaternions: Reals) -> Array:
    """Rotations (..., 3, 3) of quaternions (..., 4) of any length but zero."""
    return np.asarray(scipy.spatial.transform.Rotation.from_quat(quaternions, scalar_first=True).as_matrix())


def rotation_vector(rotations: Reals) -> Array:
    """Axis times angle (..., 3), rad, angle in [0, pi]."""
    return np.asarray(scipy.spatial.transform.Rotation.from_matrix(rotations).as_rotvec())


def rotation_about(vectors: ArrayLike) -> Array:
    """Rotations (..., 3, 3) about the vectors (..., 3) by their lengths, rad."""
    return np.asarray(
        scipy.spatial.transform.Rotation.from_rotvec(np.asarray(vectors, dtype=np.float64)).as_matrix()
    )


def slerp(start: Reals, stop: Reals, share: ArrayLike) -> Array:
    """Rotations `share` (0..1, broadcast) of the shortest way from `start` to `stop`."""
    turn = rotation_vector(np.swapaxes(start, -1, -2) @ stop)
    return np.asarray(start @ rotation_about(np.asarray(share)[..., None] * turn))


def head_angles(rotations: Reals) -> tuple[Array, Array, Array]:
    """(yaw, pitch, roll), rad: gaze towards image right, gaze up, and crown towards image right are positive.

    For people to read. The head frame is x to the person's left ear, y down, z out of the back of the head:
    the identity looks into the camera. Yaw is applied last, roll first.
    """
    r = np.asarray(rotations, dtype=np.float64)
    yaw = np.arctan2(-r[..., 0, 2], r[..., 2, 2])
    pitch = np.arctan2(r[..., 1, 2], np.hypot(r[..., 0, 2], r[..., 2, 2]))
    roll = np.arctan2(r[..., 1, 0], r[..., 1, 1])
    return yaw, pitch, roll


def head_rotation(yaw: ArrayLike, pitch: ArrayLike, roll: ArrayLike) -> Array:
    """Rotations (..., 3, 3) of these angles: the inverse of `head_angles`."""
    yaw, pitch, roll = np.broadcast_arrays(yaw, pitch, roll)
    axes = np.eye(3)
    turn, nod, lean = -yaw[..., None] * axes[1], -pitch[..., None] * axes[0], roll[..., None] * axes[2]
    return np.asarray(rotation_about(turn) @ rotation_about(nod) @ rotation_about(lean))


# Body


def torso_frame(joints3d: Reals) -> Array:
    """Rotations (..., 3, 3) of the torso: x to the person's left, y down the spine, z out of the back.

    The identity stands upright and faces the camera, as with the head frame. From our body joints
    (..., 16, 3): down is from the shoulders' to the hips' middle; across is the sum of both lines.
    """
    joints = np.asarray(joints3d, dtype=np.float64)
    left = joints[..., J["left_shoulder"], :] + joints[..., J["left_hip"], :]
    right = joints[..., J["right_shoulder"], :] + joints[..., J["right_hip"], :]
    shoulders = joints[..., J["left_shoulder"], :] + joints[..., J["right_shoulder"], :]
    hips = joints[..., J["left_hip"], :] + joints[..., J["right_hip"], :]
    down = unit(hips - shoulders)
    across = unit(left - right - down * np.sum(down * (left - right), axis=-1, keepdims=True))
    return orthonormalise(np.stack([across, down, np.cross(across, down)], axis=-1))


def body_yaw(joints3d: Reals) -> Array:
    """Yaw (...) of the torso, rad in [-pi, pi]: 0 facing the camera, positive towards image right.

    The torso's forward g = down x across gives atan2(g_x, -g_z) (method.md 6).
    """
    return head_angles(torso_frame(joints3d))[0]


def unit(vectors: Reals) -> Array:
    """Vectors (..., n) at length 1; zero stays zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, 1), dtype=np.float64)


def wrap_angle(angles: ArrayLike) -> Array:
    """The same angles in (-pi, pi]."""
    return np.asarray(np.pi - np.mod(np.pi - np.asarray(angles, dtype=np.float64), 2 * np.pi))


def circular_median(angles: Reals) -> tuple[float, float]:
    """The angle nearest to all others around the circle, to a degree, and their mean distance from it, rad.

    The distance is 0 to pi / 2, which is that of angles spread evenly over the circle.
    """
    degrees = np.floor(np.degrees(wrap_angle(angles))).astype(np.int64) % 360
    count = np.bincount(degrees, minlength=360)
    apart = np.abs((np.arange(360)[:, None] - np.arange(360) + 180) % 360 - 180)
    total = apart @ count
    best = int(np.argmin(total))
    return float(wrap_angle(math.radians(best + 0.5))), math.radians(int(total[best]) / len(degrees))


# Boxes: (..., 4) as x0, y0, x1, y1 px


def bounding_box(points: Reals) -> Array:
    """Smallest boxes (..., 4) around points (..., n, 2)."""
    return np.concatenate([points.min(axis=-2), points.max(axis=-2)], axis=-1).astype(np.float64)


def grow_box(boxes: Reals, area: float, above: float = 0.5) -> Array:
    """Boxes of `area` times the area, same aspect; `above` is the share of the vertical growth at the top."""
    x0, y0, x1, y1 = np.moveaxis(np.asarray(boxes, dtype=np.float64), -1, 0)
    wider, higher = (math.sqrt(area) - 1) * (x1 - x0), (math.sqrt(area) - 1) * (y1 - y0)
    return np.stack([x0 - wider / 2, y0 - above * higher, x1 + wider / 2, y1 + (1 - above) * higher], axis=-1)


def square_box(boxes: Reals) -> Array:
    """Squares of the same centres whose sides are the longer sides."""
    b = np.asarray(boxes, dtype=np.float64)
    center, half = (b[..., :2] + b[..., 2:]) / 2, np.max(b[..., 2:] - b[..., :2], axis=-1, keepdims=True) / 2
    return np.concatenate([center - half, center + half], axis=-1)


def box_iou(a: Reals, b: Reals) -> Array:
    """Intersection over union of boxes, broadcast; 0 where both are empty."""
    overlap = np.clip(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0, None).prod(
        axis=-1
    )
    union = box_area(a) + box_area(b) - overlap
    return np.asarray(overlap / np.where(union > 0, union, 1), dtype=np.float64)


def box_area(boxes: Reals) -> Array:
    """Areas (...) of boxes, px^2."""
    return np.asarray((boxes[..., 2:] - boxes[..., :2]).prod(axis=-1), dtype=np.float64)
