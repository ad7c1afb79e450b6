"""How believable body and hands are over time: pure functions of a sample's controls."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.controls.smoothing import Mask, jitter
from pipeline.geometry import Array, in_picture, torso_frame
from pipeline.measures.measure import Measure
from pipeline.measures.opened import OpenedSample
from schemas.controls import Controls
from schemas.drawing import DRAW_SCORE
from schemas.joints import BODY_JOINTS, BODY_LIMBS, J, mirrored

MIN_FRAMES = 12
"""Measured frames below which nothing is said of motion."""
BEHIND = np.cos(np.radians(110.0))
"""No head turns further against its shoulders: a neck reaches 80 degrees (AAOS, Joint Motion, 1965)."""
FLIP_GAIN = 0.5
"""Sides were exchanged between two frames where exchanging them back shortens all ways to this share."""
FLIP_DISTANCE = 0.1
"""Of the torso: mean way of the joints below which nothing was exchanged."""
IN_VIEW_SCORE = 0.5
MIRRORED = list(mirrored(BODY_JOINTS))
SIDED = [index for index, other in enumerate(MIRRORED) if index != other]


def measured_frames(controls: Controls) -> Mask | None:
    """Frames whose body was measured; None where they are too few."""
    valid = controls.body_valid
    return valid if valid.sum() >= MIN_FRAMES else None


def mostly_seen(controls: Controls, valid: Mask) -> NDArray[np.int64]:
    """Joints that are drawn in more than half of the measured frames."""
    return np.flatnonzero((controls.joints_score[valid] >= DRAW_SCORE).mean(axis=0) > 0.5)


def torso_px(controls: Controls, valid: Mask) -> float:
    """Median length from neck to pelvis in the picture, at least 1 px."""
    torso = controls.joints2d[valid, J["neck"]] - controls.joints2d[valid, J["pelvis"]]
    return max(float(np.median(np.linalg.norm(torso, axis=1))), 1.0)


def joint_jitter(sample: OpenedSample) -> float | None:
    """See `MEASURES`."""
    controls, valid = sample.controls, measured_frames(sample.controls)
    if valid is None or not len(seen := mostly_seen(controls, valid)):
        return None
    return jitter(controls.joints2d[:, seen].astype(np.float64), valid) / torso_px(controls, valid)


def bone_spread(sample: OpenedSample) -> float | None:
    """See `MEASURES`."""
    controls, valid = sample.controls, measured_frames(sample.controls)
    if valid is None:
        return None
    seen = set(mostly_seen(controls, valid).tolist())
    limbs = [(J[a], J[b]) for a, b in BODY_LIMBS if {J[a], J[b]} <= seen]
    if not limbs:
        return None
    start, stop = np.transpose(limbs)
    lengths = np.linalg.norm(controls.joints3d[valid][:, start] - controls.joints3d[valid][:, stop], axis=2)
    return float(np.median(lengths.std(axis=0) / np.maximum(lengths.mean(axis=0), 1e-6)))


def side_flips(sample: OpenedSample) -> float | None:
    """See `MEASURES`."""
    controls, valid = sample.controls, measured_frames(sample.controls)
    if valid is None:
        return None
    points = controls.joints2d.astype(np.float64)
    stay, change = (
        np.linalg.norm(points[1:, SIDED] - points[:-1, order], axis=2).mean(axis=1)
        for order in (SIDED, [MIRRORED[index] for index in SIDED])
    )
    both = valid[1:] & valid[:-1] & (stay > FLIP_DISTANCE * torso_px(controls, valid))
    return float((both & (change < FLIP_GAIN * stay)).sum())


def head_twist(sample: OpenedSample) -> float | None:
    """See `MEASURES`."""
    controls = sample.controls
    shoulders = controls.joints_score[:, [J["left_shoulder"], J["right_shoulder"]]].min(axis=1) >= DRAW_SCORE
    both = controls.head_valid & controls.body_valid & shoulders
    if both.sum() < MIN_FRAMES:
        return None
    ahead, face = flat(torso_frame(controls.joints3d[both])), flat(controls.head_rotation[both])
    return float(((ahead * face).sum(axis=1) < BEHIND).mean())


def flat(rotations: NDArray[np.floating]) -> Array:
    """Where rotations (t, 3, 3) look over the floor (t, 2), at length 1."""
    out = np.asarray(rotations, np.float64)[:, [0, 2], 2]
    return np.asarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9))


def hands(controls: Controls) -> list[tuple[NDArray[np.float32], NDArray[np.float32], int]]:
    """Points, scores and the body's wrist of both hands."""
    left = (controls.left_hand2d, controls.left_hand_score, J["left_wrist"])
    return [left, (controls.right_hand2d, controls.right_hand_score, J["right_wrist"])]


def hand_reach(sample: OpenedSample) -> float | None:
    """See `MEASURES`."""
    controls, ratios = sample.controls, list[Array]()
    for points, score, wrist in hands(controls):
        seen = (score > 0) & controls.body_valid
        fingers = points[seen, 1:].astype(np.float64)
        if len(fingers):
            size = np.linalg.norm(np.ptp(fingers, axis=1), axis=1)
            reach = np.linalg.norm(fingers.mean(axis=1) - controls.joints2d[seen, wrist], axis=1)
            ratios.append(reach / np.maximum(size, 1.0))
    return float(np.percentile(np.concatenate(ratios), 90)) if ratios else None


def hands_missed(sample: OpenedSample) -> float | None:
    """See `MEASURES`."""
    controls, row = sample.controls, sample.row
    missed = []
    for _, score, wrist in hands(controls):
        inside = in_picture(controls.joints2d[:, wrist], row.width, row.height)
        view = controls.body_valid & inside & (controls.joints_score[:, wrist] >= IN_VIEW_SCORE)
        missed += (score[view] <= 0).tolist()
    return float(np.mean(missed)) if missed else None


MEASURES = (
    Measure(
        name="joint_jitter",
        unit="torso lengths/frame^2",
        says="mean second difference over time of the stored joints that are mostly seen",
        source="acceleration error of VIBE (arXiv 1912.05656), without a truth",
        of=joint_jitter,
    ),
    Measure(
        name="bone_spread",
        unit="share of length",
        says="deviation over mean of a limb's length in metres over the clip, median of limbs",
        source="method.md 4; bone-length consistency of human pose",
        of=bone_spread,
    ),
    Measure(
        name="side_flips",
        unit="times",
        says="frames at which the ways of all joints are halved if left and right are exchanged",
        source="docs/adr/0029",
        of=side_flips,
    ),
    Measure(
        name="head_twist",
        unit="share of frames",
        says="head and torso look more than 110 degrees apart: sides, or the head, are wrong",
        source="range of the cervical spine, American Academy of Orthopaedic Surgeons, 1965",
        of=head_twist,
    ),
    Measure(
        name="hand_reach",
        unit="hand sizes",
        says="way from the body's wrist to the middle of the fingers over their extent, 90th percentile",
        source="method.md 4.2: a hand hangs on its arm",
        of=hand_reach,
    ),
    Measure(
        name="hands_missed",
        unit="share of hands in view",
        says="a wrist is in the picture and scores 0.5 at least, and no hand was measured there",
        source="method.md 4.2",
        of=hands_missed,
    ),
)
