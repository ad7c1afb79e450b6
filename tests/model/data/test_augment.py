from __future__ import annotations

from dataclasses import fields, replace

import cv2
import numpy as np
import pytest

from model.data.augment import (
    Augmentation,
    FaceJitter,
    bone_kind,
    draw_changes,
    jitter_faces,
    mirror_controls,
    scale_bones,
    window_of,
)
from model.data.sample_rng import SampleRng
from schemas.controls import Controls
from schemas.drawing import draw_skeleton, draw_spheres, joint_colour
from schemas.joints import BODY_LIMBS, J
from tests.synth import Scene, true_controls

SCENE = Scene(width=160, height=240, num_frames=30, turn_deg=(-50.0, 20.0))


def equal(a: Controls, b: Controls, atol: float = 0.0) -> None:
    for field in fields(Controls):
        np.testing.assert_allclose(
            getattr(a, field.name), getattr(b, field.name), atol=atol, err_msg=field.name
        )


def test_mirrored_controls_are_those_of_the_mirrored_scene():
    """The figure filmed through a mirror: hands, joints, head, yaw and face window, all of it."""
    equal(
        mirror_controls(true_controls(SCENE), 160, 160),
        true_controls(replace(SCENE, mirrored=True)),
        atol=2e-3,
    )


def test_mirroring_twice_changes_nothing():
    controls = true_controls(SCENE)
    equal(mirror_controls(mirror_controls(controls, 160, 320), 160, 320), controls, atol=1e-4)


def test_mirrored_maps_have_the_colours_of_the_other_side():
    """Acceptance check 5 of method.md 13: a flipped picture of the map would keep the wrong colours."""
    controls = true_controls(SCENE)
    plain = draw_skeleton(controls, 160, 240)
    drawn = draw_skeleton(mirror_controls(controls, 160, 160), 160, 240)
    same = np.equal(drawn.any(axis=-1), plain[:, :, ::-1].any(axis=-1))
    assert same.mean() > 0.999, "the same shape, flipped"
    for name, partner in (("left_elbow", "right_elbow"), ("right_knee", "left_knee")):
        x, y = np.rint(controls.joints2d[10, J[name]]).astype(int)
        assert nearest_colour(plain[10, y, x], name, partner) == name
        assert nearest_colour(drawn[10, y, 159 - x], name, partner) == partner


def nearest_colour(pixel: np.ndarray, *names: str) -> str:
    return min(names, key=lambda name: np.abs(pixel - np.array(joint_colour(name))).sum())


def test_mirrored_sphere_is_not_the_flipped_sphere_but_that_of_the_mirrored_head():
    controls = true_controls(SCENE)
    drawn = draw_spheres(mirror_controls(controls, 160, 160), 160, 240)
    filmed = draw_spheres(true_controls(replace(SCENE, mirrored=True)), 160, 240)
    assert np.abs(drawn.astype(int) - filmed).max() <= 2
    flipped = draw_spheres(controls, 160, 240)[:, :, ::-1]
    red = drawn[..., 0].astype(int) + flipped[..., 0]
    seen = drawn[5].any(axis=-1) & flipped[5].any(axis=-1)
    assert np.median(np.abs(red[5][seen] - 255)) <= 1, "left of the head is red in one and dark in the other"


def test_bones_get_their_lengths_and_keep_their_directions():
    controls = true_controls(SCENE)
    kinds = {bone_kind(limb) for limb in BODY_LIMBS}
    assert kinds == {"shoulder", "elbow", "wrist", "hip", "knee", "ankle", "big_toe"}
    bones = {kind: 0.8 + 0.05 * place for place, kind in enumerate(sorted(kinds))}
    scaled = scale_bones(controls, bones)
    for name, atol in (("joints2d", 1e-3), ("joints3d", 1e-5)):
        old, new = getattr(controls, name), getattr(scaled, name)
        for limb in BODY_LIMBS:
            a, b = (J[end] for end in limb)
            np.testing.assert_allclose(
                new[:, b] - new[:, a], bones[bone_kind(limb)] * (old[:, b] - old[:, a]), atol=atol
            )
    np.testing.assert_array_equal(scaled.joints2d[:, J["neck"]], controls.joints2d[:, J["neck"]])
    for side in ("left", "right"):
        wrist = J[f"{side}_wrist"]
        old = getattr(controls, f"{side}_hand2d") - controls.joints2d[:, [wrist]]
        new = getattr(scaled, f"{side}_hand2d") - scaled.joints2d[:, [wrist]]
        np.testing.assert_allclose(new, bones["wrist"] * old, atol=1e-3)
    np.testing.assert_array_equal(scaled.head_center, controls.head_center)


