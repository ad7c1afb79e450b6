"""The main person's face as a dense mesh, from the networks in mediapipe 0.10.21's wheel.

The networks expect a face that fills much of their small square input, so they never see the whole frame: the
head's square is cut out and enlarged, a detector finds the face in it, and the mesh network (MediaPipe Face
Mesh with attention, arXiv 2006.10962) runs on a square around the face, turned so that the eyes lie level.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.crops import Square
from pipeline.estimators.mediapipe_detectors import FACE_DETECTOR_NEAR
from pipeline.estimators.mediapipe_graph import Graph, card, inference_text, read_float, read_landmarks
from pipeline.geometry import bounding_box
from schemas.media import Frames
from schemas.tracks import EstimatorCard, FaceTrack, KeypointTrack

Picture = NDArray[np.uint8]
Points = NDArray[np.float64]

MESH_MODEL = "face_landmark/face_landmark_with_attention.tflite"
MESH_SIDE = 192
"""Of the mesh network's square input, px."""
NUM_POINTS = 478
"""Of the mesh: 468 on the skin, then centre and rim of the right and of the left iris, five each."""

EYE_CORNERS = (33, 263)
"""Mesh points: outer corner of the person's right eye, of the left."""
FACIAL_POINTS = {"nose": (1,), "left_eye": (263, 362), "right_eye": (33, 133)}
"""Key points of persons that the mesh must agree with, as means of mesh points."""

MIN_POINT_SCORE = 0.5
"""Of a person's key point, to be compared with the mesh."""
MAX_DISTANCE = 0.5
"""Mean distance of key points from the mesh above which it is another face, over its box's longer side."""

REGION_SCALE = 1.5
"""Side of the mesh network's square over the longer side of the face's box, as the network was trained."""
SETTLING_RUNS = 3
"""Runs of the mesh after a detection, each on the square around the last mesh: it has settled by then."""


@dataclass(frozen=True)
class Face:
    """One frame's face."""

    mesh: Points
    """(478, 3), px of the picture and depth at the same scale."""
    score: float
    """That the square holds a face at all, 0..1."""

    @cached_property
    def region(self) -> Square:
        """The turned square in which the mesh network sees this face best."""
        return face_region(self.mesh[:, :2])


@dataclass(frozen=True)
class Head:
    """Where the person's head is in one frame, as the person estimator sees it."""

    window: Square
    """Sure to hold it, upright."""
    points: dict[str, Points]
    """Facial key points that were seen, px, by name."""

    @property
    def windows(self) -> list[Square]:
        """Where to look for the face: the detector knows faces turned by up to 45 degrees either way."""
        if not {"left_eye", "right_eye"} <= self.points.keys():
            return [self.window]
        angle = direction(self.points["left_eye"] - self.points["right_eye"])
        return [replace(self.window, angle=angle), self.window]


@dataclass(frozen=True, kw_only=True)
class MediapipeFace:
    """The embedded face detector: weights come with the package."""

    min_detection: float = 0.5
    """Score, 0..1, below which a detected box is not looked at."""
    min_presence: float = 0.5
    """Score of the mesh network, 0..1, below which there is no face."""

    def build(self) -> MeshFaceDetector:
        """The detector.

        Raises:
            EstimatorUnavailable: mediapipe 0.10.21 is missing.
        """
        return MeshFaceDetector(self)


class MeshFaceDetector:
    """Follows one face through a window of frames; looks for it anew where it was lost."""

    def __init__(self, settings: MediapipeFace) -> None:
        self._settings = settings
        self._detect = FACE_DETECTOR_NEAR.start(settings.min_detection)
        self._mesh = Graph(mesh_text(), {"landmarks": read_landmarks, "presence": read_float}, MESH_SIDE)
        self._card = card("mediapipe_face", (FACE_DETECTOR_NEAR.model, MESH_MODEL))

    @property
    def card(self) -> EstimatorCard:
        """Name, version, weights digest and licence."""
        return self._card

    def __call__(self, frames: Frames, person: KeypointTrack, /) -> FaceTrack:
        """The face of the main person in every frame; not valid where none is seen or no person is."""
        found: list[Face | None] = []
        last: Face | None = None
        for t, frame in enumerate(frames):
            last = self.find(frame, head_of(person, t), last) if person.valid[t] else None
            found.append(last)
        return as_track(found)

    def find(self, frame: Picture, head: Head, last: Face | None) -> Face | None:
        """The face of one frame: where it was in the last one, else wherever it is in the head's square."""
        if last is not None:
            face = self.settle(frame, last.region, runs=1)
            if face is not None and agrees(face, head):
                return face
        for window in head.windows:
            for region in self.detect(frame, window):
                face = self.settle(frame, region, runs=SETTLING_RUNS)
                if face is not None and agrees(face, head):
                    return face
        return None

    def detect(self, frame: Picture, window: Square) -> list[Square]:
        """Squares around the faces in a window, turned to their eye lines, best first."""
        rows = self._detect(window.cut(frame, FACE_DETECTOR_NEAR.side))["detections"]
        if rows is None:
            return []
        return [detected_region(row, window) for row in rows[np.argsort(-rows[:, 0], kind="stable")]]

    def settle(self, frame: Picture, region: Square, runs: int) -> Face | None:
        """The face in a square, each run of the mesh on the square of the last; None where there is none."""
        face = None
        for _ in range(runs):
            answer = self._mesh(region.cut(frame, MESH_SIDE))
            if answer["presence"] < self._settings.min_presence:
                return None
            marks = answer["landmarks"][:, :3].astype(np.float64)
            mesh = np.column_stack([region.to_picture(marks[:, :2]), marks[:, 2] * region.side])
            face = Face(mesh, answer["presence"])
            region = face.region
        return face


