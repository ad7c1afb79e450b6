"""Where faces and heads lie in a picture, and whether a face is the head's: pure, on the mesh's points."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.crops import Square
from schemas.tracks import KeypointTrack

Points = NDArray[np.float64]

EYE_CORNERS = (33, 263)
"""Mesh points: outer corner of the person's right eye, of the left."""
FACIAL_POINTS = {"nose": (1,), "left_eye": (263, 362), "right_eye": (33, 133)}
"""Key points of persons that the mesh must agree with, as means of mesh points."""

MIN_POINT_SCORE = 0.5
"""Of a person's key point, to be compared with the mesh."""
MAX_DISTANCE = 0.33
"""Mean distance of key points from the mesh above which it is another face, over its box's longer side."""

MIN_SHARE = 0.2
"""Longer side of a face's box over that of the head's square, below which it is no face: a third is usual."""

REGION_SCALE = 1.5
"""Side of the mesh network's square over the longer side of the face's box, as the network was trained."""
SETTLED_SHARE, SETTLED_RAD = 0.05, math.radians(5)
"""A square stays when it moves and grows by less than this share of its side, and turns by less than this."""


@dataclass(frozen=True)
class PlacedFace:
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
class HeadRegion:
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
    side = float(np.linalg.norm(high - low)) / math.sqrt(2)  # its boxes are square
    return Square(float(x), float(y), REGION_SCALE * side, direction(left - right))


def stays(new: Square, old: Square) -> bool:
    """Whether a square is nearly the same as the one before."""
    moved = max(abs(new.x - old.x), abs(new.y - old.y), abs(new.side - old.side))
    turned = math.remainder(new.angle - old.angle, math.tau)
    return moved < SETTLED_SHARE * old.side and abs(turned) < SETTLED_RAD


def direction(vector: Points) -> float:
    """Angle of a picture vector (2,), clockwise from the x axis, rad."""
    return float(np.arctan2(vector[1], vector[0]))


def head_of(person: KeypointTrack, t: int) -> HeadRegion:
    """Where the person's head is in frame `t`."""
    points = {
        name: person.points[t, k].astype(np.float64)
        for k, name in enumerate(person.names)
        if name in FACIAL_POINTS and person.score[t, k] >= MIN_POINT_SCORE
    }
    return HeadRegion(Square.around(person.head_box[t]), points)


def agrees(face: PlacedFace, head: HeadRegion) -> bool:
    """Whether a face is the head's: middle in the head's square, not too small, eyes and nose in place."""
    window, size = head.window, face.region.side / REGION_SCALE
    away = max(abs(face.region.x - window.x), abs(face.region.y - window.y))
    if away > window.side / 2 or size < MIN_SHARE * window.side:
        return False
    distances = [
        np.linalg.norm(face.mesh[list(FACIAL_POINTS[name]), :2].mean(axis=0) - point)
        for name, point in head.points.items()
    ]
    return not distances or float(np.mean(distances)) <= MAX_DISTANCE * size
