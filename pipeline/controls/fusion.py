"""HMR2.0's body and HaMeR's hands on one SMPL-X: rotations alone, so hands hang on the body's own wrists.

A hand's rotation is told in the camera frame; in the tree it is what is left of it behind the elbow's
(Mano2Smpl-X, which HaMeR's authors point to). Both networks see crops through cameras that hardly turn, by
1.5 degrees at most, so no turn between crops is undone. A hand that would bend its wrist further than wrists
go is not believed; up to 45 degrees of its roll about the forearm are the forearm's, as in an arm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipeline.controls.body_and_hands import BodyControls, HandControls
from pipeline.controls.smoothing import (
    Frames,
    Mask,
    SmoothingSettings,
    fill,
    fill_rotations,
    smooth_rotations,
)
from pipeline.controls.smplx_tree import (
    BODY,
    ELBOWS,
    NUM_JOINTS,
    OUR_BODY,
    OUR_HANDS,
    WRISTS,
    placed,
    turns_in_camera,
)
from pipeline.geometry import (
    Array,
    Reals,
    project,
    quaternion,
    rotation_about,
    rotation_vector,
    unit,
)
from schemas.joints import J
from schemas.smplx import SmplxPose
from schemas.tracks import BodyTrack, HandTrack

MOST_BEND = np.radians(90.0)
"""A wrist bends no further: the network is wrong about the hand."""
MOST_ROLL = np.radians(45.0)
"""Of the wrist's roll about the forearm, what the forearm takes."""
NUM_FINGERS = 15
BODY_WRISTS = [J["left_wrist"], J["right_wrist"]]


@dataclass(frozen=True)
class FusedBody:
    """A clip's body and hands on SMPL-X, a value for every frame."""

    pose: SmplxPose
    joints: Array
    """(t, 67, 3): places of SMPL-X's joints, toes and finger tips in the camera frame, m."""
    hands_known: Mask
    """(t, 2): the left and the right hand are measured or bridged."""
    with_hands: bool
    """Whether hands have a model at all."""


def fused(
    body: BodyTrack, hands: HandTrack, max_gap: int, sigma: SmoothingSettings, shown: Frames
) -> FusedBody | None:
    """Body and hands on one SMPL-X, gaps of up to `max_gap` frames bridged, smoothed behind the fusion.

    None where the estimators have no body model, or the body is nowhere valid.
    """
    if body.rotations.shape[1] == 0 or not body.valid.any():
        return None
    own, known = filled(body.rotations, body.valid, max_gap)
    local = np.tile(np.eye(3), (len(own), NUM_JOINTS, 1, 1))
    local[:, : len(BODY)] = smoothed(own, known, sigma.body, shown)
    rest = body.rest[body.valid].mean(axis=0, dtype=np.float64)
    hands_known = np.zeros((len(own), 2), np.bool_)
    modelled = hands.rotations.shape[2] > 0
    if modelled:
        for side in (0, 1):
            hands_known[:, side] = with_hand(local, rest, hands, side, max_gap, sigma.hands, shown)
    pelvis = fill(body.joints3d[:, J["pelvis"]], body.valid, max_gap)[0]
    transl = pelvis - rest[0]
    betas = body.betas[body.valid].mean(axis=0, dtype=np.float64)
    joints = placed(local, rest) + transl[:, None]
    return FusedBody(as_pose(local, betas, transl), joints, hands_known, modelled)


