"""Everybody in one picture: what the detectors propose, and the pose network confirms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.crops import Square
from pipeline.estimators.mediapipe.detectors import (
    FACE_DETECTOR_FAR,
    FACE_DETECTOR_NEAR,
    PALM_DETECTOR,
    POSE_DETECTOR,
    Detector,
)
from pipeline.estimators.mediapipe.evidence import Seen, log_odds
from pipeline.estimators.mediapipe.net import Picture
from pipeline.estimators.mediapipe.pose import POSE_NETWORK, P, Pose, PoseNet, body_square, px_per_metre

NETWORKS = (
    POSE_NETWORK,
    POSE_DETECTOR.file,
    FACE_DETECTOR_FAR.file,
    FACE_DETECTOR_NEAR.file,
    PALM_DETECTOR.file,
)
SURE_FACE = 0.6
"""A face of this score is one: what is no person was not seen to reach it."""
LARGE_PALM = 0.8
"""In heads, from which a palm is too large for the body."""
HEAD_M = 0.24
"""Height of a head, chin to crown, metres: what a head's size in the picture is told from."""


@dataclass(frozen=True)
class Proposal:
    """What a detector takes for a body."""

    score: float
    head: NDArray[np.float64]
    """(2,) px, in the middle of the head."""
    square: Square
    """Where the pose network should look."""


@dataclass(frozen=True)
class DetectedFace:
    """A face in a picture, whoever's it is."""

    center: NDArray[np.float64]
    """(2,) px."""
    side: float
    """Px, of the detector's square: brow to chin."""
    evidence: float
    """Log odds of two detectors, summed: faces 0.5 to 6, other things below 0."""

    @property
    def square(self) -> Square:
        """The detector's square."""
        return Square(float(self.center[0]), float(self.center[1]), self.side)


@dataclass(frozen=True)
class Crowd:
    """All that is seen in one picture."""

    bodies: list[Seen]
    faces: list[DetectedFace]


