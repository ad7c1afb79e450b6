"""How much a face's shape changes: what tells a living face from a picture or a statue of one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schemas.tracks import FaceTrack

LAG_FRAMES = 12
"""Shapes half a second apart are compared."""


def flex(faces: FaceTrack) -> NDArray[np.float32]:
    """How far each face's shape (t) is from that half a second before, in parts of its size.

    That is the root mean square of what turning, scaling and shifting in the picture do not explain; 0 where
    one of the two is not measured.
    """
    change = np.zeros(len(faces.valid), np.float32)
    for t in range(LAG_FRAMES, len(change)):
        if faces.valid[t] and faces.valid[t - LAG_FRAMES]:
            change[t] = unlike(faces.mesh[t - LAG_FRAMES, :, :2], faces.mesh[t, :, :2])
    return change


def unlike(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Root mean square distance of points (n, 2) brought upon others, in parts of these others' size."""
    a, b = ((points - points.mean(axis=0)).astype(np.float64) @ [1, 1j] for points in (one, other))
    turned = (np.vdot(a, b) / np.vdot(a, a)) * a
    return float(np.sqrt(np.mean(np.abs(turned - b) ** 2) / np.mean(np.abs(b) ** 2)))
