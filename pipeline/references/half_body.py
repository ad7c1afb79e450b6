"""The half-body crop of a full-body frame: from the hips to the crown (method.md 6)."""

from __future__ import annotations

import numpy as np

from pipeline.geometry import Array, bounding_box, centred_affine, composed, in_picture
from schemas.controls import Controlled
from schemas.joints import J

HIPS, SHOULDERS = ([J[f"left_{name}"], J[f"right_{name}"]] for name in ("hip", "shoulder"))


def shows_half(clip: Controlled, frame: int, seen_score: float) -> bool:
    """Whether a frame can be cut to a half body: of a full-body clip, both hips shown and the head known."""
    controls = clip.controls
    hips = controls.joints_score[frame, HIPS] >= seen_score
    hips &= in_picture(controls.joints2d[frame, HIPS], clip.width, clip.height)
    return clip.framing == "full" and bool(hips.all()) and bool(controls.head_radius[frame] > 0)


def half_body_crop(
    clip: Controlled, frame: int, canvas: tuple[int, int], margin: float, max_upscale: float
) -> Array:
    """2x3 map from source px to a canvas of this size under which head, shoulders and hips fill it.

    Beyond them on every side lies `margin` of their extent. The crop has the canvas's aspect and stays in
    what the clip shows; where a source px would become more than `max_upscale` canvas px, it shows more of
    the body.
    """
    controls, shown = clip.controls, np.array([clip.width, clip.height])
    center, radius = controls.head_center[frame].astype(np.float64), float(controls.head_radius[frame])
    torso = controls.joints2d[frame, HIPS + SHOULDERS].astype(np.float64)
    box = bounding_box(np.concatenate([torso, [center - radius, center + radius]]))
    needed = float(
        np.max((1 + 2 * margin) * (box[2:] - box[:2]) / canvas)
    )  # px of the clip's own canvas a px
    share = min(max(needed, float(clip.to_canvas[0, 0]) / max_upscale), float(np.min(shown / canvas)))
    half = share * np.array(canvas) / 2
    middle = np.clip((box[:2] + box[2:]) / 2, half - 0.5, shown - 0.5 - half)
    zoom = centred_affine((float(middle[0]), float(middle[1])), 1 / share, canvas)
    return composed(zoom, clip.to_canvas)
