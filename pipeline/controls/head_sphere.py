"""The head sphere of every frame: the tracker's where it saw the face, the torso's elsewhere (method.md 3.2).

What the torso says is its frame with three constants of the clip, fitted where both are known: the head's
rotation and the head centre's place in that frame, and the head's radius. It continues the tracker at every
switch and is itself again within five frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.controls.smoothing import Mask, around, fill, fill_rotations, smooth, smooth_rotations
from pipeline.geometry import (
    Array,
    Reals,
    apply_affine,
    chordal_mean,
    project,
    rotation_about,
    rotation_vector,
    torso_frame,
)
from schemas.joints import J
from schemas.tracks import HeadTrack

HEAD_RADIUS_M = 0.115
"""Of a head that no tracker has measured (method.md 14)."""

NECK_TO_HEAD_M = (0.0, -0.16, -0.05)
"""From the neck joint to the head's centre in the torso's frame, where no tracker has measured."""

PRIOR_WEIGHT = 1e-3
"""Of `NECK_TO_HEAD_M` against a measured frame: it decides only what frames leave open, such as the depth."""

MIN_FIT_FRAMES = 12
"""The constants of a clip are fitted to no fewer frames than these: one false face must not size the head."""

BLEND_FRAMES = 5


@dataclass(frozen=True)
class Camera:
    """A pinhole: focal length and principal point, px."""

    focal_px: float
    principal: Array


@dataclass(frozen=True)
class Spheres:
    """Rotations (t, 3, 3), centres (t, 2) px, radii (t,) px, and the frames in which they are known.

    Elsewhere the numbers mean nothing, but are finite.
    """

    rotation: Array
    center: Array
    radius: Array
    known: Mask

    @classmethod
    def measured(cls, head: HeadTrack, affine: Array) -> Spheres:
        """What the tracker saw, its pixels mapped by a 2x3 map that scales both axes alike."""
        valid = head.valid
        return cls(
            np.where(valid[:, None, None], head.rotation, np.eye(3)),
            apply_affine(affine, np.where(valid[:, None], head.center, 0.0)),
            affine[0, 0] * np.where(valid, head.radius, 1.0),
            valid,
        )

    def or_else(self, other: Spheres) -> Spheres:
        """These spheres where they are known, the others elsewhere."""
        mine = self.known
        return Spheres(
            np.where(mine[:, None, None], self.rotation, other.rotation),
            np.where(mine[:, None], self.center, other.center),
            np.where(mine, self.radius, other.radius),
            mine | other.known,
        )

    def finished(self, max_gap: int, sigma: float) -> Spheres:
        """Smoothed, gaps up to `max_gap` frames bridged; in longer ones the radius is 0 and the rest held."""
        rotation, known = fill_rotations(self.rotation, self.known, max_gap)
        center, _ = fill(self.center, self.known, max_gap)
        radius, _ = fill(self.radius, self.known, max_gap)
        return Spheres(
            smooth_rotations(rotation, known, sigma),
            smooth(center, known, sigma),
            smooth(radius, known, sigma) * known,
            known,
        )


def with_torso(tracked: Spheres, joints3d: Reals, body_known: Mask, camera: Camera) -> Spheres:
    """The tracker's spheres, and where they are missing and the body is known, what the torso says."""
    both = tracked.known & body_known
    return tracked.or_else(meet(from_torso(tracked, joints3d, body_known, camera), tracked, both))


def from_torso(tracked: Spheres, joints3d: Reals, body_known: Mask, camera: Camera) -> Spheres:
    """Spheres by the torso alone, known where the body is; the constants fit the tracker's spheres."""
    both = tracked.known & body_known
    if both.sum() < MIN_FIT_FRAMES:
        both = np.zeros_like(both)
    torso, neck = torso_frame(joints3d), joints3d[:, J["neck"]].astype(np.float64)
    offset = fit_offset(torso[both], neck[both], tracked.center[both], camera)
    head = np.where(body_known[:, None], neck + torso @ offset, [0.0, 0.0, 1.0])
    px_per_m = camera.focal_px / head[:, 2]
    turn, radius_m = np.eye(3), HEAD_RADIUS_M
    if both.any():
        turn = chordal_mean(np.swapaxes(torso[both], -1, -2) @ tracked.rotation[both])
        radius_m = float(np.median(tracked.radius[both] / px_per_m[both]))
    return Spheres(
        torso @ turn, project(head, camera.focal_px, camera.principal), radius_m * px_per_m, body_known
    )


def fit_offset(torso: Array, neck: Array, center: Array, camera: Camera) -> Array:
    """The head's centre in the torso's frame, m, whose projections fit the centres (n, 2) best.

    With u = (centre - principal) / focal, the point P = neck + torso @ offset is seen there if P_xy = u P_z:
    two equations a frame, linear in the offset, solved by least squares.
    """
    u = (center - camera.principal) / camera.focal_px
    rows = (torso[:, :2] - u[:, :, None] * torso[:, 2:]).reshape(-1, 3)
    values = (u * neck[:, 2:] - neck[:, :2]).reshape(-1)
    prior = PRIOR_WEIGHT * max(len(neck), 1) * np.eye(3)
    return np.linalg.solve(rows.T @ rows + prior, rows.T @ values + prior @ np.array(NECK_TO_HEAD_M))


def meet(guess: Spheres, tracked: Spheres, both: Mask) -> Spheres:
    """`guess`, moved so that it continues the tracker at a switch; the move fades over five frames."""
    near = pull(both)
    turn = rotation_vector(np.swapaxes(guess.rotation, -1, -2) @ tracked.rotation)
    shift = (tracked.center - guess.center) / guess.radius[
        :, None
    ]  # in radii: a head that comes nearer grows
    growth = np.log(tracked.radius / guess.radius)
    return Spheres(
        guess.rotation @ rotation_about(near @ turn),
        guess.center + near @ shift * guess.radius[:, None],
        guess.radius * np.exp(near @ growth),
        guess.known,
    )


def pull(both: Mask) -> Array:
    """Weights (t, t) of the last and the next of the frames `both` in the move of every frame.

    5/6 beside such a frame, 0 from the sixth on; between two of them the weights sum to 1 at most.
    """
    frames, weights = np.arange(len(both)), np.zeros((len(both), len(both)))
    for nearest in around(both):
        inside = (nearest >= 0) & (nearest < len(both))
        fade = np.clip(1 - np.abs(frames - nearest) / (BLEND_FRAMES + 1), 0, 1)
        weights[frames[inside], nearest[inside]] = fade[inside]
    return np.asarray(weights / np.maximum(weights.sum(axis=1, keepdims=True), 1))
