"""What is wrong with the `meta.json` of a stored sample."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from schemas.index import IndexRow
from schemas.joints import BODY_JOINTS
from schemas.media import FPS
from schemas.outcome import DamagedError
from schemas.sample import reference_member
from schemas.version import DRAWING
from storage.place import Place

NUMBER = (int, float)
MAX_JSON_BYTES = 2**24
SHAPE: dict[Any, Any] = {
    "schema": int,
    "key": str,
    "source": {
        "uri": str,
        "sha256": str,
        "licence": str,
        "domain": str,
        "frames": int,
        "fps": NUMBER,
        "width": int,
        "height": int,
        "rotation": int,
    },
    "span": {"start_s": NUMBER, "stop_s": NUMBER},
    "fps": int,
    "frames": int,
    "size": [int],
    "to_canvas": [[NUMBER]],
    "framing": str,
    "joints": [str],
    "references": [
        {"member": str, "source_time_s": NUMBER, "yaw": NUMBER, "reason": str, "similarity": NUMBER}
    ],
    "quality": {str: NUMBER},
    "provenance": {str: {"name": str, "version": str, "weights_sha256": str}},
    "drawing": int,
}
"""Of `meta.json`: an object has exactly these keys, `str` stands for any key, a list repeats its entry."""


def wrong_meta(row: IndexRow, data: bytes) -> Iterator[str]:
    """Keys that are missing, unknown or hold another kind of value, and what the index denies.

    Raises:
        DamagedError: no JSON, or numbers that JSON has not.
    """
    meta = read_json(data)
    strange = list(misfits(meta, SHAPE, "meta"))
    if strange:
        yield from strange
        return
    for name, (found, expected) in told_twice(row, meta).items():
        if found != expected:
            yield f"{name} is {found!r}, expected {expected!r}"
    if not is_enlargement(meta["to_canvas"]):
        yield f"to_canvas is {meta['to_canvas']!r}"


def json_at(place: Place, name: str) -> Any:
    """The JSON value in a small file.

    Raises:
        DamagedError: it is none, or the file is not small.
        OSError: it cannot be read.
    """
    data = place.read(name, size=MAX_JSON_BYTES + 1)
    if len(data) > MAX_JSON_BYTES:
        raise DamagedError(f"{name}: more than {MAX_JSON_BYTES} bytes are too many")
    return read_json(data)


def read_json(data: bytes) -> Any:
    """A JSON value of finite numbers.

    Raises:
        DamagedError: it is none.
    """

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is no number")

    try:
        return json.loads(data, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"no JSON: {error}") from error


def misfits(value: Any, shape: Any, where: str) -> Iterator[str]:
    """Where a JSON value has not the shape."""
    if isinstance(shape, dict) and isinstance(value, dict):
        if str in shape:
            shape = dict.fromkeys(value, shape[str])
        if value.keys() != shape.keys():
            yield f"{where}: wrong keys {sorted(value.keys() ^ shape.keys())}"
        for name in value.keys() & shape.keys():
            yield from misfits(value[name], shape[name], f"{where}.{name}")
    elif isinstance(shape, list) and isinstance(value, list):
        for index, entry in enumerate(value):
            yield from misfits(entry, shape[0], f"{where}[{index}]")
    elif isinstance(shape, (dict, list)) or not isinstance(value, shape) or isinstance(value, bool):
        yield f"{where}: a {type(value).__name__} does not belong there"


def told_twice(row: IndexRow, meta: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What `meta.json` says, and what it must say."""
    references, quality = meta["references"], meta["quality"]
    said = {
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
    return said | {f"quality.{name}": (quality.get(name), getattr(row, name)) for name in measured}


def is_enlargement(affine: list[list[float]]) -> bool:
    """Whether a matrix is 2x3 and only scales, by positive numbers, and shifts."""
    if [len(line) for line in affine] != [3, 3]:
        return False
    (a, b, _), (c, d, _) = affine
    return a > 0 and d > 0 and b == c == 0 and all(math.isfinite(entry) for line in affine for entry in line)
