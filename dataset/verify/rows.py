"""What is wrong with the rows of an index in themselves."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import get_args

from dataset.conditions import extra_of
from dataset.names import KEY, SHARD
from dataset.tar import BLOCK
from schemas.controls import CANVAS_AREA, CANVAS_MULTIPLE, Framing
from schemas.index import IndexRow, bucket_name
from schemas.licences import WIDTHS
from schemas.media import FPS, MAX_CLIP_FRAMES, MIN_CLIP_FRAMES, clip_key
from schemas.origin import extra_text
from schemas.sample import MAX_REFERENCES
from schemas.version import READABLE

SHA256 = re.compile(r"[0-9a-f]{64}")
SHARES = ("face_ratio", "body_ratio", "left_hand_ratio", "right_hand_ratio")
SHARES_SINCE_2 = (
    *("head_ratio", "head_in_view", "left_hand_in_view", "right_hand_in_view"),
    *(
        "head_score",
        "left_hand_score",
        "right_hand_score",
        "truncation",
        "hands_dropped",
        "audio_share",
        "odd_ratio",
    ),
)
NUMBERS_SINCE_2 = ("jitter", "face_px", "reference_candidates", "reference_gates")
LONGEST_S = 1e6
"""Longer than any source."""


def row_faults(row: IndexRow) -> Iterator[str]:
    """What a row says and cannot be true."""
    shard = SHARD.fullmatch(row.shard)
    true = {
        "schema": row.schema in READABLE,
        "key": KEY.fullmatch(row.key) is not None,
        "shard": shard is not None and shard["bucket"] == row.bucket,
        "bucket": row.bucket == bucket_name(row.width, row.height),
        "size of the canvas": is_canvas(row.width, row.height),
        "frames": MIN_CLIP_FRAMES <= row.frames <= MAX_CLIP_FRAMES,
        "span": is_span(row),
        "place in the tar": row.offset >= 0 and row.size > 0 and row.offset % BLOCK == row.size % BLOCK == 0,
        "framing": row.framing in get_args(Framing),
        "sha256": all(SHA256.fullmatch(digest) for digest in (row.sha256, row.source_sha256)),
        "yaw": math.isfinite(row.yaw_min) and row.yaw_min <= row.yaw_max < math.inf,
        "reference_similarity": -1.001
        <= row.reference_similarity
        <= 1.001,  # products of float32 unit vectors
        "num_references": 1 <= row.num_references <= MAX_REFERENCES,
        **{name: 0 <= getattr(row, name) <= 1 for name in SHARES},
        **{name: 0 <= getattr(row, name) < math.inf for name in ("motion", "sharpness")},
        **({} if row.schema == 1 else since_2(row)),
        "bars_ratio": row.schema < 3 or 0 <= row.bars_ratio < 1,
        "speech_share": row.schema < 3 or 0 <= row.speech_share <= 1,
        "face_distance": row.schema < 3 or 0 <= row.face_distance <= 2.0,
    }
    yield from (f"{name} cannot be" for name, holds in true.items() if not holds)


def since_2(row: IndexRow) -> dict[str, bool]:
    """Of the columns that schema 1 had not, whether each can be true."""
    return {
        "person": is_person(row),
        "usable_for": row.usable_for in WIDTHS,
        "extra": extra_text(extra_of(row.extra)) == row.extra,
        "camera": 0 < row.camera_focal < math.inf and math.isfinite(row.principal_x + row.principal_y),
        **{name: 0 <= getattr(row, name) <= 1 for name in SHARES_SINCE_2},
        **{name: 0 <= getattr(row, name) < math.inf for name in NUMBERS_SINCE_2},
    }


def is_person(row: IndexRow) -> bool:
    """Whether somebody is told by subject where there is one, else by a group of the source's clips."""
    wanted = r"subject-[0-9a-f]{12}" if row.subject else rf"{row.source_sha256[:12]}-[0-9]+"
    return re.fullmatch(wanted, row.person) is not None


def is_canvas(width: int, height: int) -> bool:
    """Whether a canvas has sides of whole patches and no more than its area."""
    whole = width > 0 and height > 0 and width % CANVAS_MULTIPLE == height % CANVAS_MULTIPLE == 0
    return whole and width * height <= CANVAS_AREA


def is_span(row: IndexRow) -> bool:
    """Whether the times are those of whole frames, of the row's number of them, from where its key says."""
    if not 0 <= row.start_s < row.stop_s <= LONGEST_S:
        return False
    first = round(row.start_s * FPS)
    begin, end = Fraction(first, FPS), Fraction(first + row.frames, FPS)
    named = row.key.startswith(clip_key(row.source_sha256[:12], first).removesuffix("0"))
    return named and (row.start_s, row.stop_s) == (float(begin), float(end))


def twice(rows: Sequence[IndexRow]) -> Iterator[str]:
    """Keys and contents that rows share, and rows of one track whose stretches overlap."""
    for name in ("key", "sha256"):
        for value, times in Counter(getattr(row, name) for row in rows).items():
            if times > 1:
                yield f"{name} {value} is there {times} times"
    for (before, _, ended), (after, began, _) in itertools.pairwise(sorted(map(stretch, rows))):
        if before == after and began < ended:
            yield f"two samples of source {before[0]}, track {before[1]}, overlap at {began:.3f} s"


def stretch(row: IndexRow) -> tuple[tuple[str, str], float, float]:
    """Source and track of a row, and its start and stop in seconds."""
    return (row.source_sha256, row.key.rpartition("-")[2]), row.start_s, row.stop_s
