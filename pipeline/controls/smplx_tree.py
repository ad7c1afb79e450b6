"""SMPL-X's tree of joints in numpy: rotations and places at rest to places (Loper et al. 2015)."""

from __future__ import annotations

import numpy as np

from pipeline.geometry import Array, Reals

BODY = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)
"""Parents of the root and the 21 joints of the body."""
LEFT_HAND = (20, 25, 26, 20, 28, 29, 20, 31, 32, 20, 34, 35, 20, 37, 38)
RIGHT_HAND = (21, 40, 41, 21, 43, 44, 21, 46, 47, 21, 49, 50, 21, 52, 53)
"""Of index, middle, little, ring finger and thumb, three joints each."""
TOES_AND_TIPS = (10, 11, 39, 27, 30, 36, 33, 54, 42, 45, 51, 48)
"""The joints that the big toes and the tips of the fingers hang on, thumbs first."""
PARENTS = (*BODY, 15, 15, 15, *LEFT_HAND, *RIGHT_HAND, *TOES_AND_TIPS)
NUM_JOINTS = 55
ELBOWS, WRISTS = (18, 19), (20, 21)

OUR_BODY = (0, 12, 16, 17, 18, 19, 20, 21, 1, 2, 4, 5, 7, 8, 55, 56)
"""Where `BODY_JOINTS` stand among joints, toes and tips."""
OUR_HANDS = (
    (20, 37, 38, 39, 57, 25, 26, 27, 58, 28, 29, 30, 59, 34, 35, 36, 60, 31, 32, 33, 61),
    (21, 52, 53, 54, 62, 40, 41, 42, 63, 43, 44, 45, 64, 49, 50, 51, 65, 46, 47, 48, 66),
)
"""Where `HAND_JOINTS` of the left and the right hand stand."""


def turns_in_camera(local: Reals) -> Array:
    """Rotations (t, n, 3, 3) of the first n joints in the camera frame, by those in their parents'."""
    result = np.array(local, np.float64)
    for joint in range(1, local.shape[1]):
        result[:, joint] = result[:, PARENTS[joint]] @ local[:, joint]
    return result


def placed(local: Reals, rest: Reals) -> Array:
    """Places (t, 67, 3) of joints, toes and tips, by rotations (t, 55, 3, 3) and places at rest (67, 3).

    Before any translation: the root is where it rests.
    """
    turns = turns_in_camera(local)
    result = np.tile(np.asarray(rest, np.float64), (len(local), 1, 1))
    for joint in range(1, len(PARENTS)):
        parent = PARENTS[joint]
        bone = rest[joint] - rest[parent]
        result[:, joint] = result[:, parent] + np.einsum("tij,j->ti", turns[:, parent], bone)
    return result
