"""Both hands of the main person: found at the body's wrists, followed by their own points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.crops import Square
from pipeline.estimators.keypoints import SIDES, columns
from pipeline.estimators.mediapipe.detectors import PALM_DETECTOR
from pipeline.estimators.mediapipe.hand_net import HAND_NETWORK, WRIST, Hand, HandNet, palm_square, upward
from pipeline.estimators.mediapipe.net import Picture, card
from pipeline.estimators.mediapipe.pose import px_per_metre
from schemas.joints import HAND_JOINTS
from schemas.media import Frames
from schemas.tracks import EstimatorCard, HandTrack, KeypointTrack, no_hand_model
from storage.packaged_files import PackagedFile

Array = NDArray[np.float64]
Hands = tuple[Hand | None, Hand | None]
TORSO = ("shoulder", "hip")


@dataclass(frozen=True, kw_only=True)
class MediapipeHands:
    """Settings of the hand estimator; points of a whole body will do, be they without depth."""

    reads: ClassVar[frozenset[str]] = frozenset(
        f"{side}_{part}" for part in ("wrist", *TORSO) for side in SIDES
    )
    packaged: ClassVar[tuple[PackagedFile, ...]] = (HAND_NETWORK, PALM_DETECTOR.file)

    region_m: float = 0.22
    """Side of the square in which a hand is first looked for, on the body's hand, metres."""
    search_m: float = 0.5
    """Side of the square in which palms are looked for where that finds nothing."""
    detect_every_frames: int = 6
    """Palms, and hands whose wrist is hidden, are looked for on every n-th frame only."""
    min_presence: float = 0.5
    """Of the hand network, for a hand to be seen."""
    min_palm: float = 0.5
    """Score of a detected palm."""
    min_wrist: float = 0.3
    """Score of the body's wrist from which its hand is looked for on every frame."""
    max_wrist_apart: float = 0.6
    """The hand's wrist may lie so many of its region's sides from the body's: further off it is another's."""
    same_hand: float = 0.15
    """Two hands whose points lie nearer than this share of the region's side, on average, are one."""

    def build(self) -> HandTracker:
        """The estimator.

        Raises:
            EstimatorUnavailable: LiteRT or a network's file is missing.
        """
        return HandTracker(self)


class HandTracker:
    """`HandEstimator` on the key points of `MediapipePerson`."""

    def __init__(self, settings: MediapipeHands) -> None:
        self.settings = settings
        self.net = HandNet()
        self.palms = PALM_DETECTOR.start(settings.min_palm)
        self._card = card("mediapipe_hands", (HAND_NETWORK, PALM_DETECTOR.file))

    @property
    def card(self) -> EstimatorCard:
        """Name, version, weights digest and licence, for provenance."""
        return self._card

    def __call__(self, frames: Frames, person: KeypointTrack, /) -> HandTrack:
        """Both hands where they are seen, zeros elsewhere."""
        points2d = np.zeros((len(frames), 2, len(HAND_JOINTS), 2), np.float32)
        points3d = np.zeros((len(frames), 2, len(HAND_JOINTS), 3), np.float32)
        score = np.zeros((len(frames), 2), np.float32)
        last: Hands = (None, None)
        for t in range(len(frames)):
            last = self.both(frames[t], Arms(person, t), last, t) if person.valid[t] else (None, None)
            for side, hand in enumerate(last):
                if hand is not None:
                    points2d[t, side], score[t, side] = hand.points, hand.presence
                    points3d[t, side] = hand.world - hand.world[WRIST]
        rotations = no_hand_model(len(frames))
        return HandTrack(points2d=points2d, points3d=points3d, score=score, rotations=rotations)

    def both(self, picture: Picture, body: Arms, last: Hands, t: int) -> Hands:
        """The left and the right hand in frame `t` of the window, as far as they are seen."""
        left, right = (self.find_hand(picture, body, side, last[side], t) for side in (0, 1))
        return self.assigned(left, right, body)

    def find_hand(self, picture: Picture, body: Arms, side: int, last: Hand | None, t: int) -> Hand | None:
        """The hand of one side, where it was, else on the body's hand, else on a palm nearby."""
        if last is not None:
            hand = self.net(picture, last.square)
            if self.belongs(hand, body, side):
                return hand
        key = t % self.settings.detect_every_frames == 0
        if not key and body.score[side] < self.settings.min_wrist:
            return None
        hand = self.net.settle(picture, body.region(side, self.settings.region_m))
        if self.belongs(hand, body, side):
            return hand
        palm = self.palm(picture, body.region(side, self.settings.search_m)) if key else None
        if palm is not None:
            hand = self.net.settle(picture, palm)
        return hand if self.belongs(hand, body, side) else None

    def palm(self, picture: Picture, around: Square) -> Square | None:
        """The region of the surest palm in a square."""
        rows = self.palms(around.cut(picture, PALM_DETECTOR.side))
        return palm_square(around.to_picture(rows[0, 1:].reshape(-1, 2))) if len(rows) else None

    def belongs(self, hand: Hand, body: Arms, side: int) -> bool:
        """Whether a hand is seen and hangs on the body's wrist of this side rather than on the other one."""
        if hand.presence < self.settings.min_presence:
            return False
        own, other = (np.linalg.norm(hand.points[WRIST] - body.wrists[s]) for s in (side, 1 - side))
        near = own <= self.settings.max_wrist_apart * hand.square.side
        return bool(near and (own <= other or body.clasped(hand.square.side)))

    def assigned(self, left: Hand | None, right: Hand | None, body: Arms) -> Hands:
        """The hands, without the worse of two that are one: wrist further off, side less likely."""
        if left is None or right is None:
            return left, right
        apart = np.linalg.norm(left.points - right.points, axis=1).mean()
        if apart > self.settings.same_hand * max(left.square.side, right.square.side):
            return left, right
        doubt = [
            np.linalg.norm(left.points[WRIST] - body.wrists[0]) / left.square.side + left.right,
            np.linalg.norm(right.points[WRIST] - body.wrists[1]) / right.square.side + 1 - right.right,
        ]
        return (left, None) if doubt[0] <= doubt[1] else (None, right)


