"""What was stored: one row a sample, in the landing of a shard and in `index.parquet` (formats.md)."""

from __future__ import annotations

from schemas.base import record
from schemas.controls import Framing
from schemas.licences import Usage
from schemas.sample import Sample

MAX_TEXT_BYTES = 2048
"""Longest text in a row of an index: names, words and addresses have less."""


@record
class ShardPlan:
    """The samples of one tar: all of one bucket, in the order of their keys."""

    key: str  # "<bucket>/<key of the first sample>"
    bucket: str
    members: tuple[Sample, ...]

    @property
    def uri(self) -> str:
        """The first member's source video; each member has its own."""
        return self.members[0].uri

    @property
    def duration_s(self) -> float:
        """Seconds of footage of all members."""
        return sum(member.duration_s for member in self.members)


@record
class IndexRow:
    """Where a sample lies, and what one needs to choose it without opening it."""

    key: str
    shard: str  # path of the tar below the data set's folder
    offset: int  # of the sample's first tar header in the tar, bytes
    size: int  # bytes in the tar, headers and padding included
    bucket: str
    width: int
    height: int
    frames: int
    framing: Framing
    domain: str
    licence: str
    uri: str  # of the source video
    source_sha256: str
    subject: str  # these four as the manifest has them, empty where it says nothing
    take: str
    camera: str
    consent: str
    extra: str  # other columns of the manifest: a JSON object of texts
    person: str  # samples of the same person have the same: by subject, else by face within a source
    usable_for: Usage
    start_s: float
    stop_s: float
    yaw_min: float
    yaw_max: float
    face_ratio: float  # share of frames with a usable face
    body_ratio: float
    left_hand_ratio: float
    right_hand_ratio: float
    head_ratio: float
    head_in_view: float  # share of frames in which the part is in the picture, be it measured or missed
    left_hand_in_view: float
    right_hand_in_view: float
    head_score: float  # mean over the frames in view, 0 for each that was missed
    left_hand_score: float
    right_hand_score: float
    motion: float  # mean joint speed, torso lengths a second, relative to the pelvis
    jitter: float
    odd_ratio: float
    sharpness: float
    face_px: float
    truncation: float
    hands_dropped: float
    bars_ratio: float
    audio_share: float
    speech_share: float
    camera_focal: float  # px on the canvas: calibrated where `calibrated`, else what estimators assumed
    principal_x: float
    principal_y: float
    calibrated: bool
    reference_similarity: float  # the lowest of the references
    reference_candidates: float
    reference_gates: float
    face_distance: float  # 0..2, of the farthest face among those of the person's other clips
    num_references: int
    has_audio: bool
    sha256: str  # of the sample's members: names and bytes, in the order of the tar
    schema: int

    @property
    def duration_s(self) -> float:
        """Seconds of footage."""
        return self.stop_s - self.start_s


MEASURED = (
    *("face_ratio", "body_ratio", "left_hand_ratio", "right_hand_ratio", "head_ratio"),
    *("head_in_view", "left_hand_in_view", "right_hand_in_view"),
    *("head_score", "left_hand_score", "right_hand_score"),
    *("motion", "jitter", "odd_ratio", "sharpness", "face_px", "truncation", "hands_dropped"),
    *("bars_ratio", "reference_candidates", "reference_gates", "face_distance"),
)
"""Columns of an index that are numbers of a sample's quality, under their own names."""

SINCE_3 = ("bars_ratio", "face_distance", "speech_share")
"""Columns that schema 2 had not."""


def bucket_name(width: int, height: int) -> str:
    """Folder of the shards with this canvas: a batch cannot mix shapes."""
    return f"{width}x{height}"
