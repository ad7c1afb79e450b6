"""The `meta.json` of a sample: what it is, where it comes from, and who said so; written, and read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from schemas.controls import Controlled
from schemas.joints import BODY_JOINTS
from schemas.licences import Usage, narrowest, usage_of
from schemas.media import FPS
from schemas.origin import ORIGIN_TEXTS
from schemas.outcome import DamagedError
from schemas.sample import Sample, reference_member
from schemas.version import DRAWING, SCHEMA
from storage.json_files import NUMBER, read_json

SHAPE_1: dict[Any, Any] = {
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
"""Of a `meta.json` of schema 1, as `storage.json_files.misfits` wants it."""

SHAPE_2: dict[Any, Any] = SHAPE_1 | {
    "source": SHAPE_1["source"] | dict.fromkeys(ORIGIN_TEXTS, str) | {"extra": {str: str}},
    "person": str,
    "usable_for": str,
    "camera": {"focal_px": NUMBER, "principal": [NUMBER], "calibrated": bool},
    "provenance": {str: SHAPE_1["provenance"][str] | {"licence": str}},
}
"""Likewise of schema 2."""

SHAPE: dict[Any, Any] = SHAPE_2 | {"window": [int]}
"""Likewise of this schema."""


LARGEST = 1e6
"""Px beyond every canvas: what a matrix of finite numbers makes of points stays finite."""


def pack_meta(sample: Sample, quality: Mapping[str, float]) -> bytes:
    """`meta.json` as formats.md has it, keys in order, numbers to their last digit."""
    scene, clip = sample.scene, sample.scene.clip
    video, source, camera = clip.video, clip.video.source, camera_of(scene)
    meta = {
        "schema": SCHEMA,
        "key": sample.key,
        "source": {
            "uri": source.uri,
            "sha256": source.sha256,
            **{name: getattr(source.origin, name) for name in ORIGIN_TEXTS},
            "extra": source.origin.extra,
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
        "window": clip.shown,
        "framing": scene.framing,
        "person": sample.person,
        "usable_for": usable_for(sample),
        "camera": {
            "focal_px": camera["camera_focal"],
            "principal": [camera["principal_x"], camera["principal_y"]],
            "calibrated": camera["calibrated"],
        },
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
            role: {name: getattr(card, name) for name in ("name", "version", "weights_sha256", "licence")}
            for role, card in scene.provenance.items()
        },
        "drawing": DRAWING,
    }
    return json.dumps(meta, sort_keys=True, indent=1, allow_nan=False).encode() + b"\n"


def shape_of(schema: Any) -> dict[Any, Any]:
    """What a `meta.json` of a schema has to be, as `storage.json_files.misfits` wants it."""
    return {1: SHAPE_1, 2: SHAPE_2}.get(schema, SHAPE)


def usable_for(sample: Sample) -> Usage:
    """What the licences of a sample's source and of all that spoke of it allow: the narrowest."""
    licences = (card.licence for card in sample.scene.provenance.values())
    return narrowest(map(usage_of, (sample.scene.clip.video.source.origin.licence, *licences)))


def camera_of(scene: Controlled) -> dict[str, Any]:
    """The camera on the canvas, as an index has it: calibrated where the source is, else as assumed.

    What is assumed is that the optical axis meets the source's pictures in their middle.
    """
    video = scene.clip.video
    lens = video.source.origin.lens
    axis = ((video.width - 1) / 2, (video.height - 1) / 2)
    if lens is not None:
        axis = (lens.principal_x, lens.principal_y)
    middle = (scene.to_canvas @ (*axis, 1.0)).tolist()
    return {
        "camera_focal": float(scene.controls.camera_focal),
        "principal_x": middle[0],
        "principal_y": middle[1],
        "calibrated": lens is not None,
    }


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
