"""Everybody in a window of frames: bodies linked over key frames, and what others are beside one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.crops import Square
from pipeline.estimators.mediapipe.evidence import Seen
from pipeline.estimators.mediapipe.net import Picture
from pipeline.estimators.mediapipe.people import Crowd, DetectedFace, agree, body_box, head_square
from pipeline.estimators.mediapipe.pose import Pose
from pipeline.estimators.mediapipe.still import is_still
from schemas.media import Frames

FindCrowd = Callable[[Picture, Sequence[tuple[int, Square]]], Crowd]
"""Finds everybody in a picture, given the numbers and last places of known bodies."""

FACE_SHARE = 0.7
"""Side of a detected face over the height of its head."""


@dataclass(frozen=True)
class WindowBody:
    """One body over the key frames in which it was seen."""

    seen: dict[int, Seen] = field(default_factory=dict)
    """By frame of the window."""

    def evidence(self, prior: float) -> float:
        """Mean log odds that it is a person, one more key frame of `prior` added."""
        values = [one.evidence for one in self.seen.values()]
        return (sum(values) + prior) / (len(values) + 1)

    @property
    def best_evidence(self) -> float:
        """Log odds that it is a person on its best key frame."""
        return max(one.evidence for one in self.seen.values())

    @property
    def head(self) -> Square:
        """An upright square around its head where it was seen first."""
        return head_square(self.seen[min(self.seen)].pose, 1.0)

    def areas(self, width: int, height: int) -> dict[int, float]:
        """Areas of its box, px^2, by frame of the window."""
        return {t: area(body_box(one.pose, width, height)) for t, one in self.seen.items()}


@dataclass(frozen=True)
class Everybody:
    """All bodies of a window, and the faces of its key frames."""

    bodies: list[WindowBody]
    faces: dict[int, list[DetectedFace]]


def find(people: FindCrowd, frames: Frames, every: int) -> Everybody:
    """Looks for everybody on every n-th frame; a body is looked for again where it was on the last one."""
    bodies: list[WindowBody] = []
    faces: dict[int, list[DetectedFace]] = {}
    known: list[tuple[int, Square]] = []
    for t in range(0, len(frames), every):
        crowd = people(frames[t], known)
        faces[t] = crowd.faces
        known = []
        for one in crowd.bodies:
            number = one.body if one.body >= 0 else lost(bodies, one, t, since=t - 2 * every)
            if number == len(bodies):
                bodies.append(WindowBody())
            bodies[number].seen[t] = one
            known.append((number, one.pose.square))
    return Everybody(bodies, faces)


def lost(bodies: list[WindowBody], one: Seen, t: int, since: int) -> int:
    """Number of the body that was near from `since` on and is missed in frame `t`, else a new number.

    Who runs leaves the region of the last key frame, and is found again by the detectors.
    """
    for number, body in enumerate(bodies):
        last = max(body.seen)
        if since <= last < t and agree(body.seen[last].pose.square, one.pose.square, apart=0.6, growth=1.5):
            return number
    return len(bodies)


def bodies_beside(
    num_frames: int, every: int, main: dict[int, float], others: list[dict[int, float]]
) -> NDArray[np.float64]:
    """Area of the largest other body over the main one's, by frame.

    The areas come by key frame; each speaks for the frames up to the next. A body that is
    overlooked between two of its key frames keeps its area there.
    """
    ratio = np.zeros(num_frames)
    usual = float(np.mean(list(main.values())))
    for other in others:
        for t in range(min(other), max(other) + 1, every):
            latest = max(seen for seen in other if seen <= t)
            part = ratio[t : t + every]
            np.maximum(part, other[latest] / max(main.get(t, usual), 1.0), out=part)
    return ratio


def faces_beside(
    frames: Frames,
    every: int,
    main: dict[int, Pose],
    faces: dict[int, list[DetectedFace]],
    min_evidence: float,
    *,
    moving: bool,
) -> NDArray[np.float64]:
    """Squared size of the largest face outside the main person's box over the main one's, by frame.

    People whose bodies hide each other show their faces; a face of the same size stands for an equal body.
    Photographs are nobody's; they are told by their stillness where the main person is `moving`.
    """
    num_frames, height, width = frames.shape[:3]
    ratio = np.zeros(num_frames)
    for t in faces.keys() & main.keys():
        x0, y0, x1, y1 = body_box(main[t], width, height)
        own = FACE_SHARE * head_square(main[t], 1.0).side
        for face in faces[t]:
            x, y = face.center
            outside = not (x0 <= x <= x1 and y0 <= y <= y1)
            if (
                face.evidence >= min_evidence
                and outside
                and not (moving and is_still(frames, face.square, every))
            ):
                part = ratio[t : t + every]
                np.maximum(part, (face.side / own) ** 2, out=part)
    return ratio


def area(box: NDArray[np.float64]) -> float:
    """Area of a box, px^2."""
    return float(np.prod(box[2:] - box[:2]))
