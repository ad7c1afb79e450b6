"""The control signals of a clip on its canvas: head spheres, skeletons, face crop windows, body yaw."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from schemas.arrays import Axes
from schemas.base import record
from schemas.media import Clip
from schemas.smplx import SmplxPose
from schemas.tracks import UNTOLD, Appearance, EstimatorCard, FaceDistances

CANVAS_MULTIPLE = 16
"""Divides both sides of a canvas: stride of the video autoencoder times the transformer's patch."""

CANVAS_AREA = 614_400
"""Area of 960x640 px, to which clips are resized (arXiv 2504.01724)."""

Framing = Literal["portrait", "half", "full"]


@record
class Controls:
    """The arrays of `tracks.npz`, by the names of formats.md: one definition for disk and memory.

    Canvas pixels with centres at integers, metres, radians; camera x right, y down, z forward. What was not
    measured is filled in from its neighbours and marked in the `*_valid` and `*_score` arrays.
    """

    joints2d: Annotated[NDArray[np.float32], Axes("t 16 2")]
    joints3d: Annotated[NDArray[np.float32], Axes("t 16 3")]
    joints_score: Annotated[NDArray[np.float32], Axes("t 16")]
    left_hand2d: Annotated[NDArray[np.float32], Axes("t 21 2")]
    right_hand2d: Annotated[NDArray[np.float32], Axes("t 21 2")]
    left_hand3d: Annotated[NDArray[np.float32], Axes("t 21 3")]
    right_hand3d: Annotated[NDArray[np.float32], Axes("t 21 3")]
    left_hand_score: Annotated[NDArray[np.float32], Axes("t")]
    right_hand_score: Annotated[NDArray[np.float32], Axes("t")]
    head_rotation: Annotated[NDArray[np.float32], Axes("t 3 3")]
    head_center: Annotated[NDArray[np.float32], Axes("t 2")]
    head_radius: Annotated[NDArray[np.float32], Axes("t")]
    head_valid: Annotated[NDArray[np.bool_], Axes("t")]
    face_valid: Annotated[NDArray[np.bool_], Axes("t")]
    body_valid: Annotated[NDArray[np.bool_], Axes("t")]
    face_box: Annotated[NDArray[np.float32], Axes("t 4")]  # square, source px as shown
    body_yaw: Annotated[
        NDArray[np.float32], Axes("t")
    ]  # 0 facing the camera, + towards image right, unwrapped
    camera_focal: Annotated[NDArray[np.float32], Axes("")]  # px on the canvas


def frames_of(controls: Controls, frames: slice | NDArray[np.int64]) -> Controls:
    """The controls of some frames, in their order."""
    parts = {field.name: getattr(controls, field.name) for field in fields(Controls)}
    return Controls(**{name: a[frames] if a.ndim else a for name, a in parts.items()})


@record
class Controlled:
    """A clip, its canvas, and its controls."""

    key: str
    clip: Clip
    width: int  # of the canvas, px
    height: int
    to_canvas: Annotated[NDArray[np.float64], Axes("2 3")]  # source px as shown to canvas px
    framing: Framing
    controls: Controls
    smplx: SmplxPose | None  # where the estimators have a body model: the joints of `controls` are its own
    appearance: Appearance
    identity: FaceDistances = UNTOLD
    quality: dict[str, float]
    provenance: dict[str, EstimatorCard]

    @property
    def uri(self) -> str:
        """The source video's."""
        return self.clip.uri

    @property
    def duration_s(self) -> float:
        """Seconds of footage."""
        return self.clip.duration_s


@record
class PersonClips:
    """All clips of a source in which the same person is seen: where references are looked for."""

    key: str  # "<source key>-<person number>"
    person: str  # who it is: the key itself, or a digest of the subject
    members: tuple[Controlled, ...]

    @property
    def uri(self) -> str:
        """The source video's."""
        return self.members[0].uri

    @property
    def duration_s(self) -> float:
        """Seconds of footage of all members."""
        return sum(member.duration_s for member in self.members)
