"""The 21-point hand network on one square of a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.crops import Square
from pipeline.estimators.mediapipe.net import Net, Picture, as_input, load, network, score
from schemas.joints import HAND_JOINTS

Array = NDArray[np.float64]

HAND_NETWORK = network(
    "hand_landmark/hand_landmark_full.tflite",
    "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3",
)
SIDE = 224
H = {name: index for index, name in enumerate(HAND_JOINTS)}
WRIST = H["wrist"]
INNER = [H["wrist"]] + [
    H[f"{finger}_{part}"] for finger in ("thumb", "index", "middle", "ring", "little") for part in (1, 2)
]
"""The points without finger tips, whose extent sets the region: it hardly changes as the fingers bend."""


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
        self.net = Net(load(HAND_NETWORK))

    def __call__(self, picture: Picture, square: Square) -> Hand:
        """The hand that fills the square best."""
        points, presence, right, world = self.net(as_input(square.cut(picture, SIDE), low=0))
        cos, sin = np.cos(square.angle), np.sin(square.angle)
        turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        return Hand(
            presence=score(presence),
            right=score(right),
            points=square.to_picture(points.reshape(-1, 3)[:, :2] / np.float32(SIDE)),
            world=world.reshape(-1, 3).astype(np.float64) @ turn.T,
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


def upward(direction: Array) -> float:
    """Angle of a square in which `direction` (2,) points up, rad."""
    return float(np.arctan2(direction[0], -direction[1]))
