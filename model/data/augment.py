"""Changes to a sample that keep its meaning: mirroring, other bones, a masked start, other face crops.

All are off by default. What is drawn comes from the sample's own lots; what is done is a pure function.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from model.data.sample_rng import SampleRng
from schemas.controls import Controls, frames_of
from schemas.joints import BODY_JOINTS, BODY_LIMBS, J, mirrored
from schemas.media import FPS

Floats = NDArray[np.float32]
Bones = Mapping[str, float]
PARTNER = list(mirrored(BODY_JOINTS))
MIRROR = np.array([-1, 1, 1], np.float32)


@dataclass(frozen=True, kw_only=True)
class FaceJitter:
    """Changes of the face crop alone, the same for all frames: it then says less of who it is."""

    scale: float = 0.1
    """The crop is taken up to this share larger or smaller."""
    colour: float = 0.2
    """Brightness, contrast and saturation change by up to this share."""
    blur_px: float = 1.0
    """Most standard deviation of the blur."""
    noise: float = 4.0
    """Most standard deviation of the noise, of 255."""


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What may be done to samples, and how often. Nothing by default."""

    mirror: float = 0.0
    """Probability of a sample seen in a mirror."""
    bones: float = 0.0
    """Probability of other bone lengths; DreamActor-M2 (arXiv 2601.21716) has 0.3."""
    bone_range: float = 0.2
    """Each kind of bone gets a length of 1 - this to 1 + this."""
    masked_start: float = 0.0
    """Probability that pose and face are withheld for the first second (DreamActor-M2)."""
    face: float = 0.0
    """Probability of a changed face crop."""
    face_jitter: FaceJitter = FaceJitter()

    @property
    def redraws(self) -> bool:
        """Whether maps may have to be drawn otherwise than they were baked."""
        return self.mirror > 0 or self.bones > 0


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What is done to one sample."""

    mirrored: bool
    bones: Bones | None
    masked_frames: int
    face: bool


def draw_changes(chances: SampleRng, rule: Augmentation) -> Changes:
    """What is done to the sample of these lots."""
    scaled = chances.unit("bones") < rule.bones
    low, high = 1 - rule.bone_range, 1 + rule.bone_range
    kinds = list(dict.fromkeys(map(bone_kind, BODY_LIMBS)))
    return Changes(
        mirrored=is_mirrored(chances, rule),
        bones={kind: chances.between(f"bone {kind}", low, high) for kind in kinds} if scaled else None,
        masked_frames=FPS if chances.unit("masked start") < rule.masked_start else 0,
        face=chances.unit("face") < rule.face,
    )


def is_mirrored(chances: SampleRng, rule: Augmentation) -> bool:
    """Whether the sample of these lots is seen in a mirror."""
    return chances.unit("mirror") < rule.mirror


def bone_kind(limb: tuple[str, str]) -> str:
    """The name that a limb shares with its counterpart: that of the joint it ends in, without the side."""
    return limb[1].partition("_")[2]


def mirror_controls(controls: Controls, width: int, source_width: int) -> Controls:
    """The controls of a clip seen in a mirror, where left is right; the widths are of its pictures, px."""

    def across(points: Floats, size: int) -> Floats:
        flipped = points.copy()
        flipped[..., 0] = size - 1 - points[..., 0]
        return flipped

    box = controls.face_box.reshape(-1, 2, 2)[:, :, 0]
    return replace(
        controls,
        joints2d=across(controls.joints2d[:, PARTNER], width),
        joints3d=controls.joints3d[:, PARTNER] * MIRROR,
        joints_score=controls.joints_score[:, PARTNER],
        left_hand2d=across(controls.right_hand2d, width),
        right_hand2d=across(controls.left_hand2d, width),
        left_hand3d=controls.right_hand3d * MIRROR,
        right_hand3d=controls.left_hand3d * MIRROR,
        left_hand_score=controls.right_hand_score,
        right_hand_score=controls.left_hand_score,
        head_rotation=MIRROR[:, None] * controls.head_rotation * MIRROR,
        head_center=across(controls.head_center, width),
        face_box=np.stack(
            [
                source_width - 1 - box[:, 1],
                controls.face_box[:, 1],
                source_width - 1 - box[:, 0],
                controls.face_box[:, 3],
            ],
            axis=1,
        ),
        body_yaw=-controls.body_yaw,
    )


def scale_bones(controls: Controls, bones: Bones) -> Controls:
    """The same pose with other bone lengths, from the neck out; hands grow with the forearm, the head stays.

    Lengths change in the picture and in depth alike, so what hides what follows the new body. A hand is moved
    with its wrist.
    """
    joints2d, joints3d = controls.joints2d.copy(), controls.joints3d.copy()
    for limb in BODY_LIMBS:
        parent, child = (J[name] for name in limb)
        for new, old in ((joints2d, controls.joints2d), (joints3d, controls.joints3d)):
            new[:, child] = new[:, parent] + np.float32(bones[bone_kind(limb)]) * (
                old[:, child] - old[:, parent]
            )
    hips = [J["left_hip"], J["right_hip"]]
    for new, old in ((joints2d, controls.joints2d), (joints3d, controls.joints3d)):
        new[:, J["pelvis"]] += new[:, hips].mean(axis=1) - old[:, hips].mean(axis=1)
    forearm = np.float32(bones["wrist"])
    hands = {}
    for side in ("left", "right"):
        old_wrist, new_wrist = controls.joints2d[:, [J[f"{side}_wrist"]]], joints2d[:, [J[f"{side}_wrist"]]]
        hands[f"{side}_hand2d"] = new_wrist + forearm * (getattr(controls, f"{side}_hand2d") - old_wrist)
        hands[f"{side}_hand3d"] = forearm * getattr(controls, f"{side}_hand3d")
    return replace(controls, joints2d=joints2d, joints3d=joints3d, **hands)


def window_of(controls: Controls, start: int, frames: int) -> Controls:
    """The controls of a stretch of frames."""
    return frames_of(controls, slice(start, start + frames))


def jitter_faces(faces: NDArray[np.uint8], points: Floats, chances: SampleRng, how: FaceJitter) -> None:
    """Change face crops (t, h, w, 3) in place: scale, colour, blur and noise, drawn once for all frames.

    Their points (t, 3, 2) stay on eyes and mouth, so aligning takes the scale back.
    """
    size = faces.shape[1]
    scale = chances.between("face scale", 1 - how.scale, 1 + how.scale)
    gain, offset, saturation = (
        chances.between(f"face {name}", -how.colour, how.colour)
        for name in ("contrast", "brightness", "saturation")
    )
    middle = (size - 1) / 2
    affine = np.array([[scale, 0, middle * (1 - scale)], [0, scale, middle * (1 - scale)]])
    points[...] = scale * points + affine[:, 2]
    mix = (1 + saturation) * np.eye(3) - saturation * np.array([0.2126, 0.7152, 0.0722])
    colours = np.column_stack([(1 + gain) * mix, np.full(3, 127.5 * (offset - gain))])
    sigma = chances.between("face blur", 0, how.blur_px)
    noise = chances.generator("face noise")
    spread = chances.between("face noise level", 0, how.noise)
    for face in faces:
        changed = cv2.warpAffine(face, affine, (size, size), flags=cv2.INTER_LINEAR)
        changed = cv2.transform(cv2.GaussianBlur(changed, (0, 0), sigma) if sigma > 0.1 else changed, colours)
        grain = np.float32(spread) * noise.standard_normal(changed.shape, np.float32)
        face[...] = np.clip(changed + grain, 0, 255)
