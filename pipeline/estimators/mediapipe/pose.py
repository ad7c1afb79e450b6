"""The 33-point pose network on one square of a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.crops import Square
from pipeline.estimators.mediapipe.graph import (
    Graph,
    inference_text,
    read_landmarks,
    read_score,
    split_text,
)
from schemas.joints import mirrored

MODEL = "pose_landmark/pose_landmark_full.tflite"
SIDE = 256

SIDES = ("left", "right")
POINTS: tuple[str, ...] = (
    "nose",
    *(f"{side}_eye{part}" for side in SIDES for part in ("_inner", "", "_outer")),
    "left_ear",
    "right_ear",
    "left_mouth",
    "right_mouth",
    *(
        f"{side}_{part}"
        for part in ("shoulder", "elbow", "wrist", "pinky", "index", "thumb")
        for side in SIDES
    ),
    *(f"{side}_{part}" for part in ("hip", "knee", "ankle", "heel", "foot_index") for side in SIDES),
)
"""The network's own order; left and right are the person's."""

P = {name: index for index, name in enumerate(POINTS)}
MIRRORED_POINTS = mirrored(POINTS)
NUM_POINTS = len(POINTS)
HIPS, UP = 33, 34
"""Two more points: the middle of the hips, and one above the head on the circle around the whole body."""

GRAPH = (
    inference_text(MODEL, SIDE, low=0)
    + split_text(0, 1, 3, 4)
    + """
    output_stream: "score"
    output_stream: "landmarks"
    output_stream: "world"
    node { calculator: "TensorsToFloatsCalculator"
      input_stream: "TENSORS:tensor_1" output_stream: "FLOAT:score" }
    node { calculator: "TensorsToLandmarksCalculator"
      input_stream: "TENSORS:tensor_0" output_stream: "NORM_LANDMARKS:coarse"
      options { [mediapipe.TensorsToLandmarksCalculatorOptions.ext] {
        num_landmarks: 39 input_image_width: 256 input_image_height: 256
        visibility_activation: SIGMOID presence_activation: SIGMOID } } }
    node { calculator: "RefineLandmarksFromHeatmapCalculator"
      input_stream: "NORM_LANDMARKS:coarse" input_stream: "TENSORS:tensor_3"
      output_stream: "NORM_LANDMARKS:landmarks"
      options { [mediapipe.RefineLandmarksFromHeatmapCalculatorOptions.ext] { kernel_size: 7 } } }
    node { calculator: "TensorsToLandmarksCalculator"
      input_stream: "TENSORS:tensor_4" output_stream: "LANDMARKS:world"
      options { [mediapipe.TensorsToLandmarksCalculatorOptions.ext] { num_landmarks: 39 } } }
    """
)


@dataclass(frozen=True)
class Pose:
    """What the network says of one square."""

    presence: float
    """That a person is there, 0..1. Near 1 even for many things that are none."""
    points: NDArray[np.float64]
    """(33, 2) px of the picture."""
    visibility: NDArray[np.float64]
    """(33,) in the picture and not hidden, 0..1."""
    world: NDArray[np.float64]
    """(33, 3) metres from the middle of the hips, camera axes."""
    square: Square
    """Where to look for the same body again: around the whole body, upright for it."""


class PoseNet:
    """Runs the network."""

    def __init__(self) -> None:
        readers = {"score": read_score, "landmarks": read_landmarks, "world": read_landmarks}
        self.graph = Graph(GRAPH, readers, SIDE)

    def __call__(self, picture: NDArray[np.uint8], square: Square) -> Pose:
        """The body that fills the square best."""
        said = self.graph(square.cut(picture, SIDE))
        marks = said["landmarks"]
        points = square.to_picture(marks[:, :2])
        cos, sin = np.cos(square.angle), np.sin(square.angle)
        turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        return Pose(
            presence=said["score"],
            points=points[:NUM_POINTS],
            visibility=marks[:NUM_POINTS, 3].astype(np.float64),
            world=said["world"][:NUM_POINTS, :3].astype(np.float64) @ turn.T,
            square=body_square(points[HIPS], points[UP]),
        )


def body_square(hips: NDArray[np.float64], up: NDArray[np.float64]) -> Square:
    """The network's region for a body: a quarter larger than the circle around the hips through `up`."""
    across, down = up - hips
    return Square(
        float(hips[0]), float(hips[1]), 2.5 * float(np.hypot(across, down)), float(np.arctan2(across, -down))
    )


def px_per_metre(points: NDArray[np.float64], world: NDArray[np.float64]) -> float:
    """Scale of the upper body in the picture: least squares of its points on its metres, at least 1."""
    upper = slice(0, P["right_hip"] + 1)
    flat = points[upper] - points[upper].mean(axis=0)
    metres = world[upper, :2] - world[upper, :2].mean(axis=0)
    return max(float(np.sum(flat * metres) / np.sum(metres**2)), 1.0)
