"""Everybody in one picture: what the detectors propose, and the pose network confirms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.crops import Square
from pipeline.estimators.mediapipe_detectors import (
    FACE_DETECTOR_FAR,
    FACE_DETECTOR_NEAR,
    POSE_DETECTOR,
    SsdDetector,
)
from pipeline.estimators.mediapipe_graph import Graph, Picture
from pipeline.estimators.mediapipe_pose import MODEL, P, Pose, PoseNet, body_square, px_per_metre

MODELS = (MODEL, POSE_DETECTOR.model, FACE_DETECTOR_FAR.model, FACE_DETECTOR_NEAR.model)
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
class Seen:
    """A body in a picture, and how much speaks for it."""

    pose: Pose
    track: int
    """Which of the bodies looked for it is; -1 for a new one."""
    detected: float
    """Best score of a detector that proposed it, 0 where none did."""
    face: float = 0.0
    """Score of a face found at its head."""

    @property
    def evidence(self) -> float:
        """Log odds of presence, detection and (where there is one) face, summed.

        Seen on real pictures: a person 7 to 14; hands, plants, table legs that look like one -7 to 7.
        """
        return log_odds(self.pose.presence) + log_odds(self.detected) + max(log_odds(self.face), 0.0)


class People:
    """Finds all people in a picture."""

    def __init__(self, min_detection: float, min_presence: float, max_proposals: int) -> None:
        self.net = PoseNet()
        self.bodies = POSE_DETECTOR.start(min_detection)
        self.faces = FACE_DETECTOR_FAR.start(min_detection)
        self.close_face = FACE_DETECTOR_NEAR.start(min_detection)
        self.min_presence = min_presence
        self.max_proposals = max_proposals

    def __call__(self, picture: Picture, known: Sequence[tuple[int, Square]]) -> list[Seen]:
        """Bodies in the picture: first the `known` ones (track number and where it was last), then new ones.

        The detector overlooks bodies beside larger ones, so it also looks once where those are painted over.
        """
        seen: list[Seen] = []
        for track, square in known:
            self.add(seen, Seen(self.follow(picture, square), track, 0.0))
        self.propose(seen, picture, [*self.body_proposals(picture), *self.face_proposals(picture)])
        if seen:
            self.propose(seen, picture, self.body_proposals(without(picture, [one.pose for one in seen])))
        return [replace(one, face=self.face_score(picture, one.pose)) for one in seen]

    def propose(self, seen: list[Seen], picture: Picture, proposals: Sequence[Proposal]) -> None:
        """Adds the proposed bodies that are there and new; notes the score at those that are known."""
        for new in proposals[: self.max_proposals]:
            match = next((i for i, one in enumerate(seen) if fits(one.pose, new)), None)
            if match is None:
                self.add(seen, Seen(self.follow(picture, new.square), -1, new.score))
            else:
                seen[match] = replace(seen[match], detected=max(seen[match].detected, new.score))

    def follow(self, picture: Picture, square: Square) -> Pose:
        """The body in or near the square; looked at again where it was not well in the middle."""
        pose = self.net(picture, square)
        return pose if agree(pose.square, square, 0.1) else self.net(picture, pose.square)

    def add(self, seen: list[Seen], one: Seen) -> None:
        """Puts a body on the list unless it is hardly there, or already on it."""
        if one.pose.presence < self.min_presence:
            return
        for i, other in enumerate(seen):
            if agree(other.pose.square, one.pose.square, 0.25):
                seen[i] = replace(other, detected=max(other.detected, one.detected))
                return
        seen.append(one)

    def body_proposals(self, picture: Picture) -> list[Proposal]:
        """Where the body detector sees bodies, best first."""
        found = []
        for row in self.detect(self.bodies, POSE_DETECTOR, picture):
            points = row[1:].reshape(-1, 2)
            found.append(Proposal(row[0], points[:2].mean(axis=0), body_square(points[2], points[3])))
        return found

    def face_proposals(self, picture: Picture) -> list[Proposal]:
        """Where bodies would be below the faces that are seen, best first.

        A face box is about 0.17 m high; the hips lie 0.6 m below its middle, the region spans 1.9 m.
        """
        found = []
        for row in self.detect(self.faces, FACE_DETECTOR_FAR, picture):
            center, side = (row[1:3] + row[3:5]) / 2, row[4] - row[2]
            found.append(Proposal(row[0], center, Square(center[0], center[1] + 3.6 * side, 11 * side)))
        return found

    def detect(self, graph: Graph, detector: SsdDetector, picture: Picture) -> NDArray[np.float64]:
        """Rows of score and px coordinates of what a detector finds in the whole picture."""
        height, width = picture.shape[:2]
        whole = Square.whole(width, height)
        rows = graph(whole.cut(picture, detector.side))["detections"]
        if rows is None:
            return np.zeros((0, 5 + 2 * detector.num_points))
        points = whole.to_picture(rows[:, 1:].reshape(len(rows), -1, 2)).reshape(len(rows), -1)
        return np.concatenate([rows[:, :1], points], axis=1)

    def face_score(self, picture: Picture, pose: Pose) -> float:
        """Best score of a face where the body's head is, 0 where none is found."""
        crop = head_square(pose, 2.0).cut(picture, FACE_DETECTOR_NEAR.side)
        rows = self.close_face(crop)["detections"]
        return 0.0 if rows is None else float(rows[:, 0].max())


def log_odds(p: float) -> float:
    """Log of p / (1 - p), for p held within 0.1 and 99.9 %; absent detections stand at 20 %."""
    p = min(max(p, 0.001), 0.999) if p > 0 else 0.2
    return float(np.log(p / (1 - p)))


def agree(one: Square, other: Square, tolerance: float) -> bool:
    """Whether two regions are about the same body's."""
    larger = max(one.side, other.side)
    apart = np.hypot(one.x - other.x, one.y - other.y)
    return bool(apart < tolerance * larger and abs(one.side - other.side) < 1.6 * tolerance * larger)


def head_square(pose: Pose, scale: float) -> Square:
    """An upright square on the head's middle (between the ears), `scale` head heights wide."""
    x, y = pose.points[[P["left_ear"], P["right_ear"]]].mean(axis=0)
    return Square(float(x), float(y), scale * HEAD_M * px_per_metre(pose.points, pose.world))


def fits(pose: Pose, proposal: Proposal) -> bool:
    """Whether a proposed head lies on the body's head."""
    head = head_square(pose, 1.0)
    away = np.hypot(proposal.head[0] - head.x, proposal.head[1] - head.y)
    return bool(away < 0.75 * head.side)


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
