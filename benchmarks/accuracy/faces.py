"""The face and head estimators on single pictures, the head told or found."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.estimators.head_pose import MeshHead, MeshHeadTracker
from pipeline.estimators.mediapipe.face import MediapipeFace, MeshFaceDetector
from pipeline.estimators.mediapipe.person import MediapipePerson, PersonTracker
from schemas.media import MIN_CLIP_FRAMES, Frames
from schemas.tracks import FaceTrack, KeypointTrack

HEAD_SCALE = 2.0
"""Side of a told head's square over the longer side of the face's labels."""


@cache
def person_tracker() -> PersonTracker:
    """The embedded person estimator, one for all."""
    return MediapipePerson().build()


@cache
def face_detector() -> MeshFaceDetector:
    """The embedded face detector, one for all."""
    return MediapipeFace().build()


@cache
def head_tracker() -> MeshHeadTracker:
    """The embedded head tracker, one for all."""
    return MeshHead().build()


def picture(path: Path) -> Frames:
    """A picture as a clip of one frame."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))[None]


def seen_face(path: Path) -> tuple[Frames, FaceTrack]:
    """A picture held for the shortest clip, and its main person's face.

    The person estimator weighs what it sees over a window and trusts no single frame.
    """
    frames = np.repeat(picture(path), MIN_CLIP_FRAMES, axis=0)
    return frames, face_detector()(frames, person_tracker()(frames))


def labelled_face(path: Path, box: NDArray[np.float64]) -> tuple[Frames, FaceTrack]:
    """A picture, and the face of the head that is where a box (4,) says a face is, px."""
    frames = picture(path)
    return frames, face_detector()(frames, labelled_person(box))


def labelled_person(box: NDArray[np.float64]) -> KeypointTrack:
    """One frame's person of whom only the head is known: around a box (4,) of its face, px."""
    center, half = (box[:2] + box[2:]) / 2, HEAD_SCALE * (box[2:] - box[:2]).max() / 2
    square = np.concatenate([center - half, center + half]).astype(np.float32)[None]
    return KeypointTrack(
        names=(),
        points=np.zeros((1, 0, 2), np.float32),
        world=np.zeros((1, 0, 3), np.float32),
        score=np.zeros((1, 0), np.float32),
        box=square,
        head_box=square,
        valid=np.array([True]),
        others=np.zeros(1, np.float32),
    )
