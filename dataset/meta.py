"""The `meta.json` of a sample: what it is, where it comes from, and who said so; written, and read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from schemas.joints import BODY_JOINTS
from schemas.media import FPS
from schemas.outcome import DamagedError
from schemas.sample import Sample, reference_member
from schemas.version import DRAWING, SCHEMA
from storage.json_files import NUMBER, read_json

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
"""Of `meta.json`, as `storage.json_files.misfits` wants it."""


LARGEST = 1e6
"""Px beyond every canvas: what a matrix of finite numbers makes of points stays finite."""


def pack_meta(sample: Sample, quality: Mapping[str, float]) -> bytes:
    """`meta.json` as formats.md has it, keys in order, numbers to their last digit."""
    scene, clip = sample.scene, sample.scene.clip
    video, source = clip.video, clip.video.source
    meta = {
        "schema": SCHEMA,
        "key": sample.key,
        "source": {
            "uri": source.uri,
            "sha256": source.sha256,
            "licence": source.licence,
            "domain": source.domain,
            "frames": video.num_frames,
            "fps": video.fps,
            "width": video.width,
            "height": video.height,
            "rotation": video.rotation,
        },
        "span": {"start_s": clip.start_s, "stop_s": clip.stop_s},
        "fps": FPS,
        "frames": clip.num_frames,
        "size": [scene.width, scene.height],
        "to_canvas": scene.to_canvas.tolist(),
        "framing": scene.framing,
        "joints": BODY_JOINTS,
        "references": [
            {
                "member": reference_member(index),
                "source_time_s": reference.source_frame / FPS,
                "yaw": reference.yaw,
                "reason": reference.why,
                "similarity": reference.similarity,
            }
            for index, reference in enumerate(sample.references)
        ],
        "quality": dict(quality),
        "provenance": {
            step: {"name": card.name, "version": card.version, "weights_sha256": card.weights_sha256}
            for step, card in scene.provenance.items()
        },
        "drawing": DRAWING,
    }
    return json.dumps(meta, sort_keys=True, indent=1, allow_nan=False).encode() + b"\n"


def meta_in(data: bytes) -> Any:
    """The JSON value of a `meta.json`, of whatever shape.

    Raises:
        DamagedError: it is none.
    """
    try:
        return read_json(data)
    except ValueError as error:
        raise DamagedError(str(error)) from error


def is_enlargement(affine: list[list[float]]) -> bool:
    """Whether a matrix is 2x3 and only scales, by positive numbers, and shifts."""
    if [len(line) for line in affine] != [3, 3]:
        return False
    (a, b, _), (c, d, _) = affine
    return a > 0 and d > 0 and b == c == 0 and max(abs(entry) for line in affine for entry in line) < LARGEST
