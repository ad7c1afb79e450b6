"""The 33-point pose network on one square of a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.crops import Square
from pipeline.estimators.mediapipe.net import Net, Tensor, as_input, load, network, score, sigmoid
from schemas.joints import mirrored

POSE_NETWORK = network(
    "pose_landmark/pose_landmark_full.tflite",
    "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
)
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

KERNEL = 7
"""Of the heat map around a point, in cells: what refines it."""
MIN_HEAT = 0.5
"""A heat map that is nowhere warmer around a point says nothing of it."""


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
        self.net = Net(load(POSE_NETWORK))

    def __call__(self, picture: NDArray[np.uint8], square: Square) -> Pose:
        """The body that fills the square best."""
        marks, presence, _, heat, world = self.net(as_input(square.cut(picture, SIDE), low=0))
        marks = marks.reshape(-1, 5)  # x, y, z, visibility, presence
        points = square.to_picture(refined(marks[:, :2] / np.float32(SIDE), heat[0]))
        cos, sin = np.cos(square.angle), np.sin(square.angle)
        turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        return Pose(
            presence=score(presence),
            points=points[:NUM_POINTS],
            visibility=sigmoid(marks[:NUM_POINTS, 3]).astype(np.float64),
            world=world.reshape(-1, 3)[:NUM_POINTS].astype(np.float64) @ turn.T,
            square=body_square(points[HIPS], points[UP]),
        )


def refined(points: Tensor, heat: Tensor) -> Tensor:
    """Points (n, 2) in parts of the crop, each moved to the middle of the heat around it.

    `heat` (h, w, n) holds log odds. As MediaPipe's RefineLandmarksFromHeatmapCalculator does it: cells whose
    index is the number in them, and points outside of the map left where they are.
    """
    height, width = heat.shape[:2]
    reach = (KERNEL - 1) // 2
    moved = points.copy()
    for n, (col, row) in enumerate(np.trunc(points * np.array([width, height], np.float32)).astype(int)):
        if not (0 <= col < width and 0 <= row < height):
            continue
        cols = np.arange(max(0, col - reach), min(width, col + reach + 1))
        rows = np.arange(max(0, row - reach), min(height, row + reach + 1))
        warm = sigmoid(heat[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1, n])
        if warm.max() >= MIN_HEAT:
            middle = np.array(
                [(warm.sum(axis=0) * cols).sum() / width, (warm.sum(axis=1) * rows).sum() / height]
            )
            moved[n] = middle / warm.sum()
    return moved


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
