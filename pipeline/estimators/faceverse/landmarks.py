"""A head laid over its landmarks: Gauss-Newton on rotation and place, all frames of a window at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.faceverse.morphable import DISTANCE, FOCAL_PX, project
from pipeline.geometry import rotation_about

Array = NDArray[np.float64]
ROUNDS = 4
AXIS = np.array([0.0, 0.0, DISTANCE])
STIFFNESS = 1e-6
"""Share of the mean of the diagonal that is added to it: a head of one point stays where it is."""
NEAREST = 1.0
"""No head comes nearer to the camera, in units of the model."""


def refined(points: Array, rotation: Array, shift: Array, pixels: Array) -> tuple[Array, Array]:
    """Rotations (b, 3, 3) and shifts (b, 3) that put the points (b, n, 3) of heads onto pixels (b, n, 2).

    They begin at what the network says, and are that again for a head which ends further from its pixels.
    """
    start, began = (rotation, shift), error(points, rotation, shift, pixels)
    for _ in range(ROUNDS):
        turn, move = step(points, rotation, shift, pixels)
        rotation, shift = rotation_about(turn) @ rotation, shift + move
    better = error(points, rotation, shift, pixels) < began
    return np.where(better[:, None, None], rotation, start[0]), np.where(better[:, None], shift, start[1])


def step(points: Array, rotation: Array, shift: Array, pixels: Array) -> tuple[Array, Array]:
    """By how much rotations, rad about axes of the camera (b, 3), and shifts (b, 3) come nearer."""
    turned = np.einsum("bij,bnj->bni", rotation, points)
    placed = turned + (shift + AXIS)[:, None]
    placed[..., 2] = np.maximum(placed[..., 2], NEAREST)
    flat = np.zeros((*placed.shape[:2], 2, 3))
    flat[..., 0, 0] = flat[..., 1, 1] = FOCAL_PX / placed[..., 2]
    flat[..., :, 2] = -FOCAL_PX * placed[..., :2] / placed[..., 2:] ** 2
    slopes = np.concatenate([flat @ -crossing(turned), flat], axis=-1)
    rest = pixels - project(placed)[..., :2]
    normal = np.einsum("bnki,bnkj->bij", slopes, slopes)
    normal += STIFFNESS * np.trace(normal, axis1=1, axis2=2)[:, None, None] / 6 * np.eye(6)
    found = np.linalg.solve(normal, np.einsum("bnki,bnk->bi", slopes, rest)[..., None])[..., 0]
    return found[:, :3], found[:, 3:]


def crossing(vectors: Array) -> Array:
    """Matrices (..., 3, 3) that give the cross product of vectors (..., 3) with another."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    o = np.zeros_like(x)
    return np.stack([np.stack(row, axis=-1) for row in ((o, -z, y), (z, o, -x), (-y, x, o))], axis=-2)


def error(points: Array, rotation: Array, shift: Array, pixels: Array) -> Array:
    """Mean distance (b,) of heads from their pixels; without bound for one behind the camera."""
    placed = np.einsum("bij,bnj->bni", rotation, points) + (shift + AXIS)[:, None]
    before = (placed[..., 2] > NEAREST).all(axis=1)
    flat = project(np.where(before[:, None, None], placed, AXIS))[..., :2]
    return np.where(before, np.linalg.norm(flat - pixels, axis=-1).mean(axis=1), np.inf)