def test_bones_of_their_own_length_change_nothing():
    controls = true_controls(SCENE)
    equal(
        scale_bones(controls, dict.fromkeys({bone_kind(limb) for limb in BODY_LIMBS}, 1.0)),
        controls,
        atol=1e-3,
    )


def test_nothing_is_changed_by_default():
    for seed in range(50):
        changes = draw_changes(SampleRng(seed), Augmentation())
        assert (changes.mirrored, changes.bones, changes.masked_frames, changes.face) == (
            False,
            None,
            0,
            False,
        )


def test_changes_come_as_often_as_asked_and_apart_from_each_other():
    rule = Augmentation(mirror=0.5, bones=0.3, masked_start=0.2, face=0.4)
    drawn = [draw_changes(SampleRng(seed), rule) for seed in range(4_000)]
    assert np.mean([c.mirrored for c in drawn]) == pytest.approx(0.5, abs=0.03)
    assert np.mean([c.bones is not None for c in drawn]) == pytest.approx(0.3, abs=0.03)
    assert np.mean([c.masked_frames == 24 for c in drawn]) == pytest.approx(0.2, abs=0.03)
    assert np.mean([c.face for c in drawn]) == pytest.approx(0.4, abs=0.03)
    lengths = np.array([list(c.bones.values()) for c in drawn if c.bones])
    assert lengths.min() >= 0.8
    assert lengths.max() <= 1.2
    assert abs(np.corrcoef(lengths.T) - np.eye(7)).max() < 0.1
    alone = [draw_changes(SampleRng(seed), Augmentation(bones=0.3)) for seed in range(100)]
    assert [c.bones for c in alone] == [c.bones for c in drawn[:100]], "mirroring changes no bones"


def test_window_of_is_the_stretch():
    controls = true_controls(SCENE)
    part = window_of(controls, 3, 25)
    np.testing.assert_array_equal(part.joints2d, controls.joints2d[3:28])
    assert part.camera_focal == controls.camera_focal


def test_face_jitter_is_drawn_once_for_all_frames():
    rng = np.random.default_rng(0)
    face = np.kron(rng.integers(60, 200, (14, 14, 3)), np.ones((16, 16, 1))).astype(np.uint8)
    faces = np.stack([face] * 3)
    quiet = FaceJitter(noise=0.0)
    points = np.full((3, 3, 2), 40.0, np.float32)
    jitter_faces(faces, points, SampleRng(1), quiet)
    assert np.array_equal(faces[0], faces[2])
    assert not np.array_equal(faces[0], face)
    again = np.stack([face] * 3)
    jitter_faces(again, points.copy(), SampleRng(1), quiet)
    assert np.array_equal(faces, again)
    other = np.stack([face] * 3)
    jitter_faces(other, points.copy(), SampleRng(2), quiet)
    assert not np.array_equal(faces, other)


def test_face_jitter_of_nothing_is_nothing():
    face = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3)).astype(np.uint8)
    same = face.copy()
    points = np.random.default_rng(1).uniform(0, 223, (2, 3, 2)).astype(np.float32)
    stay = points.copy()
    jitter_faces(same, stay, SampleRng(1), FaceJitter(scale=0, colour=0, blur_px=0, noise=0))
    assert np.array_equal(face, same)
    np.testing.assert_allclose(stay, points, atol=1e-4)


def test_points_stay_on_the_face_whose_size_changes():
    face = np.zeros((2, 224, 224, 3), np.uint8)
    spots = np.array([[70, 80], [150, 84], [112, 160]])
    for x, y in spots:
        cv2.circle(face[0], (int(x), int(y)), 4, (255, 255, 255), -1)
    face[1] = face[0]
    points = np.tile(spots.astype(np.float32), (2, 1, 1))
    jitter_faces(face, points, SampleRng(3), FaceJitter(scale=0.2, colour=0, blur_px=0, noise=0))
    assert np.abs(points[0] - spots).max() > 3
    for x, y in np.rint(points[1]).astype(int):
        assert face[1, y - 1 : y + 2, x - 1 : x + 2].min() == 255
        assert face[1, y - 9 : y + 10, x - 9 : x + 10].mean() < 150
