"""What is wrong with the `meta.json` of a stored sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dataset.meta import SHAPE, is_enlargement, meta_in
from schemas.index import IndexRow
from schemas.joints import BODY_JOINTS
from schemas.media import FPS
from schemas.sample import reference_member
from schemas.version import DRAWING
from storage.json_files import SHOWN, misfits


def wrong_meta(row: IndexRow, data: bytes) -> Iterator[str]:
    """Keys that are missing, unknown or hold another kind of value, and what the index denies.

    Raises:
        DamagedError: no JSON, or numbers that JSON has not.
    """
    meta = meta_in(data)
    strange = misfits(meta, SHAPE, "meta")
    if strange:
        yield from strange
        return
    for name, (found, expected) in stated_twice(row, meta).items():
        if found != expected:
            yield f"{name} is {SHOWN.repr(found)}, expected {SHOWN.repr(expected)}"
    if not is_enlargement(meta["to_canvas"]):
        yield f"to_canvas is {SHOWN.repr(meta['to_canvas'])}"


def stated_twice(row: IndexRow, meta: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What `meta.json` says, and what it must say."""
    references, quality = meta["references"], meta["quality"]
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
        "source.licence": (meta["source"]["licence"], row.licence),
        "source.domain": (meta["source"]["domain"], row.domain),
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
    measured = ("face_ratio", "body_ratio", "left_hand_ratio", "right_hand_ratio", "motion", "sharpness")
    return content | {f"quality.{name}": (quality.get(name), getattr(row, name)) for name in measured}
