"""What is wrong with the `tracks.npz` of a stored sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataset.arrays import unpack
from schemas.arrays import array_specs
from schemas.controls import Controls
from schemas.index import IndexRow

Array = NDArray[Any]

ORTHONORMAL = 1e-4
"""Most by which an entry of R R^T may differ from the identity's: float32 with room for products."""

SMPLX: dict[str, tuple[int, ...]] = {
    "smplx_global_orient": (3, 3),
    "smplx_body_pose": (21, 3, 3),
    "smplx_left_hand_pose": (15, 3, 3),
    "smplx_right_hand_pose": (15, 3, 3),
    "smplx_transl": (3,),
}
"""Arrays of estimators that give them: shape of one frame. `smplx_betas` has (10,) for the whole clip."""


def wrong_tracks(row: IndexRow, data: bytes) -> Iterator[str]:
    """Arrays without their names, types and shapes, and values that cannot be or that the index denies.

    Raises:
        DamagedError: no readable `.npz`.
    """
    arrays = unpack(data)
    smplx = {name: arrays.pop(name) for name in sorted(arrays) if name in SMPLX or name == "smplx_betas"}
    names = array_specs(Controls).keys()
    if arrays.keys() != names:
        yield f"missing {sorted(names - arrays.keys())}, unexpected {sorted(arrays.keys() - names)}"
        return
    try:
        controls = Controls(**arrays)
    except ValueError as error:
        yield str(error)
        return
    if len(controls.body_yaw) != row.frames:
        yield f"{len(controls.body_yaw)} frames, expected {row.frames}"
        return
    yield from wrong_smplx(smplx, row.frames)
    yield from wrong_values({**arrays, **smplx})
    yield from wrong_sizes(controls)
    yield from wrong_summary(row, controls)


def wrong_smplx(smplx: Mapping[str, Array], frames: int) -> Iterator[str]:
    """SMPL-X arrays of another type or shape."""
    for name, array in smplx.items():
        shape = (frames, *SMPLX[name]) if name in SMPLX else (10,)
        if array.dtype != np.float32 or array.shape != shape:
            yield f"{name}: {array.dtype} of shape {array.shape}, expected float32 of shape {shape}"


def wrong_values(arrays: Mapping[str, Array]) -> Iterator[str]:
    """Numbers that are none, scores that are no shares, matrices that are no rotations."""
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            yield f"{name}: not finite"
        elif name.endswith("_score") and not ((array >= 0) & (array <= 1)).all():
            yield f"{name}: outside 0 to 1"
        elif array.ndim > 2 and array.shape[-2:] == (3, 3) and not is_rotation(array).all():
            yield f"{name}: not orthonormal"


def is_rotation(matrices: Array) -> Array:
    """Whether each of (..., 3, 3) is a rotation."""
    exact = matrices.astype(np.float64)
    error = np.abs(exact @ np.swapaxes(exact, -1, -2) - np.eye(3)).max(axis=(-1, -2))
    return np.asarray((error < ORTHONORMAL) & (np.linalg.det(exact) > 0))


def wrong_sizes(controls: Controls) -> Iterator[str]:
    """Lengths that are not positive where they were measured."""
    if not (controls.head_radius[controls.head_valid] > 0).all():
        yield "head_radius: not positive where the head is valid"
    sides = (controls.face_box[:, 2:] - controls.face_box[:, :2])[controls.face_valid]
    if not (sides > 0).all() or not np.allclose(sides[:, 0], sides[:, 1], rtol=1e-3):
        yield "face_box: no square where the face is valid"
    if not controls.camera_focal > 0:
        yield "camera_focal: not positive"


def wrong_summary(row: IndexRow, controls: Controls) -> Iterator[str]:
    """What the index says of the arrays and they do not."""
    found = {
        "yaw_min": float(controls.body_yaw.min()),
        "yaw_max": float(controls.body_yaw.max()),
        "face_ratio": float(controls.face_valid.mean()),
        "body_ratio": float(controls.body_valid.mean()),
        "left_hand_ratio": float((controls.left_hand_score > 0).mean()),
        "right_hand_ratio": float((controls.right_hand_score > 0).mean()),
    }
    for name, value in found.items():
        if value != getattr(row, name):
            yield f"{name} is {value}, the index says {getattr(row, name)}"
