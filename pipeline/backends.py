"""Which estimator has each role."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline.estimators.appearance.colours import ColourLayout
from pipeline.estimators.appearance.open_clip_embedder import OpenClip
from pipeline.estimators.faceverse.head import FaceVerseHead
from pipeline.estimators.head_pose import MeshHead
from pipeline.estimators.hmr.body import HmrBody
from pipeline.estimators.hmr.hands import HmrHands
from pipeline.estimators.identity.face_embedder import PackagedFaceEmbedder
from pipeline.estimators.mediapipe.body import MediapipeBody
from pipeline.estimators.mediapipe.face import MediapipeFace
from pipeline.estimators.mediapipe.hands import MediapipeHands
from pipeline.estimators.mediapipe.person import MediapipePerson
from pipeline.estimators.mixtures import refuse_mixture
from pipeline.estimators.rtmpose.person import RtmPerson
from pipeline.stages.clip_tracks import Estimators
from schemas.tracks import ROLES


@dataclass(frozen=True, kw_only=True)
class Backends:
    """Which estimator has each role."""

    person: MediapipePerson | RtmPerson = field(default_factory=MediapipePerson)
    body: MediapipeBody | HmrBody = field(default_factory=MediapipeBody)
    hands: MediapipeHands | HmrHands = field(default_factory=MediapipeHands)
    face: MediapipeFace = field(default_factory=MediapipeFace)
    head: MeshHead | FaceVerseHead = field(default_factory=MeshHead)
    appearance: ColourLayout | OpenClip = field(default_factory=ColourLayout)
    identity: PackagedFaceEmbedder = field(default_factory=PackagedFaceEmbedder)

    def __post_init__(self) -> None:
        refuse_mixture({role: getattr(self, role) for role in ROLES})

    @property
    def on_gpu(self) -> bool:
        """Whether any of them runs on a GPU."""
        devices = (getattr(getattr(self, role), "device", "cpu") for role in ROLES)
        return any(device != "cpu" for device in devices)

    def build(self) -> Estimators:
        """All of them, with their weights loaded."""
        built: Any = {role: getattr(self, role).build() for role in ROLES}
        return Estimators(**built)
