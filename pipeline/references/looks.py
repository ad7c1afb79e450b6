"""How pictures are looked at for references: which are new, and how sharp the person, face and hands are."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.crops import Square
from schemas.media import REPEAT_LUMA, Frames
from schemas.tracks import FaceBoxTrack

APPEARANCE_PX = 224
"""Side of the square pictures that appearance is told from."""
PART_PX = 96
"""Side of those that tell how sharp a face or a hand is."""


def fresh(frames: Frames, before: NDArray[np.uint8] | None) -> NDArray[np.bool_]:
    """Which pictures (t,) differ from the one before; of the first it is `before`, if there was one."""
    seen = [*([] if before is None else [before]), *frames]
    luma = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in seen]
    changed = [float(cv2.absdiff(*pair).mean()) > REPEAT_LUMA for pair in itertools.pairwise(luma)]
    return np.array([*([True] if before is None else []), *changed])


def face_sharpness(frame: NDArray[np.uint8], faces: FaceBoxTrack, t: int) -> float:
    """That of the face in frame `t`, whose picture this is; 0 where none is measured."""
    return part_sharpness(frame, faces.box[t]) if faces.valid[t] else 0.0


def hand_sharpness(frame: NDArray[np.uint8], boxes: NDArray[np.floating]) -> float:
    """That of the least sharp hand of a frame by the boxes (2, 4) of hands; 0 where none is seen."""
    return min((part_sharpness(frame, box) for box in boxes if box.any()), default=0.0)


def part_sharpness(frame: NDArray[np.uint8], box: NDArray[np.floating]) -> float:
    """Sharpness of a part of the picture at one size, whatever its own."""
    return sharpness(Square.around(box).cut(frame, PART_PX))


def upright_square(frame: NDArray[np.uint8], box: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The box, squared at its top (where head and shoulders are) and scaled to 224x224 px."""
    height, width = frame.shape[:2]
    x0, y0, x1, y1 = (float(v) for v in box)
    side = max(min(x1 - x0, y1 - y0), 2.0)
    left = np.clip((x0 + x1 - side) / 2, 0, max(width - side, 0))
    top = np.clip(y0, 0, max(height - side, 0))
    part = frame[int(top) : int(top + side) + 1, int(left) : int(left + side) + 1]
    shrinks = part.shape[0] > APPEARANCE_PX
    scaled = cv2.resize(
        part, (APPEARANCE_PX, APPEARANCE_PX), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    return np.asarray(scaled, np.uint8)


def sharpness(picture: NDArray[np.uint8]) -> float:
    """Variance of the Laplacian of the picture's luma."""
    return float(cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())
