"""The main person by RTMPose, DWPose or RTMW: found as the embedded estimator does, seen by the network.

Who is there, who is the main person and whether others are, is judged on key frames by the embedded detectors
and their gates; between these the box goes evenly, and the network looks at every frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.batches import (
    ON_PROCESSOR,
    Batches,
    Net,
    cutter_on,
    digest_of,
    named_file,
    network_of,
    on_device,
)
from pipeline.estimators.crop_grid import Cutter
from pipeline.estimators.keypoints import WHOLE_BODY
from pipeline.estimators.mediapipe.people import body_box, head_square
from pipeline.estimators.mediapipe.person import MediapipePerson, PersonTracker
from pipeline.estimators.mediapipe.pose import Pose
from pipeline.estimators.rtmpose.topdown import PaddedBox, PoseCrop, decoded, visibility
from schemas.media import Frames
from schemas.placement import placement
from schemas.tracks import EstimatorCard, KeypointTrack

Array = NDArray[np.float64]
FindMain = Callable[[Frames], tuple[dict[int, Pose], Array]]
"""Poses of the main person by key frame, and areas (t,) of the largest other over the main one's."""
EARS = ("left_ear", "right_ear")
NUM_BODY = 17
"""Points of the body, which come first."""


@dataclass(frozen=True, kw_only=True)
class RtmPerson:
    """Settings of the whole-body estimator."""

    gives: ClassVar[frozenset[str]] = frozenset(WHOLE_BODY)

    weights: Path | None = None
    """A network of mmpose of 133 points: RTMPose, DWPose or RTMW, as it is published (`.pth`)."""
    people: MediapipePerson = field(default_factory=MediapipePerson)
    """How people are found, and which is the main one."""
    min_score: float = 0.2
    """Mean score of the body's points from which a person is seen in a frame."""
    min_ear: float = 0.3
    """Score of both ears from which they say where the head is."""
    device: str = placement("cpu")
    """Where it runs: cpu, cuda, cuda:1."""
    batch: int = placement(32)
    """Crops at a time."""

    def build(self) -> WholeBodyTracker:
        """The estimator.

        Raises:
            EstimatorUnavailable: the file, mmpose, the device, or an embedded network is missing.
            ValueError: the file is of another network.
        """
        from pipeline.estimators.rtmpose.net import rtm_net

        path = named_file(self.weights, "RTMPose")
        net = network_of(path, rtm_net)
        if net.sizes.points != len(WHOLE_BODY):
            raise ValueError(
                f"{path}: a network of {net.sizes.points} points; one of {len(WHOLE_BODY)} is needed"
            )
        card = EstimatorCard(
            name="rtmw" if net.sizes.two_levels else "rtmpose",
            version="mmpose 1.3.2",
            weights_sha256=digest_of(path),
            licence="Apache-2.0",
        )
        size = (net.sizes.width, net.sizes.height)
        people = PersonTracker(self.people).main_person
        seen = net.sizes.two_levels
        return WholeBodyTracker(
            self,
            people,
            on_device(net, self.device),
            size,
            card,
            by_visibility=seen,
            cutter=cutter_on(self.device),
        )


class WholeBodyTracker:
    """`PoseEstimator2D` on a network of 133 points."""

    def __init__(
        self,
        settings: RtmPerson,
        people: FindMain,
        net: Net,
        size: tuple[int, int],
        card: EstimatorCard,
        *,
        by_visibility: bool,
        cutter: Cutter = ON_PROCESSOR,
    ) -> None:
        self.settings = settings
        self.people = people
        self.net = net
        self.size = size
        self.card = card
        self.by_visibility = by_visibility
        self.cutter = cutter

    def __call__(self, frames: Frames, /) -> KeypointTrack:
        """The main person of the window, in source px."""
        height, width = frames.shape[1:3]
        seen, others = self.people(frames)
        box = between({t: body_box(pose, width, height) for t, pose in seen.items()}, len(frames))
        heads = self.settings.people.head_box_heads
        head = between({t: np.array(head_square(pose, heads).box) for t, pose in seen.items()}, len(frames))
        present = reached(seen, len(frames), self.settings.people.detect_every_frames)
        points, score = self.estimate_points(frames, box, present)
        valid = present & (score[:, :NUM_BODY].mean(axis=1) >= self.settings.min_score)
        head = on_ears(head, points, score, self.settings.min_ear)
        return KeypointTrack(
            names=WHOLE_BODY,
            points=(points * valid[:, None, None]).astype(np.float32),
            world=np.zeros((*points.shape[:2], 3), np.float32),
            score=(score * valid[:, None]).astype(np.float32),
            box=(box * valid[:, None]).astype(np.float32),
            head_box=(head * valid[:, None]).astype(np.float32),
            valid=valid,
            others=others.astype(np.float32),
        )

    def estimate_points(
        self, frames: Frames, box: Array, present: NDArray[np.bool_]
    ) -> tuple[Array, NDArray[np.float32]]:
        """Points (t, 133, 2) and scores (t, 133), 0..1, of the person in its box; zeros where nobody is."""
        width, height = self.size
        points = np.zeros((len(frames), len(WHOLE_BODY), 2))
        score = np.zeros(points.shape[:2], np.float32)
        boxes = {int(t): PaddedBox.around(box[t], width / height) for t in np.flatnonzero(present)}
        batches = Batches(self.net, self.settings.batch, self.cutter)
        for t, padded in boxes.items():
            batches.add(frames, t, PoseCrop(padded, width, height))
        for (t, padded), x, y in zip(boxes.items(), *(batches.rows() or ((), ())), strict=True):
            found, likely = decoded(x, y)
            points[t] = padded.to_picture(found, width, height)
            score[t] = np.clip(visibility(x, y) if self.by_visibility else likely, 0, 1)
        return points, score


def between(known: dict[int, Array], num_frames: int) -> Array:
    """Boxes (t, 4) that go evenly from one known frame to the next; zeros without any."""
    if not known:
        return np.zeros((num_frames, 4))
    frames = sorted(known)
    sides = np.array([known[t] for t in frames]).T
    return np.stack([np.interp(np.arange(num_frames), frames, side) for side in sides], axis=1)


def reached(seen: dict[int, Pose], num_frames: int, every: int) -> NDArray[np.bool_]:
    """Frames (t,) nearer to one in which the person was seen than key frames are to each other."""
    if not seen:
        return np.zeros(num_frames, np.bool_)
    away = np.abs(np.arange(num_frames)[:, None] - np.array(sorted(seen))).min(axis=1)
    return np.asarray(away < every)


def on_ears(head: Array, points: Array, score: NDArray[np.float32], least: float) -> Array:
    """Head boxes (t, 4) moved onto the middles between the ears where both are seen."""
    ears = [WHOLE_BODY.index(name) for name in EARS]
    sure = np.asarray((score[:, ears] >= least).all(axis=1))
    middle = (head[:, :2] + head[:, 2:]) / 2
    moved = np.where(sure[:, None], points[:, ears].mean(axis=1) - middle, 0)
    return head + np.concatenate([moved, moved], axis=1)
