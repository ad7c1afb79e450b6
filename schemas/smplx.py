"""A clip's body in SMPL-X's parameters, where estimators give them (formats.md)."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from schemas.arrays import Axes
from schemas.base import record


@record
class SmplxPose:
    """The arrays `smplx_*` of `tracks.npz`: fingers are absolute (`flat_hand_mean=True, use_pca=False`)."""

    global_orient: Annotated[NDArray[np.float32], Axes("t 3 3")]  # the root's, in the camera frame
    body_pose: Annotated[NDArray[np.float32], Axes("t 21 3 3")]  # each joint's in its parent's
    left_hand_pose: Annotated[NDArray[np.float32], Axes("t 15 3 3")]
    right_hand_pose: Annotated[NDArray[np.float32], Axes("t 15 3 3")]
    betas: Annotated[NDArray[np.float32], Axes("10")]  # one shape for the clip
    transl: Annotated[NDArray[np.float32], Axes("t 3")]  # m, camera frame
