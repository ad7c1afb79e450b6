"""Control signals against the exact answers of a synthetic person, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.synthetic.parts import PARTS
from jobs.synthetic.truth import PersonTruth
from pipeline.geometry import apply_affine, chordal_mean, head_angles, rotation_vector
from schemas.controls import Controls
from schemas.joints import BODY_JOINTS, J, mirrored

Array = NDArray[np.float64]

SEEN = 0.5
"""A joint or a hand counts where at least this share of the parts that meet there is visible."""
MIN_HAND_PX = 40.0
"""Smaller hands are not measured: from wrist to the middle finger's tip."""
DRAWN = 0.3
"""From this score on a hand is drawn."""
VIEWS = (60.0, 120.0, 180.1)
"""Yaw of the head up to which a frame is frontal, a profile, a back view, degrees."""
MEETING = {
    "shoulder": ("upper_arm",),
    "elbow": ("upper_arm", "forearm"),
    "wrist": ("forearm", "hand"),
    "hip": ("thigh",),
    "knee": ("thigh", "shank"),
    "ankle": ("shank", "foot"),
    "big_toe": ("foot",),
}
"""Parts of a side that meet at a joint."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Control signals of t frames against the truth; NaN where nothing is compared."""

    joints: Array  # t 16, distance over the torso's length
    valid: NDArray[np.bool_]  # t, the body is told
    back: NDArray[np.bool_]  # t, the body is seen from behind
    swapped: NDArray[np.bool_]  # t, joints lie nearer to those of the other side
    hands: Array  # t 2, mean distance of a drawn hand's points over the hand's length; inf where not drawn
    gaps: Array  # t 2, from a drawn hand's wrist to the body's, over the hand's length
    view: NDArray[np.int64]  # t, index into VIEWS, of the head
    turned: (
        Array  # t, angle of the head's rotation from the truth with the constant of frontal frames, degrees
    )
    constant: float  # that constant's angle, degrees; NaN where no frontal frame is told
    center: Array  # t, distance of the sphere's centre in true radii
    radius: Array  # t, radius over the true one, over the median of that in frontal frames


def compared(controls: Controls, to_canvas: Array, person_truth: PersonTruth) -> Compared:
    """What the controls of some frames say, against the truth of the same frames."""
    joints, hands, center = (
        apply_affine(to_canvas, p)
        for p in (person_truth.joints2d, person_truth.hands2d, person_truth.head_center)
    )
    torso = np.linalg.norm(joints[:, J["neck"]] - joints[:, J["pelvis"]], axis=1)[:, None]
    away = np.linalg.norm(controls.joints2d - joints, axis=2) / torso
    other = np.linalg.norm(controls.joints2d - joints[:, list(mirrored(BODY_JOINTS))], axis=2) / torso
    sided = [k for k, name in enumerate(BODY_JOINTS) if name.startswith(("left", "right"))]
    counts = joints_seen(person_truth) & controls.body_valid[:, None]
    yaw = np.abs(np.degrees(head_angles(person_truth.hips_rotation)[0]))
    facing = np.abs(np.degrees(head_angles(person_truth.head_seen)[0]))
    drawn, gaps = hands_of(controls, hands, person_truth)
    known = np.where(controls.head_radius > 0, 1.0, np.nan)  # where a sphere is drawn
    radius = person_truth.head_radius * to_canvas[0, 0]
    view = np.searchsorted(VIEWS, facing)
    frontal = (view == 0) & (controls.head_radius > 0)
    turned, constant = head_off(controls, person_truth.head_seen, frontal)
    sizes = (controls.head_radius / radius)[frontal]
    frontal_size = float(np.median(sizes)) if len(sizes) else float("nan")
    return Compared(
        joints=np.where(counts, away, np.nan),
        valid=controls.body_valid,
        back=yaw > VIEWS[1],
        swapped=controls.body_valid & (masked_mean(other, counts, sided) < masked_mean(away, counts, sided)),
        hands=drawn,
        gaps=gaps,
        view=view,
        turned=turned * known,
        constant=constant,
        center=np.linalg.norm(controls.head_center - center, axis=1) / radius * known,
        radius=controls.head_radius / radius * known / frontal_size,
    )


def head_off(controls: Controls, person_truth: Array, frontal: NDArray[np.bool_]) -> tuple[Array, float]:
    """Angles (t,) between the head's rotations, less their mean rotation in frontal frames, and its angle."""
    away = np.swapaxes(person_truth, 1, 2) @ controls.head_rotation.astype(np.float64)
    mean = chordal_mean(away[frontal]) if frontal.any() else np.eye(3)
    angles = np.linalg.norm(rotation_vector(away @ mean.T), axis=1)
    constant = float(np.linalg.norm(rotation_vector(mean))) if frontal.any() else float("nan")
    return np.degrees(angles), float(np.degrees(constant))


def joints_seen(person_truth: PersonTruth) -> NDArray[np.bool_]:
    """(t, 16): which joints count; neck and pelvis where the torso does."""
    part = {name: person_truth.visible[:, number] for number, name in enumerate(PARTS)}
    seen = []
    for name in BODY_JOINTS:
        side, _, joint = name.partition("_")
        parts = [part[f"{side}_{limb}"] for limb in MEETING[joint]] if joint else [part["torso"]]
        seen.append(np.min(parts, axis=0) >= SEEN)
    return np.stack(seen, axis=1)


def hands_of(controls: Controls, hands: Array, person_truth: PersonTruth) -> tuple[Array, Array]:
    """Errors (t, 2) of hands that count, inf where one is not drawn, and gaps (t, 2) at their wrists."""
    errors, gaps = np.full(hands.shape[:2], np.nan), np.full(hands.shape[:2], np.nan)
    for number, side in enumerate(("left", "right")):
        points = getattr(controls, f"{side}_hand2d").astype(np.float64)
        drawn = getattr(controls, f"{side}_hand_score") >= DRAWN
        length = np.linalg.norm(hands[:, number, 12] - hands[:, number, 0], axis=1)
        counts = (person_truth.visible[:, PARTS.index(f"{side}_hand")] >= SEEN) & (length >= MIN_HAND_PX)
        error = np.linalg.norm(points - hands[:, number], axis=2).mean(axis=1) / length
        gap = np.linalg.norm(points[:, 0] - controls.joints2d[:, J[f"{side}_wrist"]], axis=1) / length
        errors[:, number] = np.where(counts, np.where(drawn, error, np.inf), np.nan)
        gaps[:, number] = np.where(counts & drawn, gap, np.nan)
    return errors, gaps


def masked_mean(values: Array, counts: NDArray[np.bool_], columns: list[int]) -> Array:
    """Means (t,) over those of some columns that count; 0 where none does."""
    weight = counts[:, columns]
    return np.asarray((values[:, columns] * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1))
