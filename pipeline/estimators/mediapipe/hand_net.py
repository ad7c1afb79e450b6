"""The 21-point hand network on one square of a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.crops import Square
from pipeline.estimators.mediapipe.graph import (
    Graph,
    Picture,
    inference_text,
    read_landmarks,
    read_score,
    split_text,
)
from schemas.joints import HAND_JOINTS

Array = NDArray[np.float64]

MODEL = "hand_landmark/hand_landmark_full.tflite"
SIDE = 224
H = {name: index for index, name in enumerate(HAND_JOINTS)}
WRIST = H["wrist"]
INNER = [H["wrist"]] + [
    H[f"{finger}_{part}"] for finger in ("thumb", "index", "middle", "ring", "little") for part in (1, 2)
]
"""The points without finger tips, whose extent sets the region: it hardly changes as the fingers bend."""
GRAPH = (
    inference_text(MODEL, SIDE, low=0)
    + split_text(0, 1, 2, 3)
    + """
    output_stream: "score"
    output_stream: "right"
    output_stream: "landmarks"
    output_stream: "world"
    node { calculator: "TensorsToFloatsCalculator"
      input_stream: "TENSORS:tensor_1" output_stream: "FLOAT:score" }
    node { calculator: "TensorsToFloatsCalculator"
      input_stream: "TENSORS:tensor_2" output_stream: "FLOAT:right" }
    node { calculator: "TensorsToLandmarksCalculator"
      input_stream: "TENSORS:tensor_0" output_stream: "NORM_LANDMARKS:landmarks"
      options { [mediapipe.TensorsToLandmarksCalculatorOptions.ext] {
        num_landmarks: 21 input_image_width: 224 input_image_height: 224 } } }
    node { calculator: "TensorsToLandmarksCalculator"
      input_stream: "TENSORS:tensor_3" output_stream: "LANDMARKS:world"
      options { [mediapipe.TensorsToLandmarksCalculatorOptions.ext] { num_landmarks: 21 } } }
    """
)


@dataclass(frozen=True)
class Hand:
    """What the network says of one square."""

    presence: float
    """That a hand is there, 0..1."""
    right: float
    """That it is a right one, 0..1."""
    points: Array
    """(21, 2) px of the picture."""
    world: Array
    """(21, 3) metres from the hand's middle, camera axes."""

    @property
    def square(self) -> Square:
        """Where to look for the same hand again."""
        return hand_square(self.points)


class HandNet:
    """Runs the network."""

    def __init__(self) -> None:
        readers = {
            "score": read_score,
            "right": read_score,
            "landmarks": read_landmarks,
            "world": read_landmarks,
        }
        self.graph = Graph(GRAPH, readers, SIDE)

    def __call__(self, picture: Picture, square: Square) -> Hand:
        """The hand that fills the square best."""
        said = self.graph(square.cut(picture, SIDE))
        cos, sin = np.cos(square.angle), np.sin(square.angle)
        turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        return Hand(
            presence=said["score"],
            right=said["right"],
            points=square.to_picture(said["landmarks"][:, :2]),
            world=said["world"][:, :3].astype(np.float64) @ turn.T,
        )

    def settle(self, picture: Picture, square: Square) -> Hand:
        """The hand near the square, looked at again in its own square; the surer of both looks."""
        first = self(picture, square)
        return max(first, self(picture, first.square), key=lambda hand: hand.presence)


def hand_square(points: Array) -> Square:
    """The network's region around a hand: fingers up, twice the extent of the inner points.

    As in the package's `hand_landmark_landmarks_to_roi`: a tenth of the extent towards the fingers.
    """
    knuckles = (points[H["index_1"]] + points[H["little_1"]]) / 4 + points[H["middle_1"]] / 2
    angle = upward(knuckles - points[WRIST])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    inner = points[INNER] @ turn
    low, high = inner.min(axis=0), inner.max(axis=0)
    side = float((high - low).max())
    x, y = turn @ ((low + high) / 2 - (0, 0.1 * side))
    return Square(float(x), float(y), 2 * side, angle)


def palm_square(palm: Array) -> Square:
    """The network's region for a detected palm (9, 2 px: two corners, then the detector's points).

    As in the package's `palm_detection_detection_to_roi`: 2.6 times the palm, half a palm up.
    """
    angle = upward(palm[4] - palm[2])  # wrist to the middle finger's root
    side = float(np.abs(palm[1] - palm[0]).max())
    x, y = (palm[0] + palm[1]) / 2 + 0.5 * side * np.array([np.sin(angle), -np.cos(angle)])
    return Square(float(x), float(y), 2.6 * side, angle)


def upward(way: Array) -> float:
    """Angle of a square in which `way` (2,) points up, rad."""
    return float(np.arctan2(way[0], -way[1]))
