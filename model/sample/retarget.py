"""The driver's motion on the reference's body: lengths of bones, place and size (method.md 5.1, 3.3).

Directions of bones are the driver's, so joint angles stay; lengths are the reference's, relative to the
torso. All is told in the camera of the reference's picture. Where measured points of the driver differ from
the projection of its 3D joints, they differ as much afterwards: a driver that is its own reference stays as
it is. Camera x right, y down, z forward, metres; pixels with centres at integers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.data.augment import bone_kind, scale_bones
from schemas.controls import Controls, Framing
from schemas.joints import BODY_LIMBS, J

Floats = NDArray[np.floating]

SEEN = 0.5
"""Least score of a joint that is measured by."""
RATIOS = (0.5, 2.0)
"""Bones become at most so much shorter or longer, relative to the torso."""
FOOT = 0.5
"""A foot is at most this share of its shin."""
KINDS = tuple(dict.fromkeys(map(bone_kind, BODY_LIMBS)))
PARENT = {"elbow": "shoulder", "wrist": "elbow", "knee": "hip", "ankle": "knee", "big_toe": "ankle"}
"""Whose ratio a bone takes that is not seen in both."""
TORSO = (("neck",), ("left_hip", "right_hip"))
SHOULDERS = (("left_shoulder",), ("right_shoulder",))


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A person on a canvas: the reference's, or the driver's."""

    controls: Controls
    framing: Framing
    width: int  # of the canvas, px
    height: int

    @property
    def middle(self) -> Floats:
        """Where the optical axis meets the canvas."""
        return np.array([(self.width - 1) / 2, (self.height - 1) / 2])

    def project(self, points: Floats) -> Floats:
        """Pixels (..., 2) of camera points (..., 3)."""
        pixels: Floats = self.controls.camera_focal * points[..., :2] / points[..., 2:] + self.middle
        return pixels


def retarget(driver: Figure, reference: Figure, canonical: Figure | None = None) -> Controls:
    """The driver's controls on the reference's body and canvas; the reference's middle frame places them.

    Lengths are measured on `canonical`, an edited picture of the reference, where there is one. Without a
    torso or shoulders in both, the head alone gives place and size.

    Raises:
        ValueError: the two show neither body nor head in common.
    """
    measured = canonical or reference
    unit = common_unit(driver.controls, measured.controls)
    if unit is None:
        return by_head(driver, reference)
    bones = ratios(driver.controls, measured.controls, unit)
    return placed(driver, reference, scale_bones(driver.controls, bones), bones, unit)


Unit = tuple[tuple[str, ...], tuple[str, ...]]
"""Two points, each the mean of joints, whose distance others are relative to."""


def common_unit(driver: Controls, reference: Controls) -> Unit | None:
    """The torso, or the shoulders, if both show it."""
    units = (
        unit for unit in (TORSO, SHOULDERS) if all(np.isfinite(span(c, unit)) for c in (driver, reference))
    )
    return next(units, None)


def span(controls: Controls, unit: Unit) -> float:
    """Median distance over the frames that show it, m; NaN where none does."""
    names = [J[name] for point in unit for name in point]
    shown = (controls.joints_score[:, names] >= SEEN).all(axis=1)
    ends = [controls.joints3d[:, [J[name] for name in point]].mean(axis=1) for point in unit]
    return float(np.median(np.linalg.norm(ends[0] - ends[1], axis=1)[shown])) if shown.any() else np.nan


def ratios(driver: Controls, reference: Controls, unit: Unit) -> dict[str, float]:
    """For each kind of bone, the factor that makes the driver's relative length the reference's."""
    units = span(driver, unit) / span(reference, unit)
    found: dict[str, float] = {}
    for kind in KINDS:
        sides = [units * span(reference, limb) / span(driver, limb) for limb in limbs_of(kind)]
        ratio = mean_of(sides, missing=found.get(PARENT.get(kind, ""), 1.0))
        found[kind] = min(max(ratio, RATIOS[0]), RATIOS[1])
    shin, foot = (mean_of([span(driver, limb) for limb in limbs_of(kind)]) for kind in ("ankle", "big_toe"))
    if found["big_toe"] * foot > FOOT * found["ankle"] * shin:
        found["big_toe"] = FOOT * found["ankle"] * shin / foot
    return found


def limbs_of(kind: str) -> list[Unit]:
    """The limbs of a kind, left and right."""
    return [((start,), (stop,)) for start, stop in BODY_LIMBS if bone_kind((start, stop)) == kind]


def mean_of(values: list[float], missing: float = np.nan) -> float:
    """The mean of what is known."""
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else missing


LIMBS = np.array([[J[start], J[stop]] for start, stop in BODY_LIMBS])
LEGS = np.array([any(part in limb[1] for part in ("knee", "ankle", "toe")) for limb in BODY_LIMBS])


def nearest_pose(driver: Controls, reference: Controls, *, legs: bool) -> int:
    """The driver's frame whose bones point most as the reference's do, among bones that both show."""
    middle = len(reference.joints3d) // 2
    counts = bones_seen(driver) & bones_seen(reference)[middle] & (legs | ~LEGS)
    apart = np.linalg.norm(directions(driver) - directions(reference)[middle], axis=2)
    num = counts.sum(axis=1)
    return int(np.where(num > 0, (apart * counts).sum(axis=1) / np.maximum(num, 1), np.inf).argmin())


