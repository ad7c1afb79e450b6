"""Photographs of people on walls and screens: a head in which nothing changes is no second person."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.crops import Square
from schemas.media import Frames

CELLS = 16
"""Heads are compared as so many mean values each way: what a camera's noise leaves of a picture is small."""
CHANGE = 1.5
"""Mean change of luma, 0..255, from key frame to key frame, up to which nothing moves. A poster changed by
0.1, faces of people who hold still by 3.5 and more."""


def is_still(frames: Frames, square: Square, every: int) -> bool:
    """Whether what lies in a square stays as it is over all key frames of a window, the camera too.

    One key frame tells of nothing: then it is not still.
    """
    heads = np.stack([cells(frame, square) for frame in frames[::every]])
    changes = np.abs(np.diff(heads, axis=0)).mean(axis=(1, 2))
    return bool(len(changes) and changes.max() < CHANGE)


def cells(frame: NDArray[np.uint8], square: Square) -> NDArray[np.float32]:
    """Mean luma (16, 16) of the parts of a square, as far as it lies in the picture."""
    x0, y0, x1, y1 = (max(0, round(float(side))) for side in square.box)
    part = frame[y0:y1, x0:x1]
    if not part.size:
        return np.zeros((CELLS, CELLS), np.float32)
    luma = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(cv2.resize(luma, (CELLS, CELLS), interpolation=cv2.INTER_AREA), np.float32)
