"""The head sphere of every frame: the tracker's where it saw the face from in front, the body's elsewhere.

A tracker goes by the face. The more the head turns away, the smaller and the further forward it puts the
sphere, and from behind it sees nothing. So frames count by how frontal they are, and tell three constants of
the clip: the head's rotation in the torso's frame, its radius in metres, and its place by the middle between
the ears, which the person estimator sees from every side. Where the face is lost, these continue the tracker,
and are themselves again within five frames (method.md 3.2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipeline.controls.smoothing import Frames, Mask, around, fill, fill_rotations, smooth, smooth_rotations
from pipeline.geometry import (
    Array,
    Reals,
    apply_affine,
    orthonormalise,
    rotation_about,
    rotation_vector,
    torso_frame,
)
from schemas.joints import J
from schemas.tracks import HeadTrack

NECK_TO_HEAD_M = (0.0, -0.16, -0.05)
"""From the neck joint to the head's centre in the torso's frame: where its distance is told."""

BEHIND_EARS = 0.15
"""Of the sphere's radius, from the middle between the ears to the back: frontal frames do not tell it."""

FRONTAL = (np.cos(np.radians(40.0)), np.cos(np.radians(70.0)))
"""Cosines of the angles off the line of sight up to which a head counts wholly, and from which not at all."""

MIN_FIT_FRAMES = 12
"""Frames that count, below which a clip has no constants, and heads are where the tracker sees them alone."""

NEAREST_M = 0.1
"""No head is nearer to the camera."""

BLEND_FRAMES = 5
DISTANCE_SIGMA = 4.0
"""Sigma, in frames, of the Gaussian over the body's distances: they are noisy, and nobody is that fast."""


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

    def finished(self, max_gap: int, sigma: float, shown: Frames) -> Spheres:
        """Smoothed, gaps up to `max_gap` frames bridged; in longer ones the radius is 0 and the rest held."""
        rotation, known = fill_rotations(self.rotation, self.known, max_gap)
        center, _ = fill(self.center, self.known, max_gap)
        radius, _ = fill(self.radius, self.known, max_gap)
        return Spheres(
            smooth_rotations(rotation, known, sigma, shown),
            smooth(center, known, sigma, shown),
            smooth(radius, known, sigma, shown) * known,
            known,
        )


@dataclass(frozen=True)
class Carrier:
    """What tells where a head is without its face, on the canvas; known where the body is."""

    torso: Array  # t 3 3, `torso_frame`
    distance: Array  # t, of the head, m
    ears: Array  # t 2, px, the middle between them
    known: Mask

    @classmethod
    def of(cls, joints3d: Reals, ears: Reals, known: Mask, shown: Frames) -> Carrier:
        """That of a body (t, 16, 3) without holes."""
        torso, neck = torso_frame(joints3d), joints3d[:, J["neck"]].astype(np.float64)
        away = np.where(known, np.maximum((neck + torso @ np.array(NECK_TO_HEAD_M))[:, 2], NEAREST_M), 1.0)
        return cls(torso, smooth(away, known, DISTANCE_SIGMA, shown), np.asarray(ears, np.float64), known)


def with_body(tracked: Spheres, body: Carrier, focal_px: float) -> Spheres:
    """The tracker's spheres, and what the body says where they are missing or seen from the side.

    Without enough frontal frames the tracker's alone.
    """
    both = tracked.known & body.known
    weight = frontality(tracked.rotation) * both
    if np.count_nonzero(weight) < MIN_FIT_FRAMES:
        return tracked
    near = pull(both)
    guess = body.torso @ mean_turn(body.torso, tracked.rotation, weight)
    turn = rotation_vector(np.swapaxes(guess, -1, -2) @ tracked.rotation)
    rotation = guess @ rotation_about(near @ (turn * both[:, None]))
    radius = focal_px / body.distance
    growth = np.log(tracked.radius / radius)
    constant = np.average(growth, weights=weight)
    radius = radius * np.exp(constant + near @ (weight * (growth - constant)))
    return placed(tracked, body, Spheres(rotation, body.ears, radius, body.known), near * weight).or_else(
        tracked
    )


def placed(tracked: Spheres, body: Carrier, turned: Spheres, near: Array) -> Spheres:
    """The spheres with their centres: a constant place by the ears in the head's frame, of frontal frames.

    `near` are the weights (t, t) of the frames that tell what each is moved by, in radii: a head that comes
    nearer grows.
    """
    away = (tracked.center - body.ears) / turned.radius[:, None]
    behind, beside = BEHIND_EARS * turned.rotation[:, :2, 2], turned.rotation[:, :2, :2]
    guess = behind + beside @ fit_place(beside, away - behind, np.diagonal(near))
    center = body.ears + turned.radius[:, None] * (guess + near @ (away - guess))
    return replace(turned, center=center)


def fit_place(beside: Array, away: Array, weight: Array) -> Array:
    """The constant (2,) whose images under `beside` (t, 2, 2) are nearest to `away` (t, 2), by weight."""
    normal = np.einsum("t,tij,tik->jk", weight, beside, beside)
    return np.linalg.solve(normal, np.einsum("t,tij,ti->j", weight, beside, away))


def frontality(rotation: Array) -> Array:
    """How much (t,) heads count by how they look at the camera, 0 to 1."""
    least, whole = FRONTAL[1], FRONTAL[0]
    return np.asarray(np.clip((rotation[:, 2, 2] - least) / (whole - least), 0, 1))


def mean_turn(torso: Array, rotation: Array, weight: Array) -> Array:
    """The rotation (3, 3) of heads in their torsos' frame: the chordal mean by weight."""
    turns = np.swapaxes(torso, -1, -2) @ rotation
    return orthonormalise(np.average(turns, axis=0, weights=weight))


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
