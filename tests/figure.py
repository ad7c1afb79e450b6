"""An articulated figure: where the joints of a walking, turning person are, exactly.

The figure's own frame is x to its left, y down, z to its back, metres, with the pelvis at the origin: the
identity rotation stands upright and faces the camera, as in the camera frame of our records.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.joints import BODY_JOINTS, HAND_JOINTS

Array = NDArray[np.float64]

SHOULDER, HIP = np.array([0.18, -0.46, 0.0]), np.array([0.10, 0.0, 0.0])
NECK, HEAD = np.array([0.0, -0.50, 0.0]), np.array([0.0, -0.68, -0.02])
UPPER_ARM, FOREARM, THIGH, SHANK = 0.28, 0.25, 0.42, 0.42
TOE = np.array([0.02, 0.06, -0.17])
HEAD_RADIUS_M = 0.115
CROWN_M, SOLE_M = -0.85, 0.92
"""Vertical extent of the standing figure from the pelvis, with room around."""

FINGER_ROOTS = ((0.03, 0.035), (0.085, 0.028), (0.09, 0.008), (0.085, -0.012), (0.075, -0.03))
"""Of each finger, the thumb first: along the forearm and towards the thumb's side."""
PHALANX = (0.030, 0.034, 0.036, 0.034, 0.026)
FACE_MARKS = {
    "left_eye": (0.34, -0.12, -0.93),
    "right_eye": (-0.34, -0.12, -0.93),
    "nose": (0.0, 0.12, -1.0),
    "left_mouth": (0.22, 0.42, -0.88),
    "right_mouth": (-0.22, 0.42, -0.88),
    "chin": (0.0, 0.82, -0.57),
    "brow": (0.0, -0.45, -0.89),
}
"""Directions from the head's centre, in head radii, in the head's frame (the same axes as the figure's)."""


@dataclass(frozen=True, kw_only=True)
class Pose:
    """Angles of n figures, each (n,), rad: 0 hangs straight down, positive swings forward."""

    left_arm: Array
    right_arm: Array
    elbows: Array
    spread: Array  # of both arms to the sides
    left_leg: Array
    right_leg: Array
    knees: Array


def walking(phase: Array) -> Pose:
    """Angles at `phase` (rad) of a stride, arms against legs, elbows a little bent."""
    swing = np.sin(phase)
    return Pose(
        left_arm=0.5 * swing,
        right_arm=-0.5 * swing,
        elbows=0.6 + 0.3 * np.cos(phase),
        spread=np.full_like(phase, 0.25),
        left_leg=-0.35 * swing,
        right_leg=0.35 * swing,
        knees=0.3 + 0.2 * np.cos(2 * phase),
    )


def body_joints(pose: Pose) -> Array:
    """(n, 16, 3) in the figure's frame, in the order of BODY_JOINTS."""
    points = {"pelvis": np.zeros(3), "neck": NECK}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        mirror = np.array([sign, 1.0, 1.0])
        arm, leg = getattr(pose, f"{side}_arm"), getattr(pose, f"{side}_leg")
        points[f"{side}_shoulder"] = SHOULDER * mirror
        points[f"{side}_elbow"] = SHOULDER * mirror + UPPER_ARM * swung(arm, sign * pose.spread)
        lower = swung(arm + pose.elbows, sign * pose.spread)
        points[f"{side}_wrist"] = points[f"{side}_elbow"] + FOREARM * lower
        points[f"{side}_hip"] = HIP * mirror
        points[f"{side}_knee"] = HIP * mirror + THIGH * swung(leg, np.zeros_like(leg))
        points[f"{side}_ankle"] = points[f"{side}_knee"] + SHANK * swung(leg - pose.knees, np.zeros_like(leg))
        points[f"{side}_big_toe"] = points[f"{side}_ankle"] + TOE * mirror
    size = (len(pose.knees), 3)
    return np.stack([np.broadcast_to(points[name], size) for name in BODY_JOINTS], axis=1)


def swung(forward: Array, aside: Array) -> Array:
    """Unit vectors (n, 3) that hang down, swung forward and then to the figure's left."""
    return np.stack(
        [np.sin(aside), np.cos(aside) * np.cos(forward), -np.cos(aside) * np.sin(forward)], axis=-1
    )


def hand_points(elbow: Array, wrist: Array) -> Array:
    """(n, 21, 3) of an open hand in line with the forearm, its thumb to the front."""
    along = (wrist - elbow) / np.linalg.norm(wrist - elbow, axis=-1, keepdims=True)
    front = np.array([0.0, 0.0, -1.0])
    aside = front - (along @ front)[:, None] * along
    aside /= np.linalg.norm(aside, axis=-1, keepdims=True)
    points = [wrist]
    for (forth, over), phalanx in zip(FINGER_ROOTS, PHALANX, strict=True):
        thumb = (forth, over) == FINGER_ROOTS[0]
        direction = along + 0.9 * aside if thumb else along + 2 * over * aside
        direction = direction / np.linalg.norm(direction, axis=-1, keepdims=True)
        points += [wrist + forth * along + over * aside + k * phalanx * direction for k in range(4)]
    assert len(points) == len(HAND_JOINTS)
    return np.stack(points, axis=1)


def turned(yaw: Array, pitch: Array | float = 0.0, roll: Array | float = 0.0) -> Array:
    """Rotations (n, 3, 3): gaze to image right, gaze up, crown to image right by these angles, rad."""
    yaw, pitch, roll = np.broadcast_arrays(yaw, pitch, roll)
    one, nil = np.ones_like(yaw), np.zeros_like(yaw)

    def matrix(*rows: tuple[Array, Array, Array]) -> Array:
        return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)

    turn = matrix((np.cos(yaw), nil, -np.sin(yaw)), (nil, one, nil), (np.sin(yaw), nil, np.cos(yaw)))
    nod = matrix((one, nil, nil), (nil, np.cos(pitch), np.sin(pitch)), (nil, -np.sin(pitch), np.cos(pitch)))
    lean = matrix((np.cos(roll), -np.sin(roll), nil), (np.sin(roll), np.cos(roll), nil), (nil, nil, one))
    return turn @ nod @ lean
