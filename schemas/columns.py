"""What each column of an index is, and in which unit: metadata of its Parquet fields, and a page of docs."""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from schemas.arrow import schema_of
from schemas.index import IndexRow

COLUMNS: dict[str, tuple[str, str]] = {
    "key": ("", "of the sample"),
    "shard": ("", "path of its tar below OUT"),
    "offset": ("byte", "in the tar before its first header"),
    "size": ("byte", "in the tar, headers and padding included"),
    "bucket": ("", "`<width>x<height>`"),
    "width": ("px", "of the canvas"),
    "height": ("px", "likewise"),
    "frames": ("1/24 s", "number of frames"),
    "framing": ("", "portrait, half or full"),
    "domain": ("", "from the manifest, as are licence, subject, take, camera and consent"),
    "licence": ("", "of the source"),
    "uri": ("", "of the source"),
    "source_sha256": ("", "of the source file"),
    "subject": ("", "pseudonym of the person, or empty"),
    "take": ("", "a moment that several cameras saw, or empty"),
    "camera": ("", "which of them, or empty"),
    "consent": ("", "reference to a document, or empty"),
    "extra": ("", "other columns of the manifest: a JSON object of texts"),
    "person": ("", "the same for samples of the same person: by subject, else by face within a source"),
    "usable_for": ("", "narrowest of licence and estimators' licences: unknown, research or commercial"),
    "start_s": ("s", "of the source"),
    "stop_s": ("s", "of the source"),
    "yaw_min": ("rad", "of the body, 0 towards the camera"),
    "yaw_max": ("rad", "likewise"),
    "face_ratio": ("share of frames", "with a usable face"),
    "body_ratio": ("share of frames", "whose body was measured"),
    "left_hand_ratio": ("share of frames", "in which the hand was seen or bridged over a short gap"),
    "right_hand_ratio": ("share of frames", "likewise"),
    "head_ratio": ("share of frames", "whose head was measured"),
    "head_in_view": ("share of frames", "in which the head is in the picture, measured or missed"),
    "left_hand_in_view": ("share of frames", "in which the wrist is seen in the picture, or the hand is"),
    "right_hand_in_view": ("share of frames", "likewise"),
    "head_score": (
        "0 to 1",
        "share of the frames in view whose head was measured; 0 where it is never in view",
    ),
    "left_hand_score": ("0 to 1", "mean over the frames in view, 0 for those missed; 0 where never in view"),
    "right_hand_score": ("0 to 1", "likewise"),
    "motion": ("torso/s", "mean speed of the joints against the pelvis"),
    "jitter": ("torso/frame^2", "mean second difference of the joints as estimated"),
    "odd_ratio": ("share of frames", "that show a flash or another picture that does not belong"),
    "sharpness": ("luma^2", "of the person's pictures: variance of the Laplacian, 256 px high"),
    "face_px": ("px", "of the source: median longer side of the face; 0 without one"),
    "truncation": ("share of joints", "outside the canvas"),
    "hands_dropped": ("share of hands", "seen that did not hang on the body"),
    "bars_ratio": ("share of pixels", "of the source that bars and fillings took, cut off"),
    "audio_share": ("share of time", "of the clip that has sound in the source"),
    "speech_share": ("share of time", "of the clip in which somebody speaks"),
    "camera_focal": ("px", "on the canvas; calibrated, or what estimators assumed"),
    "principal_x": ("px", "on the canvas; calibrated, or the centre of the source's pictures"),
    "principal_y": ("px", "likewise"),
    "calibrated": ("", "whether the manifest tells the camera"),
    "reference_similarity": ("-1 to 1", "the least of the references"),
    "reference_candidates": ("pictures", "of the person that passed the gates of references"),
    "reference_gates": ("gates", "that they passed"),
    "face_distance": (
        "0 to 2",
        "of the farthest face among those of the person's other clips; 0 without one",
    ),
    "num_references": ("pictures", "1 to 4"),
    "has_audio": ("", "whether there is `audio.flac`"),
    "sha256": ("", "of the members' names and bytes, in the order of the tar"),
    "schema": ("", "version of this page"),
}
"""Unit and meaning of each column."""


@cache
def index_schema() -> pa.Schema:
    """Arrow schema of an index, each field with its `unit` and `description`."""
    return pa.schema([described(field) for field in schema_of(IndexRow)])


def described(field: pa.Field) -> pa.Field:
    """A field that says what it is."""
    unit, meaning = COLUMNS[field.name]
    return field.with_metadata({"description": meaning} | ({"unit": unit} if unit else {}))