def mesh_text() -> str:
    """Graph from a crop to the streams `landmarks` and `presence`."""
    return f"""
    {inference_text(MESH_MODEL, MESH_SIDE, 0.0)}
    output_stream: "landmarks"
    output_stream: "presence"
    node {{ calculator: "SplitTensorVectorCalculator" input_stream: "tensors"
      output_stream: "marks" output_stream: "flag"
      options {{ [mediapipe.SplitVectorCalculatorOptions.ext] {{
        ranges {{ begin: 0 end: 6 }} ranges {{ begin: 6 end: 7 }} }} }} }}
    node {{ calculator: "TensorsToFaceLandmarksWithAttention" input_stream: "TENSORS:marks"
      output_stream: "LANDMARKS:landmarks" }}
    node {{ calculator: "TensorsToFloatsCalculator"
      input_stream: "TENSORS:flag" output_stream: "FLOAT:presence"
      options {{ [mediapipe.TensorsToFloatsCalculatorOptions.ext] {{ activation: SIGMOID }} }} }}
    """


def face_region(points: Points) -> Square:
    """The square around a face's points (n, 2), turned so that the eyes' outer corners lie level."""
    right, left = points[list(EYE_CORNERS)]
    angle = direction(left - right)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]])  # of the square's axes into the picture's
    level = points @ turn
    low, high = level.min(axis=0), level.max(axis=0)
    x, y = turn @ ((low + high) / 2)
    return Square(float(x), float(y), REGION_SCALE * float((high - low).max()), angle)


def detected_region(row: NDArray[np.float32], window: Square) -> Square:
    """The mesh network's square for a detection: score, box, right and left eye, in parts of `window`."""
    low, high, right, left = window.to_picture(row[1:9].reshape(4, 2))
    x, y = (low + high) / 2
    side = float(np.linalg.norm(high - low)) / np.sqrt(2)  # its boxes are square
    return Square(float(x), float(y), REGION_SCALE * side, direction(left - right))


def direction(vector: Points) -> float:
    """Angle of a picture vector (2,), clockwise from the x axis, rad."""
    return float(np.arctan2(vector[1], vector[0]))


def head_of(person: KeypointTrack, t: int) -> Head:
    """Where the person's head is in frame `t`."""
    points = {
        name: person.points[t, k].astype(np.float64)
        for k, name in enumerate(person.names)
        if name in FACIAL_POINTS and person.score[t, k] >= MIN_POINT_SCORE
    }
    return Head(Square.around(person.head_box[t]), points)


def agrees(face: Face, head: Head) -> bool:
    """Whether a face is the head's: its middle in the head's square, eyes and nose where the head's are."""
    side, x, y = head.window.side, head.window.x, head.window.y
    middle = (face.region.x, face.region.y)
    if max(abs(middle[0] - x), abs(middle[1] - y)) > side / 2:
        return False
    distances = [
        np.linalg.norm(face.mesh[list(FACIAL_POINTS[name]), :2].mean(axis=0) - point)
        for name, point in head.points.items()
    ]
    return not distances or float(np.mean(distances)) <= MAX_DISTANCE * face.region.side / REGION_SCALE


def as_track(found: list[Face | None]) -> FaceTrack:
    """Faces of successive frames as one track, zeros where there is none."""
    num_frames = len(found)
    mesh = np.zeros((num_frames, NUM_POINTS, 3), np.float32)
    box = np.zeros((num_frames, 4), np.float32)
    score = np.zeros(num_frames, np.float32)
    for t, face in enumerate(found):
        if face is not None:
            mesh[t], box[t], score[t] = face.mesh, bounding_box(face.mesh[:, :2]), face.score
    return FaceTrack(box=box, mesh=mesh, score=score, valid=np.array([face is not None for face in found]))
