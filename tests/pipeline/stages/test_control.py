from dataclasses import fields, replace

import numpy as np
import pytest

from pipeline.geometry import (
    apply_affine,
    canvas_affine,
    head_angles,
    principal_point,
    project,
)
from pipeline.stages.control import ControlSettings
from schemas.arrow import decode, encode
from schemas.controls import Controlled, Controls
from schemas.drawing import DRAW_SCORE
from schemas.joints import BODY_JOINTS, J, mirrored
from schemas.outcome import Rejected
from tests.pipeline.stages.figure_controls import FULL, RAW, controlled, controls
from tests.synth import true_controls
from tests.tracked import tracked_of, without

# The canvas


def test_figure_on_its_own_canvas_keeps_its_exact_controls() -> None:
    made, exact = controls(tracked_of(FULL)), true_controls(FULL)
    for field in fields(Controls):
        got, wanted = getattr(made, field.name), getattr(exact, field.name)
        if field.name == "face_box":
            continue  # its growth has a test of its own
        assert got.shape == wanted.shape, field.name
        np.testing.assert_allclose(got, wanted, atol=2e-3, err_msg=field.name)


def test_canvas_scales_and_cuts_pixels_and_leaves_metres() -> None:
    scene = replace(FULL, width=320, height=700)
    made, tracked = controlled(tracked_of(scene)), tracked_of(scene)
    assert made.width * made.height <= 614_400
    np.testing.assert_array_equal(made.to_canvas, canvas_affine(320, 700, (made.width, made.height)))
    np.testing.assert_allclose(
        made.controls.joints2d, apply_affine(made.to_canvas, tracked.body.joints2d), atol=1e-2
    )
    np.testing.assert_array_equal(made.controls.joints3d, tracked.body.joints3d)
    middle = principal_point(made.width, made.height)
    projected = project(made.controls.joints3d, float(made.controls.camera_focal), middle)
    np.testing.assert_allclose(projected, made.controls.joints2d, atol=1e-2)


def test_same_tracks_give_the_same_bytes() -> None:
    settings = ControlSettings()
    tables = [encode([controlled(tracked_of(FULL), settings)], Controlled) for _ in range(2)]
    assert tables[0].equals(tables[1])
    smoothing = decode(tables[0], Controlled)[0].provenance["smoothing"]
    assert (smoothing.name, smoothing.version) == ("gaussian", settings.smoothing.card.version)


# Mirror


@pytest.mark.parametrize("settings", [RAW, ControlSettings()])
@pytest.mark.parametrize("framing", ["full", "half", "portrait"])
def test_mirrored_clip_gives_mirrored_controls(settings: ControlSettings, framing) -> None:
    scene = replace(FULL, framing=framing, turn_deg=(-40.0, 150.0))
    made = controls(tracked_of(scene), settings)
    glass = controls(tracked_of(replace(scene, mirrored=True)), settings)
    swap, across = list(mirrored(BODY_JOINTS)), FULL.width - 1
    flip = np.array([-1, 1, 1])

    def assert_near(got: np.ndarray, wanted: np.ndarray) -> None:
        np.testing.assert_allclose(got, wanted, atol=5e-3)

    assert_near(glass.joints2d, made.joints2d[:, swap] * [-1, 1] + [across, 0])
    assert_near(glass.joints3d, made.joints3d[:, swap] * flip)
    assert_near(glass.joints_score, made.joints_score[:, swap])
    assert_near(glass.left_hand2d, made.right_hand2d * [-1, 1] + [across, 0])
    assert_near(glass.right_hand3d, made.left_hand3d * flip)
    assert_near(glass.left_hand_score, made.right_hand_score)
    assert_near(glass.head_rotation, flip[:, None] * made.head_rotation * flip)
    assert_near(glass.head_center, made.head_center * [-1, 1] + [across, 0])
    assert_near(glass.head_radius, made.head_radius)
    assert_near(glass.face_box, made.face_box[:, [2, 1, 0, 3]] * [-1, 1, -1, 1] + [across, 0, across, 0])
    assert_near(glass.body_yaw, -made.body_yaw)
    np.testing.assert_array_equal(glass.face_valid, made.face_valid)


# Gaps


def test_short_gap_of_the_body_is_bridged_and_marked() -> None:
    tracked = tracked_of(FULL)
    made, whole = controls(without(tracked, "body", slice(20, 24))), controls(tracked)
    assert not made.body_valid[20:24].any()
    assert (made.joints_score[20:24] > 0).any(axis=1).all()
    share = np.arange(1, 5)[:, None, None] / 5
    np.testing.assert_allclose(
        made.joints3d[20:24], (1 - share) * whole.joints3d[19] + share * whole.joints3d[24], atol=1e-6
    )