def drawn_from(
    whole: FusedBody, body: BodyControls, hands: HandControls, focal_px: float, middle: Array
) -> tuple[BodyControls, HandControls]:
    """Body and hands on the canvas whose places are those of SMPL-X's joints, seen as surely as before.

    `middle` is where the optical axis meets the canvas, px. Hands that have no model stay as they are,
    moved to the wrists.
    """
    joints3d = whole.joints[:, OUR_BODY]
    joints2d = project(joints3d, focal_px, middle)
    arms = replace(body, joints2d=joints2d, joints3d=joints3d)
    moved = joints2d[:, BODY_WRISTS] - body.joints2d[:, BODY_WRISTS]
    points2d, points3d = hands.points2d + moved[:, :, None], hands.points3d.copy()
    for side, order in enumerate(OUR_HANDS):
        known = whole.hands_known[:, side]
        own = whole.joints[known][:, order]
        points2d[known, side] = project(own, focal_px, middle)
        points3d[known, side] = own - own[:, :1]
    score = hands.score * whole.hands_known if whole.with_hands else hands.score
    return arms, HandControls(points2d, points3d, score)


def with_hand(
    local: Array, rest: Array, hands: HandTrack, side: int, max_gap: int, sigma: float, shown: Frames
) -> Mask:
    """Puts a hand onto the body's rotations (t, 55, 3, 3); where (t,) it is known. Elsewhere these stay."""
    elbow, wrist = ELBOWS[side], WRISTS[side]
    arm = turns_in_camera(local[:, : len(BODY)])[:, elbow]
    rotations = hands.rotations[:, side].astype(np.float64)
    bend = wrist_in_arm(arm, rotations[:, 0])
    bent_by = np.linalg.norm(rotation_vector(bend), axis=-1)
    believed = np.asarray((hands.score[:, side] > 0) & (bent_by <= MOST_BEND))
    if not believed.any():
        return believed
    turned, known = filled(np.concatenate([bend[:, None], rotations[:, 1:]], axis=1), believed, max_gap)
    turned = smoothed(turned, known, sigma, shown)
    roll, bent = split_roll(turned[:, 0], unit(rest[wrist] - rest[elbow]))
    local[known, elbow] = (local[:, elbow] @ roll)[known]
    local[known, wrist] = bent[known]
    first = 25 + NUM_FINGERS * side
    local[known, first : first + NUM_FINGERS] = turned[known, 1:]
    return known


def wrist_in_arm(arm: Reals, hand: Reals) -> Array:
    """A hand's rotation (..., 3, 3) in its forearm's frame, by both in the camera frame."""
    return np.asarray(np.swapaxes(arm, -1, -2) @ hand)


def split_roll(rotations: Array, axis: Array) -> tuple[Array, Array]:
    """The roll (t, 3, 3) about an axis that the forearm takes, at most 45 degrees, and what is left behind.

    Roll is the part of a rotation about the axis that leaves a bend across it (swing and twist).
    """
    parts = quaternion(rotations)
    roll = 2 * np.arctan2(parts[:, 1:] @ axis, parts[:, 0])
    taken = rotation_about(np.clip(roll, -MOST_ROLL, MOST_ROLL)[:, None] * axis)
    return taken, np.asarray(np.swapaxes(taken, -1, -2) @ rotations)


def filled(rotations: Reals, valid: Mask, max_gap: int) -> tuple[Array, Mask]:
    """Rotations (t, n, 3, 3) without holes, and where they are measured or bridged."""
    parts = [fill_rotations(rotations[:, n], valid, max_gap) for n in range(rotations.shape[1])]
    return np.stack([part for part, _ in parts], axis=1), parts[0][1]


def smoothed(rotations: Array, known: Mask, sigma: float, shown: Frames) -> Array:
    """Rotations (t, n, 3, 3), each smoothed over time by itself."""
    parts = [smooth_rotations(rotations[:, n], known, sigma, shown) for n in range(rotations.shape[1])]
    return np.stack(parts, axis=1)


def as_pose(local: Array, betas: Array, transl: Array) -> SmplxPose:
    """The arrays of a sample."""
    parts = {
        "global_orient": local[:, 0],
        "body_pose": local[:, 1:22],
        "left_hand_pose": local[:, 25:40],
        "right_hand_pose": local[:, 40:55],
        "betas": betas,
        "transl": transl,
    }
    return SmplxPose(**{name: part.astype(np.float32) for name, part in parts.items()})
