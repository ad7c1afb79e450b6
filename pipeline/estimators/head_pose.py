"""Head rotation and sphere from the face mesh: a weighted similarity fit of the canonical face, in numpy.

The mesh has depth too, so no search is needed: every point is put on its pixel's ray at its depth, and the
canonical face is laid over these points by Procrustes analysis. Rotations are told as a camera turned towards
the head sees them: the identity looks into the lens wherever in the picture the face is. So the sphere's
colours, which count normals from the line of sight (method.md 3.2), fit what is seen, and a wrong guess of
the focal length does little harm; told by the axes of the camera as it stands, the same guess would turn a
face at the top of an upright picture by 17 degrees and more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry import assumed_focal_px, principal_point, project, rotation_about
from schemas.media import Frames
from schemas.tracks import EstimatorCard, FaceTrack, HeadTrack

Array = NDArray[np.float64]

# Mesh point on the person's right and its mirror on the left (the same on the midline), weight, and the
# right one's place on the canonical face in cm: x to the person's left, y up, z out of the face. The 33
# points and weights of mediapipe's face geometry module (Apache-2.0, geometry_pipeline_metadata_landmarks).
BASIS: tuple[tuple[int, int, float, float, float, float], ...] = (
    (4, 4, 0.070910, 0.0, -0.463, 7.587),
    (6, 6, 0.032100, 0.0, 2.473, 5.789),
    (10, 10, 0.008447, 0.0, 8.262, 4.482),
    (33, 263, 0.058724, -4.446, 2.664, 3.173),
    (54, 284, 0.007667, -6.279, 6.615, 1.426),
    (67, 297, 0.009078, -3.524, 8.006, 3.729),
    (117, 346, 0.009792, -5.259, 0.946, 2.974),
    (119, 348, 0.014565, -3.301, 0.862, 3.873),
    (121, 350, 0.018591, -1.821, 1.468, 4.224),
    (127, 356, 0.005198, -7.743, 2.365, -2.005),
    (129, 358, 0.120625, -1.786, -0.978, 4.850),
    (132, 361, 0.005560, -7.271, -2.891, -2.252),
    (133, 362, 0.053286, -1.856, 2.585, 3.758),
    (136, 365, 0.066890, -5.085, -7.179, 0.715),
    (143, 372, 0.014817, -6.408, 2.236, 1.561),
    (147, 376, 0.014263, -6.235, -1.944, 1.664),
    (198, 420, 0.025462, -1.247, 0.230, 5.681),
    (205, 425, 0.047252, -3.833, -1.537, 4.138),
)

SPHERE_CENTER_CM = (0.0, -2.5, 4.5)
"""Of the sphere that stands for a head, in the canonical face's head frame."""
SPHERE_RADIUS_CM = 11.5
"""One size for all data: 1.36 times half the canonical face's width, which tells other trackers theirs."""


def canonical() -> tuple[NDArray[np.intp], Array, Array]:
    """Mesh indices (33,), their points (33, 3) in the head frame, cm, and weights (33,) of sum 1.

    The head frame is x to the person's left ear, y down, z out of the back of the head (method.md 3.2).
    """
    rows = {right: (weight, x, -y, -z) for right, _, weight, x, y, z in BASIS}
    rows |= {left: (weight, -x, -y, -z) for _, left, weight, x, y, z in BASIS}
    table = np.array(list(rows.values()))
    return np.array(list(rows)), table[:, 1:], table[:, 0] / table[:, 0].sum()


@dataclass(frozen=True, kw_only=True)
class MeshHead:
    """The embedded head tracker: needs nothing but a face mesh of mediapipe's layout."""

    def build(self) -> MeshHeadTracker:
        """The tracker."""
        return MeshHeadTracker()


