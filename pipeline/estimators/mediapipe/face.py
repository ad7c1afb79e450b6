"""The main person's face as a dense mesh, by MediaPipe's networks.

The networks expect a face that fills much of their small square input, so they never see the whole frame: the
head's square is cut out and enlarged, a detector finds the face in it, and the mesh network (MediaPipe Face
Mesh with attention, arXiv 2006.10962) runs on a square around the face, turned so that the eyes lie level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.crops import Square
from pipeline.estimators.mediapipe.attention import NUM_POINTS, AttentionMesh
from pipeline.estimators.mediapipe.detectors import FACE_DETECTOR_NEAR
from pipeline.estimators.mediapipe.face_place import (
    HeadRegion,
    PlacedFace,
    agrees,
    detected_region,
    head_of,
    stays,
)
from pipeline.estimators.mediapipe.net import Picture, as_input, card, load, network, score, sigmoid
from pipeline.geometry import bounding_box
from schemas.media import Frames
from schemas.tracks import EstimatorCard, FaceTrack, KeypointTrack
from storage.packaged_files import PackagedFile

MESH_NETWORK = network(
    "face_landmark/face_landmark_with_attention.tflite",
    "e06a804e0144f9929eda782122916b35d60c697c3c9344013ca2bbe76a6ce2b4",
)
MESH_SIDE = 192
"""Of the mesh network's square input, px."""

EYES = ((159, 145, 33, 133), (386, 374, 263, 362))
"""Mesh points of the right eye, then of the left: middles of upper and lower lid, outer and inner corner."""

MAX_RUNS = 4
"""Of the mesh on one frame, each on the square around the last mesh, until the square stays."""


@dataclass(frozen=True, kw_only=True)
class MediapipeFace:
    """The embedded face detector: `understudy weights` fetches its networks."""

    packaged: ClassVar[tuple[PackagedFile, ...]] = (FACE_DETECTOR_NEAR.file, MESH_NETWORK)

    min_detection: float = 0.5
    """Score, 0..1, below which a detected box is not looked at."""
    min_presence: float = 0.9
    """Score of the mesh network, 0..1, below which there is no face: faces have 0.99, full profiles less."""

    def build(self) -> MeshFaceDetector:
        """The detector.

        Raises:
            EstimatorUnavailable: LiteRT or a network's file is missing.
        """
        return MeshFaceDetector(self)


class MeshFaceDetector:
    """Follows one face through a window of frames; looks for it anew where it was lost."""

    def __init__(self, settings: MediapipeFace) -> None:
        self._settings = settings
        self._detect = FACE_DETECTOR_NEAR.start(settings.min_detection)
        self._mesh = AttentionMesh(load(MESH_NETWORK))
        self._card = card("mediapipe_face", (FACE_DETECTOR_NEAR.file, MESH_NETWORK))

    @property
    def card(self) -> EstimatorCard:
        """Name, version, weights digest and licence."""
        return self._card

    def __call__(self, frames: Frames, person: KeypointTrack, /) -> FaceTrack:
        """The face of the main person in every frame; not valid where none is seen or no person is."""
        found: list[PlacedFace | None] = []
        last: PlacedFace | None = None
        for t, frame in enumerate(frames):
            last = self.find(frame, head_of(person, t), last) if person.valid[t] else None
            found.append(last)
        return as_track(found)

    def find(self, frame: Picture, head: HeadRegion, last: PlacedFace | None) -> PlacedFace | None:
        """The face of one frame: where it was in the last one, else wherever it is in the head's square."""
        if last is not None:
            face = self.settle(frame, last.region)
            if face is not None and agrees(face, head):
                return face
        for window in head.windows:
            for region in self.detect(frame, window):
                face = self.settle(frame, region)
                if face is not None and agrees(face, head):
                    return face
        return None

    def detect(self, frame: Picture, window: Square) -> list[Square]:
        """Squares around the faces in a window, turned to their eye lines, best first."""
        rows = self._detect(window.cut(frame, FACE_DETECTOR_NEAR.side))
        return [detected_region(row, window) for row in rows]

    def settle(self, frame: Picture, region: Square) -> PlacedFace | None:
        """The face in a square, seen from the square that fits it; None where there is none."""
        face = None
        for _ in range(MAX_RUNS):
            output = self._mesh(as_input(region.cut(frame, MESH_SIDE), low=0))
            presence = score(sigmoid(output.presence))
            if presence < self._settings.min_presence:
                return None
            marks = output.points / MESH_SIDE
            mesh = np.column_stack([region.to_picture(marks[:, :2]), marks[:, 2] * region.side])
            face = PlacedFace(mesh, presence)
            if stays(face.region, region):
                break
            region = face.region
        return face


def as_track(found: list[PlacedFace | None]) -> FaceTrack:
    """Faces of successive frames as one track, zeros where there is none."""
    num_frames = len(found)
    mesh = np.zeros((num_frames, NUM_POINTS, 3), np.float32)
    box = np.zeros((num_frames, 4), np.float32)
    score, eyes_open = np.zeros(num_frames, np.float32), np.zeros(num_frames, np.float32)
    for t, face in enumerate(found):
        if face is not None:
            mesh[t], box[t], score[t] = face.mesh, bounding_box(face.mesh[:, :2]), face.score
            eyes_open[t] = openness(face.mesh)
    valid = np.array([face is not None for face in found])
    return FaceTrack(box=box, mesh=mesh, score=score, eyes_open=eyes_open, valid=valid)


def openness(mesh: NDArray[np.floating]) -> float:
    """Distance of the lids' middles over that of the eye's corners, mean of both eyes of a mesh (478, 3)."""
    upper, lower, outer, inner = np.moveaxis(mesh[np.array(EYES)], 1, 0)
    return float((np.linalg.norm(upper - lower, axis=1) / np.linalg.norm(outer - inner, axis=1)).mean())
