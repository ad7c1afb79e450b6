"""What is wrong with the rows of an index in themselves."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import get_args

from dataset.names import KEY, SHARD
from dataset.tar import BLOCK
from schemas.controls import CANVAS_AREA, CANVAS_MULTIPLE, Framing
from schemas.index import IndexRow, bucket_name
from schemas.media import FPS, MAX_CLIP_FRAMES, MIN_CLIP_FRAMES, clip_key
from schemas.sample import MAX_REFERENCES
from schemas.version import SCHEMA

SHA256 = re.compile(r"[0-9a-f]{64}")
SHARES = ("face_ratio", "body_ratio", "left_hand_ratio", "right_hand_ratio")
LONGEST_S = 1e6
"""Longer than any source."""


def row_faults(row: IndexRow) -> Iterator[str]:
    """What a row says and cannot be true."""
    shard = SHARD.fullmatch(row.shard)
    true = {
        "schema": row.schema == SCHEMA,
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
    }
    yield from (f"{name} cannot be" for name, holds in true.items() if not holds)


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