USUAL_M = {"shoulder": 0.36, "hip": 0.24}
"""How far shoulders and hips are apart on bodies of usual build, as estimators place these joints, metres."""
TORSO_M = 0.5
"""And middles of shoulders from those of hips."""
KNUCKLES = (("index", "pinky"), ("hand_index_1", "hand_little_1"))
"""What the two outer knuckles are called: by MediaPipe, and among whole-body points."""


class Arms:
    """The ends of the main person's arms in one frame, left first."""

    def __init__(self, person: KeypointTrack, t: int) -> None:
        points = person.points[t].astype(np.float64)
        wrists = columns(person, tuple(f"{side}_wrist" for side in SIDES))
        self.wrists = points[wrists]
        self.score = person.score[t, wrists]
        outer = next(names for names in KNUCKLES if f"left_{names[0]}" in person.names)
        ends = [columns(person, tuple(f"{side}_{name}" for name in outer)) for side in SIDES]
        self.knuckles = points[np.array(ends)].mean(axis=1)
        world = person.world[t].astype(np.float64)
        self.px_per_metre = px_per_metre(points, world) if world.any() else usual_scale(person, t)

    def region(self, side: int, metres: float) -> Square:
        """A square of this size on the knuckles of one hand, fingers up."""
        x, y = self.knuckles[side]
        angle = upward(self.knuckles[side] - self.wrists[side])
        return Square(float(x), float(y), metres * self.px_per_metre, angle)

    def clasped(self, reach: float) -> bool:
        """Whether the wrists are so near to each other that distance tells no hand from the other."""
        return bool(np.linalg.norm(self.wrists[0] - self.wrists[1]) < reach / 2)


def usual_scale(person: KeypointTrack, t: int) -> float:
    """Pixels a metre of a torso without depth: the most that its lengths tell, for turning shortens them."""
    points = person.points[t].astype(np.float64)
    ends = {part: points[columns(person, tuple(f"{side}_{part}" for side in SIDES))] for part in TORSO}
    across = [float(np.linalg.norm(left - right)) / USUAL_M[part] for part, (left, right) in ends.items()]
    along = float(np.linalg.norm(ends["shoulder"].mean(axis=0) - ends["hip"].mean(axis=0))) / TORSO_M
    return max(*across, along, 1.0)
