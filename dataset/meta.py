"""The `meta.json` of a sample: what it is, where it comes from, and who said so."""

from __future__ import annotations

import json
from collections.abc import Mapping

from schemas.joints import BODY_JOINTS
from schemas.media import FPS
from schemas.sample import Sample, reference_member
from schemas.version import DRAWING, SCHEMA


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
