"""The main person of a window: found on key frames, followed in between, confirmed over the whole window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.keypoints import METRES
from pipeline.estimators.mediapipe.net import card
from pipeline.estimators.mediapipe.people import NETWORKS, People, body_box, head_square
from pipeline.estimators.mediapipe.pose import NUM_POINTS, POINTS, Pose
from pipeline.estimators.mediapipe.still import is_still
from pipeline.estimators.mediapipe.window import bodies_beside, faces_beside, find
from schemas.media import Frames
from schemas.tracks import EstimatorCard, KeypointTrack
from storage.packaged_files import PackagedFile


@dataclass(frozen=True, kw_only=True)
class MediapipePerson:
    """Settings of the person estimator; thresholds were set on real pictures of people and of none."""

    gives: ClassVar[frozenset[str]] = frozenset(POINTS) | {METRES}
    packaged: ClassVar[tuple[PackagedFile, ...]] = NETWORKS

    detect_every_frames: int = 6
    """Everybody is looked for on every n-th frame: newcomers are noticed within a quarter second."""
    min_detection: float = 0.3
    """Score from which a detector's proposal is looked at."""
    max_proposals: int = 5
    """Proposals that are looked at in one picture, best first."""
    min_presence: float = 0.5
    """The pose network's presence from which a body is followed."""
    min_evidence: float = 5.0
    """Mean log odds over a body's key frames from which it is the main person."""
    min_other_evidence: float = 5.5
    """Log odds from which a body is another person, on its best key frame: a crowded clip is better lost."""
    min_face_evidence: float = 0.5
    """Log odds from which a face beside the main person is another person's."""
    prior_evidence: float = 3.0
    """Log odds of one more key frame that is added to each mean: what things that are none often reach."""
    head_box_heads: float = 2.0
    """Side of the head box in head heights."""

    def build(self) -> PersonTracker:
        """The estimator.

        Raises:
            EstimatorUnavailable: LiteRT or a network's file is missing.
        """
        return PersonTracker(self)


class PersonTracker:
    """`PoseEstimator2D` on mediapipe's detectors and pose network."""

    def __init__(self, settings: MediapipePerson) -> None:
        self.settings = settings
        self.people = People(settings.min_detection, settings.min_presence, settings.max_proposals)
        self._card = card("mediapipe_person", NETWORKS)

    @property
    def card(self) -> EstimatorCard:
        """Name, version, weights digest and licence, for provenance."""
        return self._card

    def __call__(self, frames: Frames, /) -> KeypointTrack:
        """The window's main person."""
        seen, others = self.main_person(frames)
        return self.track(frames, self.fill(frames, seen), others)

    def main_person(self, frames: Frames) -> tuple[dict[int, Pose], NDArray[np.float64]]:
        """Poses of the main person by key frame, and areas (t,) of the largest other over the main one's.

        The main person is the confirmed body with the largest boxes, summed over key frames; without one
        nothing is seen. Photographs of people are nobody, unless nobody else is there.
        """
        height, width = frames.shape[1:3]
        wish, every = self.settings, self.settings.detect_every_frames
        everybody = find(self.people, frames, every)
        evidence = [body.evidence(wish.prior_evidence) for body in everybody.bodies]
        areas = [body.areas(width, height) for body in everybody.bodies]
        likely = [i for i, value in enumerate(evidence) if value >= wish.min_evidence]
        if not likely:
            return {}, np.zeros(len(frames))
        still = {i for i, body in enumerate(everybody.bodies) if is_still(frames, body.head, every)}
        likely = [i for i in likely if i not in still] or likely
        main = max(likely, key=lambda i: sum(areas[i].values()))
        if not (
            moving := main not in still
        ):  # as in a single picture: stillness tells nobody from a photograph
            still = set()
        poses = {t: one.pose for t, one in everybody.bodies[main].seen.items()}
        others = [
            areas[i]
            for i, body in enumerate(everybody.bodies)
            if i != main and i not in still and body.best_evidence >= wish.min_other_evidence
        ]
        beside = np.maximum(
            bodies_beside(len(frames), every, areas[main], others),
            faces_beside(frames, every, poses, everybody.faces, wish.min_face_evidence, moving=moving),
        )
        return poses, beside

    def fill(self, frames: Frames, known: dict[int, Pose]) -> dict[int, Pose]:
        """The main person's pose in every frame in which it can be followed from a key frame."""
        poses = dict(known)
        step = self.settings.detect_every_frames
        for start in sorted(known):
            self.walk(frames, poses, range(start + 1, min(start + step, len(frames))))
        for start in sorted(known):
            self.walk(frames, poses, range(start - 1, max(start - step, -1), -1))
        return poses

    def walk(self, frames: Frames, poses: dict[int, Pose], numbers: range) -> None:
        """Follows the person along `numbers` from the frame before it, until it is lost or known again."""
        for t in numbers:
            if t in poses:
                return
            pose = self.people.follow(frames[t], poses[t - numbers.step].square)
            if pose.presence < self.settings.min_presence:
                return
            poses[t] = pose

    def track(self, frames: Frames, poses: dict[int, Pose], others: NDArray[np.float64]) -> KeypointTrack:
        """What is known of the window; zeros where the person was not found."""
        num_frames, height, width = frames.shape[:3]
        points = np.zeros((num_frames, NUM_POINTS, 2))
        world = np.zeros((num_frames, NUM_POINTS, 3))
        score = np.zeros((num_frames, NUM_POINTS))
        box, head_box = np.zeros((num_frames, 4)), np.zeros((num_frames, 4))
        for t, pose in poses.items():
            points[t], world[t] = pose.points, pose.world
            score[t] = pose.visibility
            box[t] = body_box(pose, width, height)
            head_box[t] = head_square(pose, self.settings.head_box_heads).box
        return KeypointTrack(
            names=POINTS,
            points=points.astype(np.float32),
            world=world.astype(np.float32),
            score=score.astype(np.float32),
            box=box.astype(np.float32),
            head_box=head_box.astype(np.float32),
            valid=np.array([t in poses for t in range(num_frames)]),
            others=others.astype(np.float32),
        )