def test_long_gap_of_the_body_is_held_without_score() -> None:
    made = controls(without(tracked_of(FULL), "body", slice(10, 25)))
    np.testing.assert_array_equal(made.joints_score[10:25], 0)
    np.testing.assert_array_equal(made.joints2d[12], made.joints2d[9])
    np.testing.assert_array_equal(made.joints2d[22], made.joints2d[25])


@pytest.mark.parametrize("part", ["body", "hands", "face", "head"])
def test_part_that_is_never_measured_leaves_finite_numbers(part: str) -> None:
    tracked = without(tracked_of(FULL), part, slice(None))
    made = controlled(tracked, ControlSettings())
    for field in fields(Controls):
        value = getattr(made.controls, field.name)
        assert np.isfinite(value).all(), field.name
        assert value.shape[:1] in [(FULL.num_frames,), ()], field.name
    assert all(np.isfinite(list(made.quality.values())))


def test_clip_of_nothing_but_a_face_is_a_portrait_without_a_skeleton() -> None:
    tracked = tracked_of(replace(FULL, framing="portrait"))
    made = controlled(without(without(tracked, "body", slice(None)), "hands", slice(None)))
    assert made.framing == "portrait"
    assert not made.controls.body_valid.any()
    np.testing.assert_array_equal(made.controls.joints_score, 0)
    np.testing.assert_allclose(made.controls.body_yaw, head_angles(tracked.head.rotation)[0], atol=1e-5)


# Hands


def test_hand_that_does_not_hang_on_the_body_is_dropped() -> None:
    tracked = tracked_of(FULL)
    points = tracked.hands.points2d.copy()
    points[30:40, 0] += 100
    made = controlled(replace(tracked, hands=replace(tracked.hands, points2d=points)))
    assert (made.controls.left_hand_score[30:40] == 0).all()
    assert (np.delete(made.controls.left_hand_score, slice(30, 40)) == 1).all()
    assert made.quality["hands_dropped"] == pytest.approx(10 / (2 * FULL.num_frames))


@pytest.mark.parametrize("gap", [slice(20, 28), slice(20, 29)])
def test_hand_of_a_short_gap_is_drawn_and_of_a_long_one_is_not(gap: slice) -> None:
    tracked = tracked_of(FULL)
    made = controls(without(tracked, "hands", gap), ControlSettings())
    drawn = made.left_hand_score >= DRAW_SCORE
    assert drawn[gap].all() == (gap.stop - gap.start <= ControlSettings().max_gap_frames)
    assert drawn[gap].any() == drawn[gap].all()
    assert np.delete(drawn, gap).all()


def test_hand_may_miss_the_wrist_by_half_its_box() -> None:
    tracked = tracked_of(FULL)
    points = tracked.hands.points2d.copy()
    extent = (points[:, 1].max(axis=1) - points[:, 1].min(axis=1)).max(axis=1)
    points[:20, 1, :, 0] -= 0.95 * extent[:20, None]  # the box is twice the extent
    points[20:, 1, :, 0] -= 1.05 * extent[20:, None]
    made = controls(replace(tracked, hands=replace(tracked.hands, points2d=points)))
    assert (made.right_hand_score > 0).tolist() == [True] * 20 + [False] * 28


def test_hands_with_their_sides_mixed_up_are_put_right() -> None:
    tracked = tracked_of(FULL)
    mixed = {name: getattr(tracked.hands, name).copy() for name in ("points2d", "points3d", "score")}
    for value in mixed.values():
        value[5:9] = value[5:9, ::-1]
    made, whole = controls(replace(tracked, hands=replace(tracked.hands, **mixed))), controls(tracked)
    np.testing.assert_array_equal(made.left_hand2d, whole.left_hand2d)
    np.testing.assert_array_equal(made.right_hand3d, whole.right_hand3d)


def test_single_hand_on_the_wrong_side_moves_over() -> None:
    tracked = tracked_of(FULL)
    lone = without(tracked, "hands", slice(None)).hands
    score, points2d = lone.score.copy(), lone.points2d.copy()
    score[:, 0], points2d[:, 0] = 1, tracked.hands.points2d[:, 1]
    points3d = np.where(score[..., None, None] > 0, tracked.hands.points3d[:, [1, 0]], np.nan)
    hands = replace(lone, score=score, points2d=points2d, points3d=points3d.astype(np.float32))
    made = controls(replace(tracked, hands=hands))
    np.testing.assert_array_equal(made.left_hand_score, 0)
    np.testing.assert_array_equal(made.right_hand_score, 1)
    np.testing.assert_allclose(made.right_hand2d, controls(tracked).right_hand2d)


# Head sphere


# Face windows


# Framing, yaw, quality


@pytest.mark.parametrize("framing", ["full", "half", "portrait"])
def test_framing(framing) -> None:
    assert controlled(tracked_of(replace(FULL, framing=framing))).framing == framing


