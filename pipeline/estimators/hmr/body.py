"""Our body joints by HMR2.0: a crop of the person to SMPL's joints before the whole picture's camera."""

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
from pipeline.estimators.keypoints import ARMS_AND_LEGS, joint_scores
from pipeline.geometry import in_picture, principal_point, project
from schemas.arrays import joined
from schemas.joints import BODY_JOINTS
from schemas.media import Frames
from schemas.placement import placement
from schemas.tracks import BodyTrack, EstimatorCard, KeypointTrack

Array = NDArray[np.float32]
OURS = (0, 12, 16, 17, 18, 19, 20, 21, 1, 2, 4, 5, 7, 8, 24, 25)
"""Where our joints stand among SMPL's 24 and its two toes."""
NUM_ROTATIONS = 22
"""Those that SMPL and SMPL-X share; SMPL's last two are hands."""
SHAPES = ((24, 3, 3), (10,), (3,))
"""Of what the network says of a crop: rotations, betas and the camera."""
Joints = Callable[[Array, Array], Array]
"""Places (b, joints, 3), m, by rotations (b, 24, 3, 3) and betas (b, 10)."""
Shaped = Callable[[Array], tuple[Array, Array]]
"""SMPL-X's betas (b, 10) and places at rest (b, 67, 3), m, for SMPL's betas."""
LICENCE = "MIT (code); weights and SMPL for research alone"


@dataclass(frozen=True, kw_only=True)
class HmrBody:
    """Settings of the body estimator."""

    version: ClassVar[int] = 2
    reads: ClassVar[frozenset[str]] = ARMS_AND_LEGS

    weights: Path | None = None
    """HMR2.0's checkpoint, as 4D-Humans publishes it."""
    smpl: Path | None = None
    """SMPL's neutral model."""
    smplx: Path | None = None
    """SMPL-X's neutral model."""
    rounds: int = 1
    """Corrections of the estimate, as the checkpoint was trained for: SMPL_HEAD.IEF_ITERS of its settings."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the backbone: in bfloat16 several times as fast on a GPU, and joints move by about a millimetre."""
    min_score: float = 0.5
    """A joint of this score is seen."""
    min_joints: int = 3
    """A body of which fewer joints are seen in the picture is not valid."""
    device: str = placement("cpu")
    """Where it runs: cpu, cuda, cuda:1."""
    batch: int = placement(32)
    """Crops at a time."""

    def build(self) -> MeshBody:
        """The estimator.

        Raises:
            EstimatorUnavailable: a file, smplx or the device is missing.
            ValueError: a file is of another network or model.
        """
        from pipeline.estimators.hmr.loaded import joints_of, mesh_net, shaped_like

        weights = named_file(self.weights, "HMR2.0")
        smpl, smplx = named_file(self.smpl, "SMPL"), named_file(self.smplx, "SMPL-X")
        net = mesh_net(weights, "body", self.rounds, self.precision, self.device)
        digest = digest_of(weights, smpl, smplx)
        card = EstimatorCard(name="hmr2", version="HMR2.0", weights_sha256=digest, licence=LICENCE)
        models = joints_of(smpl), shaped_like(smpl, smplx)
        return MeshBody(self, net, *models, card, cutter_on(self.device))


class MeshBody(CropEstimator[KeypointTrack, BodyTrack]):
    """`BodyEstimator` on a network and a body model."""

    def __init__(
        self,
        settings: HmrBody,
        net: Net,
        joints: Joints,
        shaped: Shaped,
        card: EstimatorCard,
        cutter: Cutter = ON_PROCESSOR,
    ) -> None:
        self.settings = settings
        self.net = net
        self.cutter = cutter
        self.joints = joints
        self.shaped = shaped
        self.card = card

    def begin(self) -> BodyOfClip:
        """It, at the beginning of a clip."""
        return BodyOfClip(self)


class BodyOfClip:
    """`MeshBody` over a clip: bones have one length throughout it."""

    def __init__(self, estimator: MeshBody) -> None:
        self.estimator = estimator
        self.batches = Batches(estimator.net, estimator.settings.batch, estimator.cutter)
        self.people: list[KeypointTrack] = []
        self.regions: list[Region] = []
        self.width = self.height = 0

    def see(self, frames: Frames, person: KeypointTrack, /) -> None:
        """The person in its box, in the next window."""
        self.height, self.width = frames.shape[1:3]
        self.people.append(person)
        for t in np.flatnonzero(person.valid):
            self.regions.append(Region.around(person.box[t]))
            self.batches.add(frames, int(t), HmrCrop(self.regions[-1]))

    def track(self) -> BodyTrack:
        """The joints of the person in all windows."""
        person, how, shown = joined(self.people), self.estimator.settings, (self.width, self.height)
        num_frames, seen = len(person.valid), np.flatnonzero(person.valid)
        rotations, betas, camera = self.batches.rows() or (
            np.zeros((0, *shape), np.float32) for shape in SHAPES
        )
        shape = np.tile(np.median(betas, axis=0), (len(seen), 1)) if len(seen) else betas
        standing = [picture_translation(c, r, *shown) for c, r in zip(camera, self.regions, strict=True)]
        joints = self.estimator.joints(rotations, shape)[:, OURS] + np.reshape(standing, (-1, 1, 3))
        focal = focal_px(*shown)
        flat = spread(project(joints, focal, principal_point(*shown)), seen, num_frames)
        score = joint_scores(person)
        own, rest = self.estimator.shaped(shape)
        seen_joints = (score >= how.min_score) & in_picture(flat, *shown)
        return BodyTrack(
            joints2d=flat,
            joints3d=spread(joints, seen, num_frames),
            score=score * person.valid[:, None],
            valid=person.valid & (seen_joints.sum(axis=1) >= how.min_joints),
            focal_px=focal,
            rotations=spread(rotations[:, :NUM_ROTATIONS], seen, num_frames),
            betas=spread(own, seen, num_frames),
            rest=spread(rest, seen, num_frames),
        )


def spread(values: NDArray[np.floating], frames: NDArray[np.intp], num_frames: int) -> Array:
    """Values (n, ...) of some frames, zeros in the others."""
    result = np.zeros((num_frames, *values.shape[1:]), np.float32)
    result[frames] = values
    return result


assert len(OURS) == len(BODY_JOINTS)