class People:
    """Finds all people in a picture."""

    def __init__(self, min_detection: float, min_presence: float, max_proposals: int) -> None:
        self.net = PoseNet()
        self.bodies = POSE_DETECTOR.start(min_detection)
        self.faces = FACE_DETECTOR_FAR.start(min_detection)
        self.close_face = FACE_DETECTOR_NEAR.start(min_detection)
        self.palms = PALM_DETECTOR.start(min_detection)
        self.min_presence = min_presence
        self.max_proposals = max_proposals

    def __call__(self, picture: Picture, known: Sequence[tuple[int, Square]]) -> Crowd:
        """Faces and bodies in the picture: first the `known` ones (number and last place), then new ones.

        The detector overlooks bodies beside larger ones, so it also looks once where those are painted over.
        """
        seen: list[Seen] = []
        for number, square in known:
            self.add(seen, Seen(self.follow(picture, square), number, 0.0))
        faces = self.find_faces(picture)
        self.propose(seen, picture, self.body_proposals(picture))
        self.propose(seen, picture, [below(score, face) for score, face in faces])
        if seen:
            self.propose(seen, picture, self.body_proposals(without(picture, [one.pose for one in seen])))
        return Crowd([self.checked(picture, one) for one in seen], [face for _, face in faces])

    def propose(self, seen: list[Seen], picture: Picture, proposals: Sequence[Proposal]) -> None:
        """Adds the proposed bodies that are there and new; notes the score at those that are known."""
        for new in proposals[: self.max_proposals]:
            match = next((i for i, one in enumerate(seen) if on_head(one.pose, *new.head)), None)
            if match is None:
                self.add(seen, Seen(self.follow(picture, new.square), -1, new.score))
            else:
                seen[match] = replace(seen[match], detected=max(seen[match].detected, new.score))

    def follow(self, picture: Picture, square: Square) -> Pose:
        """The body in or near the square; looked at again where it was not well in the middle."""
        pose = self.net(picture, square)
        return pose if agree(pose.square, square, apart=0.1, growth=1.2) else self.net(picture, pose.square)

    def add(self, seen: list[Seen], one: Seen) -> None:
        """Puts a body on the list unless it is hardly there, or already on it."""
        if one.pose.presence < self.min_presence:
            return
        head = head_square(one.pose, 1.0)
        for i, other in enumerate(seen):
            if agree(other.pose.square, one.pose.square, apart=0.25, growth=1.67) or on_head(
                other.pose, head.x, head.y
            ):
                seen[i] = replace(other, detected=max(other.detected, one.detected))
                return
        seen.append(one)

    def checked(self, picture: Picture, one: Seen) -> Seen:
        """The body with its face, and where there is hardly one with the hand that it might be."""
        face = self.face_score(picture, head_square(one.pose, 2.0))
        palm = self.palm_score(picture, one.pose) if face < SURE_FACE else 0.0
        return replace(one, face=face, palm=palm)

    def body_proposals(self, picture: Picture) -> list[Proposal]:
        """Where the body detector sees bodies, best first."""
        found = []
        for row in self.detect(self.bodies, picture):
            points = row[1:].reshape(-1, 2)
            found.append(Proposal(row[0], points[:2].mean(axis=0), body_square(points[2], points[3])))
        return found

    def find_faces(self, picture: Picture) -> list[tuple[float, DetectedFace]]:
        """Faces, best first, each with the score of the detector that proposed it."""
        found = []
        for row in self.detect(self.faces, picture):
            center, side = (row[1:3] + row[3:5]) / 2, float(row[4] - row[2])
            confirmed = self.face_score(picture, Square(center[0], center[1], 2 * side))
            found.append((row[0], DetectedFace(center, side, log_odds(row[0]) + log_odds(confirmed))))
        return found

    def detect(self, detector: Detector, picture: Picture) -> NDArray[np.float64]:
        """Rows of score and px coordinates of what a detector finds in the whole picture."""
        height, width = picture.shape[:2]
        whole = Square.whole(width, height)
        rows = detector(whole.cut(picture, detector.kind.side))
        points = whole.to_picture(rows[:, 1:].reshape(len(rows), rows.shape[1] // 2, 2))
        return np.concatenate([rows[:, :1], points.reshape(len(rows), rows.shape[1] - 1)], axis=1)

    def face_score(self, picture: Picture, square: Square) -> float:
        """Best score of a face in a square about twice its size, 0 where none is found."""
        rows = self.close_face(square.cut(picture, FACE_DETECTOR_NEAR.side))
        return float(rows[:, 0].max(initial=0.0))

    def palm_score(self, picture: Picture, pose: Pose) -> float:
        """Best score of a palm on the body that is at least as large as its head, 0 where none is found.

        A person's own palms are less than half as large as the head.
        """
        height, width = picture.shape[:2]
        square = Square.around(body_box(pose, width, height), 1.2)
        rows = self.palms(square.cut(picture, PALM_DETECTOR.side))
        large = (rows[:, 3] - rows[:, 1]) * square.side > LARGE_PALM * head_square(pose, 1.0).side
        return float(rows[large, 0].max(initial=0.0))


def agree(one: Square, other: Square, apart: float, growth: float) -> bool:
    """Whether two regions are about the same body's: so far apart, in sides, and so much larger, at most."""
    larger, smaller = max(one.side, other.side), min(one.side, other.side)
    distance = np.hypot(one.x - other.x, one.y - other.y)
    return bool(distance < apart * larger and larger < growth * smaller)


def head_square(pose: Pose, scale: float) -> Square:
    """An upright square on the head's middle (between the ears), `scale` head heights wide."""
    x, y = pose.points[[P["left_ear"], P["right_ear"]]].mean(axis=0)
    return Square(float(x), float(y), scale * HEAD_M * px_per_metre(pose.points, pose.world))


def on_head(pose: Pose, x: float, y: float) -> bool:
    """Whether a point, the middle of some head, lies on the head of this body: they are one."""
    head = head_square(pose, 1.0)
    return bool(np.hypot(x - head.x, y - head.y) < 0.75 * head.side)


def below(score: float, face: DetectedFace) -> Proposal:
    """Where a body would be below a face.

    A face's square is about 0.17 m wide; the hips lie 0.6 m below its middle, the body's region spans 1.9 m.
    """
    x, y = face.center
    return Proposal(score, face.center, Square(x, y + 3.6 * face.side, 11 * face.side))


def body_box(pose: Pose, width: int, height: int) -> NDArray[np.float64]:
    """The box (4,) around the body and its head, cut to the picture, px; empty where nothing is inside."""
    head = head_square(pose, 1.0)
    corners = np.array([(head.x, head.y)]) + np.array([(-0.5,), (0.5,)]) * head.side
    points = np.concatenate([pose.points, corners])
    low, high = points.min(axis=0), points.max(axis=0)
    edge = (width - 0.5, height - 0.5)
    return np.concatenate([np.clip(low, -0.5, edge), np.clip(high, -0.5, edge)])


def without(picture: Picture, poses: Sequence[Pose]) -> Picture:
    """The picture with the boxes of these bodies painted grey."""
    height, width = picture.shape[:2]
    painted = picture.copy()
    for pose in poses:
        x0, y0, x1, y1 = body_box(pose, width, height)
        painted[int(y0 + 0.5) : int(y1 + 1), int(x0 + 0.5) : int(x1 + 1)] = 127
    return painted
