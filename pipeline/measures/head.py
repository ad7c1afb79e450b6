"""How believable head sphere and face crop are over time: pure functions of a sample's controls."""

from __future__ import annotations

import numpy as np

from pipeline.controls.smoothing import Mask, jitter
from pipeline.geometry import Array, head_angles, rotation_vector
from pipeline.measures.measure import Measure
from pipeline.measures.opened import OpenedSample
from schemas.joints import J

MIN_FRAMES = 12
"""Measured frames below which nothing is said."""


def enough(mask: Mask) -> bool:
    """Whether there are frames enough to speak of."""
    return bool(mask.sum() >= MIN_FRAMES)


def head_radius_m(sample: OpenedSample) -> float | None:
    """See `MEASURES`."""
    controls = sample.controls
    both = controls.head_valid & controls.body_valid
    if not enough(both):
        return None
    depth = controls.joints3d[both, J["neck"], 2]
    return float(np.median(controls.head_radius[both] * depth / controls.camera_focal))


def head_off_neck(sample: OpenedSample) -> float | None:
    """See `MEASURES`."""
    controls = sample.controls
    both = controls.head_valid & controls.body_valid & (controls.head_radius > 0)
    if not enough(both):
        return None
    distance = np.linalg.norm(controls.head_center[both] - controls.joints2d[both, J["neck"]], axis=1)
    return float(np.percentile(distance / controls.head_radius[both], 90))


def face_off_head(sample: OpenedSample) -> float | None:
    """See `MEASURES`."""
    controls = sample.controls
    both = controls.head_valid & controls.face_valid & (controls.head_radius > 0)
    if not enough(both):
        return None
    distance = np.linalg.norm(middles(sample)[both] - controls.head_center[both], axis=1)
    return float(np.percentile(distance / controls.head_radius[both], 90))


def crop_jitter(sample: OpenedSample) -> float | None:
    """See `MEASURES`."""
    controls = sample.controls
    both = controls.head_valid & controls.face_valid
    if not enough(both):
        return None
    side = float(np.median((sample.face_boxes[:, 2] - sample.face_boxes[:, 0])[both]))
    return jitter((middles(sample) - controls.head_center)[:, None], both) / max(side, 1.0)


def middles(sample: OpenedSample) -> Array:
    """Middles (t, 2) of the face crops on the canvas."""
    return np.asarray((sample.face_boxes[:, :2] + sample.face_boxes[:, 2:]) / 2)


def head_jitter(sample: OpenedSample) -> float | None:
    """See `MEASURES`."""
    valid, turn = sample.controls.head_valid, sample.controls.head_rotation.astype(np.float64)
    three = valid[2:] & valid[1:-1] & valid[:-2]
    if not enough(three):
        return None
    steps = rotation_vector(np.swapaxes(turn[:-1], 1, 2) @ turn[1:])
    return float(np.degrees(np.linalg.norm(steps[1:] - steps[:-1], axis=1)[three].mean()))


def head_yaw_reach(sample: OpenedSample) -> float | None:
    """See `MEASURES`."""
    valid = sample.controls.head_valid
    if not enough(valid):
        return None
    yaw = np.unwrap(head_angles(sample.controls.head_rotation[valid])[0])
    return float(np.degrees(np.subtract(*np.percentile(yaw, [95, 5]))))


def head_px(sample: OpenedSample) -> float | None:
    """See `MEASURES`."""
    valid = sample.controls.head_valid
    if not valid.any():
        return None
    return float(2 * np.median(sample.controls.head_radius[valid]) / sample.to_canvas[0, 0])


MEASURES = (
    Measure(
        name="head_radius_m",
        unit="m",
        says="median radius of the head sphere at the neck's distance; a head's is 0.10 to 0.13 m",
        source="head height 0.20 to 0.26 m: NASA-STD-3000, anthropometry",
        of=head_radius_m,
    ),
    Measure(
        name="head_off_neck",
        unit="sphere radii",
        says="way from the neck joint to the sphere's centre in the picture, 90th percentile",
        source="method.md 3.2",
        of=head_off_neck,
    ),
    Measure(
        name="face_off_head",
        unit="sphere radii",
        says="way from the face crop's middle to the sphere's centre, 90th percentile: one face, one head",
        source="method.md 2.2",
        of=face_off_head,
    ),
    Measure(
        name="crop_jitter",
        unit="crop sides/frame^2",
        says="mean second difference over time of the face crop's middle against the sphere's",
        source="method.md 2.2",
        of=crop_jitter,
    ),
    Measure(
        name="head_jitter",
        unit="degrees/frame^2",
        says="mean second difference over time of the head's rotation",
        source="acceleration error of VIBE (arXiv 1912.05656), of rotations and without a truth",
        of=head_jitter,
    ),
    Measure(
        name="head_yaw_reach",
        unit="degrees",
        says="from the 5th to the 95th percentile of the head's yaw",
        source="method.md 3.2",
        of=head_yaw_reach,
    ),
    Measure(
        name="head_px",
        unit="px of the source",
        says="median height of the head sphere",
        source="method.md 2.2: below the crop's side a face is enlarged",
        of=head_px,
    ),
)
