"""What is wrong with the `meta.json` of a stored sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from dataset.meta import is_enlargement, meta_in, shape_of
from schemas.index import MEASURED, SINCE_3, IndexRow
from schemas.joints import BODY_JOINTS
from schemas.media import FPS
from schemas.origin import ORIGIN_TEXTS, extra_text
from schemas.sample import reference_member
from schemas.version import DRAWING
from storage.json_files import SHOWN, misfits

OLDER_TEXTS = ("licence", "domain")
OLDER_MEASURED = ("face_ratio", "body_ratio", "left_hand_ratio", "right_hand_ratio", "motion", "sharpness")
"""What an index of schema 1 has of a source and of its quality."""


def wrong_meta(row: IndexRow, data: bytes) -> Iterator[str]:
    """Keys that are missing, unknown or hold another kind of value, and what the index denies.

    Raises:
        DamagedError: no JSON, or numbers that JSON has not.
    """
    meta = meta_in(data)
    strange = misfits(meta, shape_of(row.schema), "meta")
    if strange:
        yield from strange
        return
    for name, (found, expected) in stated_twice(row, meta).items():
        if found != expected:
            yield f"{name} is {SHOWN.repr(found)}, expected {SHOWN.repr(expected)}"
    if not is_enlargement(meta["to_canvas"]):
        yield f"to_canvas is {SHOWN.repr(meta['to_canvas'])}"
    elif row.schema > 2 and not shows_window(meta):
        yield f"window is {SHOWN.repr(meta['window'])}: not in the pictures, or the canvas shows more"


def shows_window(meta: Mapping[str, Any]) -> bool:
    """Whether the window lies in the source's pictures, and the canvas within it, to half a pixel."""
    if len(meta["window"]) != 4:
        return False
    window, source = np.array(meta["window"], dtype=np.float64), meta["source"]
    low, high = window[:2], window[2:]
    inside = (low >= 0).all() and (low < high).all() and (high <= (source["width"], source["height"])).all()
    to_canvas = np.array(meta["to_canvas"])
    corners = np.array([[-0.5, -0.5], [meta["size"][0] - 0.5, meta["size"][1] - 0.5]])
    first, last = (corners - to_canvas[:, 2]) / to_canvas[[0, 1], [0, 1]] + 0.5
    return bool(inside and (first > low - 0.5).all() and (last < high + 0.5).all())


def stated_twice(row: IndexRow, meta: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What `meta.json` says, and what it must say."""
    references, quality = meta["references"], meta["quality"]
    older = row.schema == 1
    texts = OLDER_TEXTS if older else (*ORIGIN_TEXTS, "uri")
    content = {
        "schema": (meta["schema"], row.schema),
        "drawing": (meta["drawing"], DRAWING),
        "key": (meta["key"], row.key),
        "fps": (meta["fps"], FPS),
        "frames": (meta["frames"], row.frames),
        "size": (meta["size"], [row.width, row.height]),
        "span": (meta["span"], {"start_s": row.start_s, "stop_s": row.stop_s}),
        "framing": (meta["framing"], row.framing),
        "joints": (meta["joints"], list(BODY_JOINTS)),
        "source.sha256": (meta["source"]["sha256"], row.source_sha256),
        **{f"source.{name}": (meta["source"][name], getattr(row, name)) for name in texts},
        "references": (
            [reference["member"] for reference in references],
            [reference_member(index) for index in range(len(references))],
        ),
        "number of references": (len(references), row.num_references),
        "similarity": (
            min((reference["similarity"] for reference in references), default=None),
            row.reference_similarity,
        ),
    }
    content |= {
        f"quality.{name}": (quality.get(name), getattr(row, name)) for name in measured_in(row.schema)
    }
    return content if older else content | stated_since_2(row, meta)


def measured_in(schema: int) -> Sequence[str]:
    """What an index of a schema has of a sample's quality."""
    if schema == 1:
        return OLDER_MEASURED
    return [name for name in MEASURED if schema > 2 or name not in SINCE_3]


def stated_since_2(row: IndexRow, meta: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Of what schema 1 had not, what `meta.json` says, and what it must say."""
    return {
        "source.extra": (extra_text(meta["source"]["extra"]), row.extra),
        "person": (meta["person"], row.person),
        "usable_for": (meta["usable_for"], row.usable_for),
        "camera": (
            meta["camera"],
            {
                "focal_px": row.camera_focal,
                "principal": [row.principal_x, row.principal_y],
                "calibrated": row.calibrated,
            },
        ),
        **{
            f"quality.{name}": (meta["quality"].get(name, 0.0), getattr(row, name))
            for name in ("audio_share", "speech_share")
            if row.schema > 2 or name not in SINCE_3
        },
    }