def test_person_behind_a_desk_is_a_half_body_by_the_elbows() -> None:
    tracked = without(tracked_of(replace(FULL, framing="half")), "hands", slice(None))
    score = tracked.body.score.copy()
    score[:, [J["left_hip"], J["right_hip"]]] = 0.2
    assert controlled(replace(tracked, body=replace(tracked.body, score=score))).framing == "half"
    score[:, [J["left_elbow"], J["left_wrist"]]] = 0.2
    assert controlled(replace(tracked, body=replace(tracked.body, score=score))).framing == "portrait"


def test_gesturing_figure_is_a_half_body_by_its_hands() -> None:
    tracked = tracked_of(replace(FULL, framing="half"))
    low = ["left_hip", "right_hip", "left_elbow", "right_elbow", "left_wrist", "right_wrist"]
    score = tracked.body.score.copy()
    score[:, [J[name] for name in low]] = 0.2
    hands = replace(tracked.hands, score=np.ones_like(tracked.hands.score))
    gesturing = replace(tracked, body=replace(tracked.body, score=score), hands=hands)
    assert controlled(gesturing).framing == "half"
    assert controlled(without(gesturing, "hands", slice(0, 30))).framing == "portrait"


def test_joints_that_are_guessed_below_the_picture_make_no_half_body() -> None:
    tracked = tracked_of(replace(FULL, framing="portrait"))
    body = replace(tracked.body, score=np.ones_like(tracked.body.score))
    made = controlled(replace(tracked, body=body))
    assert made.framing == "portrait"
    assert (made.controls.joints_score == 1).all()


def test_yaw_is_unwrapped_over_the_seam() -> None:
    scene = replace(FULL, turn_deg=(90.0, 270.0))
    np.testing.assert_allclose(
        np.degrees(controls(tracked_of(scene)).body_yaw), np.linspace(90, 270, 48), atol=1e-3
    )


def test_yaw_of_a_portrait_is_the_heads() -> None:
    scene = replace(FULL, framing="portrait", turn_deg=(0.0, 0.0))
    yaw = head_angles(true_controls(scene).head_rotation)[0]
    np.testing.assert_allclose(controls(tracked_of(scene)).body_yaw, yaw, atol=1e-5)


def test_quality_of_a_walking_figure() -> None:
    tracked = without(tracked_of(FULL), "face", slice(0, 12))
    numbers = controlled(tracked).quality
    assert numbers["face_ratio"] == 0.75
    assert numbers["body_ratio"] == numbers["left_hand_ratio"] == 1
    assert numbers["truncation"] == numbers["hands_dropped"] == 0
    assert numbers["sharpness"] == 100
    joints = tracked.body.joints3d - tracked.body.joints3d[:, :1]
    speed = 24 * np.linalg.norm(np.diff(joints, axis=0), axis=2).mean()
    torso = np.linalg.norm(joints[:, J["neck"]], axis=1)
    assert numbers["motion"] == pytest.approx(speed / torso[0], rel=1e-3)
    assert 0 < numbers["jitter"] < 0.02


def test_jitter_grows_with_noise_and_does_not_depend_on_smoothing() -> None:
    tracked = tracked_of(FULL)
    noise = np.random.default_rng(0).normal(size=tracked.body.joints2d.shape).astype(np.float32)
    noisy = replace(tracked, body=replace(tracked.body, joints2d=tracked.body.joints2d + 3 * noise))
    assert controlled(noisy).quality["jitter"] > 3 * controlled(tracked).quality["jitter"]
    assert controlled(noisy).quality["jitter"] == pytest.approx(
        controlled(noisy, ControlSettings()).quality["jitter"], rel=1e-3
    )


# Gates


def test_clip_with_nobody_in_most_frames_is_rejected() -> None:
    tracked = tracked_of(FULL)
    for part in ("body", "face", "head"):
        tracked = without(tracked, part, slice(0, 30))
    with pytest.raises(Rejected, match="no_person: a face or a body is measured in 38% of the frames"):
        controlled(tracked)


def test_body_whose_head_is_above_the_picture_is_rejected() -> None:
    tracked = tracked_of(FULL)
    for part in ("face", "head"):
        tracked = without(tracked, part, slice(None))
    above = tracked.person.head_box - np.array([0, 300, 0, 300], np.float32)
    headless = replace(tracked, person=replace(tracked.person, head_box=above))
    with pytest.raises(Rejected, match="no_head: a head is in the picture in 0% of the frames"):
        controlled(headless)


def test_back_view_is_kept() -> None:
    made = controlled(tracked_of(replace(FULL, turn_deg=(180.0, 185.0))))
    assert made.quality["face_ratio"] == 0
    assert made.framing == "full"
