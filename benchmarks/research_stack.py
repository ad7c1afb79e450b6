"""The paper's stack of random weights, which looks where the embedded estimators say.

Speed does not depend on what weights say, but it does on where crops are cut: points of hands are known.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from pipeline.estimators.appearance.colours import ColourLayout
from pipeline.estimators.batches import on_device
from pipeline.estimators.faceverse.head import RegressedHead
from pipeline.estimators.faceverse.morphable import HeadModel
from pipeline.estimators.faceverse.net import FaceRegressor
from pipeline.estimators.hmr.body import HmrBody, MeshBody
from pipeline.estimators.hmr.body_model import MANO, SMPL, SmplModel
from pipeline.estimators.hmr.hands import HmrHands, MeshHands
from pipeline.estimators.hmr.loaded import called
from pipeline.estimators.hmr.net import HmrNet, HmrSizes, Kind, Precision
from pipeline.estimators.identity.face_embedder import PackagedFaceEmbedder
from pipeline.estimators.keypoints import HANDS, WHOLE_BODY
from pipeline.estimators.mediapipe.face import MediapipeFace
from pipeline.estimators.mediapipe.person import MediapipePerson, PersonTracker
from pipeline.estimators.rtmpose.net import RtmNet, RtmSizes
from pipeline.estimators.rtmpose.person import RtmPerson, WholeBodyTracker
from pipeline.stages.clip_tracks import Estimators
from schemas.media import Frames
from schemas.tracks import EstimatorCard, KeypointTrack, Role
from tests.pipeline.estimators.hmr.models import arrays_of
from tests.research import SMALL_DECODER, SMALL_VIT, head_model

CARD = EstimatorCard(name="random", version="1", weights_sha256="", licence="none")
VIT = {"width": 1280, "depth": 32, "heads": 16, "hidden": 5120}
DECODER = {
    "decoder_width": 1024, "decoder_depth": 6, "decoder_heads": 8, "decoder_head_width": 64,
    "decoder_hidden": 1024,
}  # fmt: skip
HAND_SHARE = 0.12
"""Side of a hand over the side of its person's box."""


@dataclass(frozen=True)
class Network:
    """One network of the stack on its device."""

    name: str
    module: nn.Module
    shape: tuple[int, int]
    """Height and width of its crops, px."""


class Counting:
    """A network, and how many crops it was shown."""

    def __init__(self, network: Network, device: str) -> None:
        self.net, self.crops = on_device(network.module, device), 0

    def __call__(self, crops: Any) -> Any:
        self.crops += len(crops)
        return self.net(crops)


class TellKnown:
    """Sees whole-body points by its network, and tells those that are known of the window."""

    card = CARD

    def __init__(self, tracker: WholeBodyTracker, known: Sequence[KeypointTrack]) -> None:
        self.tracker, self.known = tracker, itertools.cycle(known)

    def __call__(self, frames: Frames, /) -> KeypointTrack:
        self.tracker(frames)
        return next(self.known)


def whole_body(person: KeypointTrack) -> KeypointTrack:
    """The points of 33 as some of the 133, with hands around the wrists."""
    points = np.zeros((len(person.valid), len(WHOLE_BODY), 2), np.float32)
    for name in set(person.names) & set(WHOLE_BODY):
        points[:, WHOLE_BODY.index(name)] = person.points[:, person.names.index(name)]
    spread = np.random.default_rng(0).uniform(-0.5, 0.5, (21, 2))
    side = HAND_SHARE * np.max(person.box[:, 2:] - person.box[:, :2], axis=1)
    for wrist, hand in zip(("left_wrist", "right_wrist"), HANDS, strict=True):
        place = person.points[:, person.names.index(wrist)]
        first = WHOLE_BODY.index(hand[0])
        points[:, first : first + 21] = place[:, None] + side[:, None, None] * spread
    score = np.tile(person.valid[:, None], (1, len(WHOLE_BODY))).astype(np.float32)
    world = np.zeros((*points.shape[:2], 3), np.float32)
    return replace(person, names=WHOLE_BODY, points=points, world=world, score=score)


def networks(*, small: bool, precision: Precision) -> dict[Role, Network]:
    """The networks by role, at their published sizes or small."""
    sizes = RtmSizes(widen=1.0, deepen=1.0, points=133, width=288, height=384, two_levels=False)
    face = FaceRegressor()
    if small:
        sizes = RtmSizes(widen=0.125, deepen=1 / 6, points=133, width=96, height=128, two_levels=False)
        face = FaceRegressor(8, (1, 1, 1, 1))
    vit, decoder = (SMALL_VIT, SMALL_DECODER) if small else (VIT, DECODER)

    def mesh(kind: Kind) -> nn.Module:
        return HmrNet(HmrSizes(kind=kind, token=1, **vit, **decoder), precision=precision)

    return {
        "person": Network("DWPose-l", RtmNet(sizes), (sizes.height, sizes.width)),
        "body": Network("HMR2.0", mesh("body"), (256, 256)),
        "hands": Network("HaMeR", mesh("hand"), (256, 256)),
        "head": Network("FaceVerse v4", face, (256, 256)),
    }


def estimators(
    nets: dict[Role, Network], known: Sequence[KeypointTrack], device: str, batch: int
) -> tuple[Estimators, dict[Role, Counting]]:
    """All roles on these networks, and what counts their crops."""
    counts = {role: Counting(net, device) for role, net in nets.items()}
    people = PersonTracker(MediapipePerson()).main_person
    size = nets["person"].shape[::-1]
    tracker = WholeBodyTracker(
        RtmPerson(batch=batch), people, counts["person"], size, CARD, by_visibility=False
    )
    body, hand = (called(SmplModel(kind, arrays_of(kind))) for kind in (SMPL, MANO))
    return Estimators(
        person=TellKnown(tracker, known),
        body=MeshBody(HmrBody(batch=batch), counts["body"], body, unshaped, CARD),
        hands=MeshHands(HmrHands(batch=batch), counts["hands"], hand, CARD),
        face=MediapipeFace().build(),
        head=RegressedHead(counts["head"], HeadModel.of(head_model()).landmarks_only(), CARD, batch),
        appearance=ColourLayout().build(),
        identity=PackagedFaceEmbedder().build(),
    ), counts


def unshaped(betas: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Shapes as they are, of no bones."""
    return betas, np.zeros((len(betas), 67, 3), np.float32)
