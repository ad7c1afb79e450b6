"""Control signals against the truth: known known for every number of the table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.accuracy.synthetic import line, rows_of
from benchmarks.accuracy.synthetic_compared import compared
from jobs.synthetic.film import cast
from jobs.synthetic.kept import kept_folder
from jobs.synthetic.truth import truth
from pipeline.geometry import apply_affine, rotation_about
from schemas.controls import Controls
from schemas.joints import BODY_JOINTS, J, mirrored
from tests.jobs.synthetic.takes import take_of

TO_CANVAS = np.array([[2.0, 0, 5], [0, 2.0, 7]])
TURN = 9


@pytest.fixture(scope="module")
def known():
    take = take_of("turn", num_frames=TURN, width=240, height=320)
    (known,) = truth(cast(take, kept_folder()))
    return known


def controls_of(known, **changes):
    """What a perfect stack would say."""
    num = len(known.joints2d)
    ones, yes = np.ones(num, np.float32), np.ones(num, bool)
    hands = apply_affine(TO_CANVAS, known.hands2d)
    perfect = Controls(
        joints2d=apply_affine(TO_CANVAS, known.joints2d).astype(np.float32),
        joints3d=known.joints3d.astype(np.float32),
        joints_score=np.ones((num, 16), np.float32),
        left_hand2d=hands[:, 0].astype(np.float32),
        right_hand2d=hands[:, 1].astype(np.float32),
        left_hand3d=np.zeros((num, 21, 3), np.float32),
        right_hand3d=np.zeros((num, 21, 3), np.float32),
        left_hand_score=ones,
        right_hand_score=ones,
        head_rotation=known.head_seen.astype(np.float32),
        head_center=apply_affine(TO_CANVAS, known.head_center).astype(np.float32),
        head_radius=(2 * known.head_radius).astype(np.float32),
        head_valid=yes,
        face_valid=yes,
        body_valid=yes,
        face_box=np.zeros((num, 4), np.float32),
        body_yaw=np.zeros(num, np.float32),
        camera_focal=np.array(1.0, np.float32),
    )
    return replace(perfect, **changes)


def test_a_perfect_stack_has_no_errors(known):
    same = compared(controls_of(known), TO_CANVAS, known)
    assert np.nanmax(same.joints) < 1e-4
    assert not same.swapped.any()
    assert np.nanmax([np.nanmax(same.turned), np.nanmax(same.center), same.constant]) < 0.1
    np.testing.assert_allclose(same.radius, 1, atol=1e-5)
    assert same.back.tolist() == [False, False, False, True, True, True, False, False, False]
    assert same.view.tolist() == [0, 0, 1, 2, 2, 2, 1, 0, 0]
    assert np.isfinite(same.joints).sum() > 60


def test_exchanged_sides_are_seen_as_such(known):
    crossed = apply_affine(TO_CANVAS, known.joints2d)[:, list(mirrored(BODY_JOINTS))].astype(np.float32)
    wrong = compared(controls_of(known, joints2d=crossed), TO_CANVAS, known)
    assert wrong.swapped[[0, 4, 8]].all()
    unknown = compared(
        controls_of(known, joints2d=crossed, body_valid=np.zeros(TURN, bool)), TO_CANVAS, known
    )
    assert not unknown.swapped.any()
    assert np.isnan(unknown.joints).all()


def test_distances_are_told_in_torsos_and_radii(known):
    away = compared(
        controls_of(
            known,
            joints2d=controls_of(known).joints2d + np.array([6, 8], np.float32),
            head_center=controls_of(known).head_center + np.array([0, 3], np.float32),
            head_radius=controls_of(known).head_radius
            * np.where(np.arange(TURN) == 4, 1.5, 1.2).astype(np.float32),
        ),
        TO_CANVAS,
        known,
    )
    spine = known.joints2d[:, J["neck"]] - known.joints2d[:, J["pelvis"]]
    torso = 2 * np.linalg.norm(spine, axis=1)[:, None]
    np.testing.assert_allclose((away.joints * torso)[np.isfinite(away.joints)], 10, atol=1e-3)
    np.testing.assert_allclose(away.center, 3 / (2 * known.head_radius), atol=1e-4)
    assert away.radius[4] == pytest.approx(1.25, abs=1e-3)
    assert away.radius[0] == pytest.approx(1, abs=1e-3)


def test_a_heads_constant_is_told_apart_from_its_error(known):
    constant = rotation_about(np.radians([-8.0, 0, 0]))
    error = np.stack([rotation_about(np.radians([0.0, 20 * (t == 4), 0])) for t in range(TURN)])
    turned = (known.head_seen @ error @ constant).astype(np.float32)
    off = compared(controls_of(known, head_rotation=turned), TO_CANVAS, known)
    assert off.constant == pytest.approx(8, abs=0.1)
    np.testing.assert_allclose(off.turned, [0, 0, 0, 0, 20, 0, 0, 0, 0], atol=0.2)
    hidden = compared(
        controls_of(known, head_rotation=turned, head_radius=np.zeros(TURN, np.float32)), TO_CANVAS, known
    )
    assert np.isnan(hidden.turned).all()
    assert np.isnan(hidden.constant)


def test_hands_are_drawn_joined_and_measured(known):
    large = replace(known, hands2d=known.hands2d[:, :, :1] + 6 * (known.hands2d - known.hands2d[:, :, :1]))
    points = controls_of(large)
    missing = np.where(np.arange(TURN) < 3, 0, 1).astype(np.float32)
    moved = compared(
        controls_of(
            large, left_hand2d=points.left_hand2d + np.array([5, 0], np.float32), right_hand_score=missing
        ),
        TO_CANVAS,
        large,
    )
    length = 2 * np.linalg.norm(large.hands2d[:, 0, 12] - large.hands2d[:, 0, 0], axis=1)
    counts = ~np.isnan(moved.hands[:, 0])
    assert counts.sum() >= 4
    np.testing.assert_allclose(moved.hands[counts, 0], (5 / length)[counts], atol=1e-3)
    np.testing.assert_allclose(moved.gaps[counts, 0], (5 / length)[counts], atol=1e-3)
    assert np.isinf(moved.hands[:3, 1]).all()
    assert np.nanmax(moved.hands[3:, 1]) < 1e-3


def test_a_line_tells_what_was_compared_and_what_was_not(known):
    perfect = compared(controls_of(known), TO_CANVAS, known)
    name, frames, joints, sides, *_ = line("turn", 20, [perfect])
    assert (name, frames, sides) == ("turn", "9/20", "0.0 % of 9 / 0.0 % of 3")
    assert float(joints.split()[0]) < 1e-4
    assert line("walk", 20, [])[1:3] == ("0/20", "none / none")
    assert len(rows_of(known, 2, 3).joints2d) == len(rows_of(known, 2, 3).visible) == 3