class MeshHeadTracker:
    """Fits the canonical face to every frame's mesh by itself."""

    @property
    def card(self) -> EstimatorCard:
        """Name, version, no weights, and the canonical face's licence."""
        return EstimatorCard(name="canonical_face_fit", version="1", weights_sha256="", licence="Apache-2.0")

    def __call__(self, frames: Frames, faces: FaceTrack, /) -> HeadTrack:
        """Rotation and sphere where the face is valid, elsewhere the identity and zeros."""
        num_frames, height, width = frames.shape[:3]
        rotation = np.tile(np.eye(3, dtype=np.float32), (num_frames, 1, 1))
        center = np.zeros((num_frames, 2), np.float32)
        radius = np.zeros(num_frames, np.float32)
        seen = np.flatnonzero(faces.valid)
        if len(seen):
            focal_px, principal = assumed_focal_px(width, height), principal_point(width, height)
            heads = fit_heads(faces.mesh[seen].astype(np.float64), focal_px, principal)
            rotation[seen], center[seen], radius[seen] = heads
        return HeadTrack(rotation=rotation, center=center, radius=radius, valid=faces.valid)


def fit_heads(mesh: Array, focal_px: float, principal: Array) -> tuple[Array, Array, Array]:
    """Rotations (t, 3, 3), sphere centres (t, 2) px and radii (t,) px of meshes (t, m, 3) seen by a pinhole.

    A rotation is to the frame of the camera turned to look at the face, not of the camera as it stands.
    """
    index, face, weight = canonical()
    points, turn = unproject(mesh[:, index], focal_px, principal, weight)
    rotation, scale, shift = similarity(face, points, weight)
    middle = scale[:, None] * (rotation @ np.array(SPHERE_CENTER_CM)) + shift
    center = project(np.einsum("tij,tj->ti", turn, middle), focal_px, principal)
    return rotation, center, SPHERE_RADIUS_CM * scale * distance(turn, focal_px) / middle[:, 2]


def unproject(mesh: Array, focal_px: float, principal: Array, weight: Array) -> tuple[Array, Array]:
    """Points (t, n, 3) of a mesh (t, n, 3) before the camera turned to look at them, and its turn (t, 3, 3).

    Every point lies on its pixel's ray, its depth counted along the axis from the mean. The unit is the
    picture's pixel at the face, so that depths of the mesh stand as they are.
    """
    rays = np.concatenate([mesh[..., :2] - principal, np.full((*mesh.shape[:2], 1), focal_px)], axis=-1)
    turn = turn_towards(weight @ rays)
    seen = rays @ turn
    depth = mesh[..., 2] - (mesh[..., 2] @ weight)[:, None] + distance(turn, focal_px)[:, None]
    return seen * (depth / seen[..., 2])[..., None], turn


def turn_towards(rays: Array) -> Array:
    """The shortest rotations (t, 3, 3) that turn a camera's axis to rays (t, 3)."""
    x, y, z = np.moveaxis(rays, -1, 0)
    aside = np.hypot(x, y)
    angle = np.arctan2(aside, z) / np.where(aside > 0, aside, 1)
    return rotation_about(np.stack([-y * angle, x * angle, np.zeros_like(z)], axis=-1))


def distance(turn: Array, focal_px: float) -> Array:
    """How far (t,) a face is away, counted in the picture's pixels at the face.

    A pinhole stretches what lies aside of its axis by 1 / cos^2 outwards and 1 / cos across, 1 / cos^1.5 on
    average: a pixel covers that much less of it than of a face at the centre, `focal_px` pixels away.
    """
    away: Array = focal_px / turn[:, 2, 2] ** 1.5
    return away


def similarity(source: Array, target: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Rotations (t, 3, 3), scales (t,) and shifts (t, 3) from `source` (n, 3) to `target` (t, n, 3).

    Least squares with weights (n,) of sum 1 (Umeyama, IEEE TPAMI 13(4), 1991).
    """
    source_mean, target_mean = weight @ source, weight @ target
    spread = source - source_mean
    moment = np.einsum("n,tni,nj->tij", weight, target - target_mean[:, None], spread)
    u, singular, vt = np.linalg.svd(moment)
    sign = np.ones_like(singular)
    sign[:, 2] = np.linalg.det(u @ vt)
    rotation = (u * sign[:, None]) @ vt
    scale = (singular * sign).sum(axis=-1) / (weight @ (spread**2).sum(axis=-1))
    return rotation, scale, target_mean - scale[:, None] * (rotation @ source_mean)
