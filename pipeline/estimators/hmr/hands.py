"""Both hands by HaMeR: each looked for on its whole-body points, the left one in a mirror."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.batches import ON_PROCESSOR, Batches, Net, cutter_on, digest_of, named_file
from pipeline.estimators.clipwise import CropEstimator
from pipeline.estimators.crop_grid import Cutter
from pipeline.estimators.hmr.camera import focal_px, picture_translation
from pipeline.estimators.hmr.crop import HmrCrop, Region
from pipeline.estimators.keypoints import BOTH_HANDS, HANDS, columns
from pipeline.geometry import bounding_box, principal_point, project
from schemas.media import Frames
from schemas.placement import placement
from schemas.tracks import EstimatorCard, HandTrack, KeypointTrack

Array = NDArray[np.float32]
OURS = (0, 13, 14, 15, 16, 1, 2, 3, 17, 4, 5, 6, 18, 10, 11, 12, 19, 7, 8, 9, 20)
"""Where our joints stand among MANO's 16 and its five tips."""
MIRROR = np.array([-1.0, 1.0, 1.0], np.float32)
LEFT = 0
LICENCE = "MIT (code); weights and MANO for research alone"
Joints = Callable[[Array, Array], Array]
"""Places (b, 21, 3), m, by rotations (b, 16, 3, 3) and betas (b, 10)."""


@dataclass(frozen=True, kw_only=True)
class HmrHands:
    """Settings of the hand estimator."""

    reads: ClassVar[frozenset[str]] = BOTH_HANDS

    weights: Path | None = None
    """HaMeR's checkpoint, as it is published."""
    mano: Path | None = None
    """MANO's model of the right hand."""
    rounds: int = 1
    """Corrections of the estimate, as the checkpoint was trained for: MANO_HEAD.IEF_ITERS of its settings."""
    box_scale: float = 2.0
    """A hand's region over the box around its points."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the backbone: in bfloat16 several times as fast on a GPU, and joints move by about a millimetre."""
    min_score: float = 0.5
    """Score from which a point counts."""
    min_points: int = 4
    """A hand of fewer such points is not seen."""
    device: str = placement("cpu")
    """Where it runs: cpu, cuda, cuda:1."""
    batch: int = placement(32)
    """Crops at a time."""

    def build(self) -> MeshHands:
        """The estimator.

        Raises:
            EstimatorUnavailable: a file, smplx or the device is missing.
            ValueError: a file is of another network or model.
        """
        from pipeline.estimators.hmr.loaded import hand_of, mesh_net

        weights, mano = named_file(self.weights, "HaMeR"), named_file(self.mano, "MANO")
        net = mesh_net(weights, "hand", self.rounds, self.precision, self.device)
        digest = digest_of(weights, mano)
        card = EstimatorCard(name="hamer", version="HaMeR", weights_sha256=digest, licence=LICENCE)
        return MeshHands(self, net, hand_of(mano), card, cutter_on(self.device))


@dataclass(frozen=True)
class HandPlace:
    """Where one hand is looked for."""

    frame: int
    side: int
    region: Region


class MeshHands(CropEstimator[KeypointTrack, HandTrack]):
    """`HandEstimator` on a network of right hands and a hand model."""

    def __init__(
        self, settings: HmrHands, net: Net, joints: Joints, card: EstimatorCard, cutter: Cutter = ON_PROCESSOR
    ) -> None:
        self.settings = settings
        self.net = net
        self.cutter = cutter
        self.joints = joints
        self.card = card

    def begin(self) -> HandsOfClip:
        """It, at the beginning of a clip."""
        return HandsOfClip(self)

    def boxes(self, person: KeypointTrack) -> NDArray[np.float64]:
        """Boxes (t, 2, 4), px, of the hands that it would look at; zeros where one is not seen."""
        return hand_boxes(person, self.settings)[0]


class HandsOfClip:
    """`MeshHands` over a clip."""

    def __init__(self, estimator: MeshHands) -> None:
        self.estimator = estimator
        self.batches = Batches(estimator.net, estimator.settings.batch, estimator.cutter)
        self.places: list[HandPlace] = []
        self.score: list[Array] = []
        self.width = self.height = 0
        self.last = np.zeros((0, 2, 4))

    def see(self, frames: Frames, person: KeypointTrack, /) -> None:
        """Both hands where their points are seen, in the next window."""
        self.height, self.width = frames.shape[1:3]
        start = sum(map(len, self.score))
        self.last, score = hand_boxes(person, self.estimator.settings)
        self.score.append(score)
        for t, side in np.argwhere(score > 0):
            region = Region.around(self.last[t, side], self.estimator.settings.box_scale)
            self.places.append(HandPlace(start + t, side, region))
            self.batches.add(frames, int(t), HmrCrop(region, mirror=side == LEFT))

    def boxes(self) -> NDArray[np.float64]:
        """Boxes (t, 2, 4), px, around the points of hands in the last window; zeros where one is not seen."""
        return self.last

    def track(self) -> HandTrack:
        """Both hands in all windows, zeros where one is not seen."""
        score, shown = np.concatenate(self.score), (self.width, self.height)
        points2d = np.zeros((len(score), 2, len(OURS), 2), np.float32)
        points3d = np.zeros((len(score), 2, len(OURS), 3), np.float32)
        rotations = np.zeros((len(score), 2, 16, 3, 3), np.float32)
        rows = zip(self.places, *(self.batches.rows() or ((), (), ())), strict=True)
        for place, turns, betas, camera in rows:
            at, side = (place.frame, place.side), MIRROR if place.side == LEFT else np.abs(MIRROR)
            joints = self.estimator.joints(turns[None], betas[None])[0, list(OURS)] * side
            standing = picture_translation(camera * side[[1, 0, 2]], place.region, *shown)
            points2d[at] = project(joints + standing, focal_px(*shown), principal_point(*shown))
            points3d[at], rotations[at] = joints - joints[0], side[:, None] * turns * side
        return HandTrack(points2d=points2d, points3d=points3d, score=score, rotations=rotations)


def hand_boxes(person: KeypointTrack, how: HmrHands) -> tuple[NDArray[np.float64], Array]:
    """Boxes (t, 2, 4) around the points of hands that are sure, and mean scores (t, 2) of these.

    Both are 0 where too few points are.
    """
    boxes = np.zeros((len(person.valid), 2, 4))
    score = np.zeros(boxes.shape[:2], np.float32)
    for side, names in enumerate(HANDS):
        own = columns(person, names)
        for t in np.flatnonzero(person.valid):
            sure = person.score[t, own] >= how.min_score
            if sure.sum() >= how.min_points:
                score[t, side] = person.score[t, own][sure].mean()
                boxes[t, side] = bounding_box(person.points[t, own][sure])
    return boxes, score
