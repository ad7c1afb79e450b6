"""Both hands by HaMeR: each looked for on its whole-body points, the left one in a mirror."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine.placement import placement
from pipeline.estimators.batches import Net, digest_of, in_batches, named_file, on_device
from pipeline.estimators.hmr.camera import focal_px, picture_translation
from pipeline.estimators.hmr.crop import Region, crop
from pipeline.estimators.keypoints import BOTH_HANDS, HANDS, columns
from pipeline.geometry import bounding_box, principal_point, project
from schemas.media import Frames
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
        from pipeline.estimators.hmr.loaded import hand_of
        from pipeline.estimators.hmr.net import hmr_net
        from storage.weight_files import read_weights

        weights, mano = named_file(self.weights, "HaMeR"), named_file(self.mano, "MANO")
        net = on_device(hmr_net(read_weights(weights), "hand", self.rounds, self.precision), self.device)
        digest = digest_of(weights, mano)
        card = EstimatorCard(name="hamer", version="HaMeR", weights_sha256=digest, licence=LICENCE)
        return MeshHands(self, net, hand_of(mano), card)


@dataclass(frozen=True)
class HandPlace:
    """Where one hand is looked for."""

    frame: int
    side: int
    region: Region


class MeshHands:
    """`HandEstimator` on a network of right hands and a hand model."""

    def __init__(self, settings: HmrHands, net: Net, joints: Joints, card: EstimatorCard) -> None:
        self.settings = settings
        self.net = net
        self.joints = joints
        self.card = card

    def __call__(self, frames: Frames, person: KeypointTrack, /) -> HandTrack:
        """Both hands where their points are seen, zeros elsewhere."""
        num_frames, height, width = frames.shape[:3]
        points2d = np.zeros((num_frames, 2, len(OURS), 2), np.float32)
        points3d = np.zeros((num_frames, 2, len(OURS), 3), np.float32)
        rotations = np.zeros((num_frames, 2, 16, 3, 3), np.float32)
        score = np.zeros((num_frames, 2), np.float32)
        places = [place for t in np.flatnonzero(person.valid) for place in self.places(person, int(t), score)]
        said = in_batches(self.net, places, lambda place: cut(frames, place), self.settings.batch)
        for place, (turns, betas, camera) in zip(places, said, strict=True):
            at, side = (place.frame, place.side), MIRROR if place.side == LEFT else np.abs(MIRROR)
            joints = self.joints(turns[None], betas[None])[0, list(OURS)] * side
            standing = picture_translation(camera * side[[1, 0, 2]], place.region, width, height)
            points2d[at] = project(joints + standing, focal_px(width, height), principal_point(width, height))
            points3d[at], rotations[at] = joints - joints[0], side[:, None] * turns * side
        return HandTrack(points2d=points2d, points3d=points3d, score=score, rotations=rotations)

    def places(self, person: KeypointTrack, t: int, score: Array) -> list[HandPlace]:
        """Where the hands of a frame are looked for; sets their scores."""
        found = []
        for side, names in enumerate(HANDS):
            own = columns(person, names)
            sure = person.score[t, own] >= self.settings.min_score
            if sure.sum() < self.settings.min_points:
                continue
            score[t, side] = person.score[t, own][sure].mean()
            box = bounding_box(person.points[t, own][sure])
            found.append(HandPlace(t, side, Region.around(box, self.settings.box_scale)))
        return found


def cut(frames: Frames, place: HandPlace) -> Array:
    """A hand's crop, always as of a right one."""
    return crop(frames[place.frame], place.region, mirror=place.side == LEFT)
