"""One training sample: its record in the corridors, and its members in a tar (formats.md)."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from schemas.arrays import Axes
from schemas.base import record
from schemas.controls import Controlled

Why = Literal["yaw_max", "yaw_min", "yaw_median", "apart", "pose", "half_body"]
"""Why a reference was chosen: the paper's three yaws, frames far apart where yaw hardly changes, poses that
differ most where these are asked for, the crop."""


@record
class Reference:
    """An appearance frame and why it was chosen (method.md 6)."""

    source_frame: int  # 24 fps frames from the source's first frame
    why: Why
    yaw: float  # rad
    similarity: float  # of its appearance to the mean of the person's frames, -1..1
    sharpness: float
    visible: float  # share of the body's joints in the picture and seen
    crop: Annotated[NDArray[np.float64], Axes("2 3")]  # source px as shown to canvas px


@record
class Sample:
    """All that training needs from one clip, as numbers and places; its pixels stay in the source."""

    key: str
    person: str  # as in an index: samples of the same person have the same
    scene: Controlled
    references: tuple[Reference, ...]  # 1 to 4, best first
    content: int  # 64 bits of a digest of all the others: a tar is made again where it is another

    @property
    def uri(self) -> str:
        """The source video's."""
        return self.scene.uri

    @property
    def duration_s(self) -> float:
        """Seconds of footage."""
        return self.scene.duration_s


FACE_SIZE = 224
VIDEO = "video.mp4"
FACE = "face.mp4"
TRACKS = "tracks.npz"
AUDIO = "audio.flac"
META = "meta.json"
SKELETON = "skeleton.mp4"
SPHERE = "sphere.mp4"
MAX_REFERENCES = 4


def reference_member(index: int) -> str:
    """Member name of a sample's reference, from 0."""
    return f"reference_{index}.jpg"


def member_names(num_references: int, *, has_audio: bool, baked: bool) -> tuple[str, ...]:
    """Names of all members of a sample; with `baked`, its maps beside the numbers they are drawn from."""
    references = map(reference_member, range(num_references))
    sound, maps = (AUDIO,) if has_audio else (), (SKELETON, SPHERE) if baked else ()
    return (VIDEO, FACE, TRACKS, META, *references, *sound, *maps)