def bones_seen(controls: Controls) -> NDArray[np.bool_]:
    """Bones (T, L) of which both ends are seen."""
    return np.asarray((controls.joints_score[:, LIMBS] >= SEEN).all(axis=2))


def directions(controls: Controls) -> Floats:
    """Where bones point (T, L, 3), of length 1."""
    bones = controls.joints3d[:, LIMBS[:, 1]] - controls.joints3d[:, LIMBS[:, 0]]
    return np.asarray(bones / np.maximum(np.linalg.norm(bones, axis=2, keepdims=True), 1e-9))


def placed(
    driver: Figure, reference: Figure, scaled: Controls, bones: dict[str, float], unit: Unit
) -> Controls:
    """The scaled body where the reference stands, as large as it, moving as the driver does."""
    old, seen, neck, middle = (
        driver.controls,
        reference.controls,
        J["neck"],
        len(reference.controls.joints3d) // 2,
    )
    standing = driver.framing == reference.framing == "full"
    start = nearest_pose(old, seen, legs=standing)
    root = old.joints3d[:, neck].astype(np.float64)
    body = scaled.joints3d.astype(np.float64) - root[:, None]
    size = span(scaled, unit) / span(seen, unit)  # metres of the driver for one of the reference
    depth = size * float(seen.joints3d[middle, neck, 2]) * root[:, 2] / root[start, 2]
    zoom = (seen.camera_focal / depth) / (old.camera_focal / root[:, 2])  # px for one of the driver's
    beside = old.joints2d - driver.project(old.joints3d.astype(np.float64))

    anchored = anchor(old.joints3d[start].astype(np.float64), standing)
    off = anchor(old.joints2d[start], standing) - driver.project(anchored)
    target = anchor(seen.joints2d[middle], standing) - zoom[start] * off - reference.middle
    foot = anchor(body[start], standing)
    first = target * (depth[start] + foot[2]) / float(seen.camera_focal) - foot[:2]
    stride = (bones["knee"] + bones["ankle"]) / 2 if standing else 1.0
    across = first + stride * (root[:, :2] - root[start, :2])
    joints3d = body + np.column_stack([across, depth])[:, None]
    joints2d = reference.project(joints3d) + zoom[:, None, None] * beside
    grown = head_ratio(old, seen, start) or zoom[start]
    moved: dict[str, Any] = {
        "joints3d": joints3d,
        "joints2d": joints2d,
        **hands_at(joints2d, old, zoom * bones["wrist"]),
        "head_center": joints2d[:, neck] + grown * (old.head_center - old.joints2d[:, neck]),
        "head_radius": grown * old.head_radius,
        "camera_focal": seen.camera_focal,
    }
    rounded: dict[str, Any] = {name: np.asarray(value, np.float32) for name, value in moved.items()}
    return replace(scaled, **rounded)


def hands_at(joints2d: Floats, old: Controls, grown: Floats) -> dict[str, Floats]:
    """The driver's drawn hands, sized (T,), on the wrists of other joints."""
    hands = {}
    for side in ("left", "right"):
        wrist = J[f"{side}_wrist"]
        hand = getattr(old, f"{side}_hand2d") - old.joints2d[:, [wrist]]
        hands[f"{side}_hand2d"] = joints2d[:, [wrist]] + grown[:, None, None] * hand
    return hands


def anchor(points: Floats, standing: bool) -> Floats:  # noqa: FBT001 - a fact of both figures
    """The point that is put in its place: the middle of the lower foot, or the neck."""
    if not standing:
        return points[J["neck"]]
    feet = [(points[J[f"{side}_ankle"]] + points[J[f"{side}_big_toe"]]) / 2 for side in ("left", "right")]
    return max(feet, key=lambda foot: float(foot[1]))


def head_ratio(driver: Controls, reference: Controls, start: int) -> float | None:
    """How much larger the reference's head is drawn than the driver's; None where one is not seen."""
    radii = reference.head_radius[reference.head_valid]
    if not radii.size or driver.head_radius[start] <= 0:
        return None
    return float(np.median(radii) / driver.head_radius[start])


def by_head(driver: Figure, reference: Figure) -> Controls:
    """The driver shifted and sized so that its head is the reference's; for portraits.

    Raises:
        ValueError: neither body nor head is seen in both.
    """
    old, seen = driver.controls, reference.controls
    if not (old.head_valid.any() and seen.head_valid.any()):
        raise ValueError("neither a body nor a head is seen both in the reference and in the driving video")
    middle = int(np.flatnonzero(seen.head_valid)[seen.head_valid.sum() // 2])
    turned = np.linalg.norm(old.head_rotation - seen.head_rotation[middle], axis=(1, 2))
    start = int(np.where(old.head_valid, turned, np.inf).argmin())
    grown = float(seen.head_radius[middle] / old.head_radius[start])
    origin, target = old.head_center[start], seen.head_center[middle]
    names = ("joints2d", "left_hand2d", "right_hand2d", "head_center")
    return replace(
        old,
        **{name: (target + grown * (getattr(old, name) - origin)).astype(np.float32) for name in names},
        head_radius=(grown * old.head_radius).astype(np.float32),
    )
