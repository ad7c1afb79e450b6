"""Head sphere and face window of a clip, where faces are seen and where they are lost."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.geometry import (
    head_rotation,
    torso_frame,
)
from pipeline.stages.control import ControlSettings
from tests.pipeline.stages.figure_controls import FULL, controls
from tests.synth import true_controls
from tests.tracked import tracked_of, without


def test_back_view_gets_the_torsos_sphere() -> None:
    scene = replace(FULL, turn_deg=(0.0, 360.0), num_frames=120)
    made, exact = controls(tracked_of(scene)), true_controls(scene)
    hidden = ~made.head_valid
    assert 30 < hidden.sum() < 90
    away = np.linalg.norm(made.head_center - exact.head_center, axis=1) / exact.head_radius
    assert away.max() < 0.25, "radii"
    np.testing.assert_allclose(made.head_radius, exact.head_radius, rtol=0.03)
    turn = np.swapaxes(made.head_rotation, 1, 2) @ exact.head_rotation
    angle = np.degrees(np.arccos(np.clip((np.trace(turn, axis1=1, axis2=2) - 1) / 2, -1, 1)))
    assert angle[hidden].max() < 40, "the figure shakes its head by 17 degrees about its torso, both ways"


def test_sphere_does_not_jump_where_the_tracker_is_lost() -> None:
    scene = replace(FULL, turn_deg=(0.0, 0.0))
    made = controls(without(tracked_of(scene), "head", slice(20, 48)))
    step = np.linalg.norm(np.diff(made.head_rotation, axis=0), axis=(1, 2))
    drift = np.linalg.norm(np.diff(made.head_center, axis=0), axis=1)
    assert step[19] < step[20:25].max() * 1.5
    assert drift[19] < 3, "px"
    np.testing.assert_array_equal(made.head_valid[20:], False)
    np.testing.assert_allclose(made.head_rotation[:20], true_controls(scene).head_rotation[:20], atol=1e-6)


def test_head_keeps_its_place_on_the_torso_where_the_tracker_is_lost() -> None:
    tracked = tracked_of(replace(FULL, turn_deg=(-90.0, 90.0)))
    turned = torso_frame(tracked.body.joints3d) @ head_rotation(0.6, 0.2, -0.1)
    head = replace(tracked.head, rotation=turned.astype(np.float32), valid=np.arange(48) < 20)
    np.testing.assert_allclose(controls(replace(tracked, head=head)).head_rotation, turned, atol=1e-5)


def test_few_frames_of_a_face_do_not_size_the_head() -> None:
    tracked = tracked_of(replace(FULL, turn_deg=(0.0, 0.0)))
    alone = without(tracked, "head", np.delete(np.arange(48), 20)).head
    large = replace(tracked, head=replace(alone, radius=1.3 * alone.radius))
    made, exact = controls(large), true_controls(FULL)
    np.testing.assert_array_equal(np.delete(made.head_radius, 20), 0)
    assert made.head_radius[20] == pytest.approx(1.3 * exact.head_radius[20], rel=0.03)


def test_sphere_is_gone_where_neither_face_nor_body_is_seen() -> None:
    tracked = tracked_of(replace(FULL, turn_deg=(0.0, 0.0)))
    made = controls(without(without(tracked, "head", slice(10, 25)), "body", slice(10, 25)))
    assert (made.head_radius[:10] > 0).all()
    np.testing.assert_array_equal(made.head_radius[10:25], 0)
    short = controls(without(without(tracked, "head", slice(10, 15)), "body", slice(10, 15)))
    assert (short.head_radius > 0).all()


def test_face_window_is_the_landmarks_box_grown_mostly_upwards() -> None:
    tracked = tracked_of(FULL)
    box = np.tile(np.array([100, 200, 160, 280], np.float32), (FULL.num_frames, 1))
    face = replace(tracked.face, box=box, valid=np.ones(FULL.num_frames, bool))
    window = controls(replace(tracked, face=face)).face_box
    grown = 80 * np.sqrt(1.3)
    middle = (200 - 0.75 * (grown - 80) + 280 + 0.25 * (grown - 80)) / 2
    expected = [130 - grown / 2, middle - grown / 2, 130 + grown / 2, middle + grown / 2]
    np.testing.assert_allclose(window, np.tile(expected, (FULL.num_frames, 1)), rtol=1e-6)


def test_one_frame_of_a_face_holds_the_window_and_marks_the_frame() -> None:
    tracked = without(tracked_of(FULL), "face", np.delete(np.arange(48), 7))
    made = controls(tracked, ControlSettings())
    np.testing.assert_array_equal(made.face_box, np.tile(made.face_box[7], (48, 1)))
    np.testing.assert_array_equal(np.flatnonzero(made.face_valid), [7])


def test_face_window_is_square_and_follows_over_a_short_gap() -> None:
    tracked = tracked_of(replace(FULL, turn_deg=(0.0, 0.0)))
    made = controls(without(tracked, "face", slice(20, 25)), ControlSettings())
    sides = made.face_box[:, 2:] - made.face_box[:, :2]
    np.testing.assert_allclose(sides[:, 0], sides[:, 1], rtol=1e-4)
    assert not made.face_valid[20:25].any()
    whole = controls(tracked, ControlSettings())
    assert np.abs(made.face_box - whole.face_box)[20:25].max() < 0.1 * sides.mean()
