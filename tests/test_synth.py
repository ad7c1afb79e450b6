"""The synthetic clips show what their truth says."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline.estimators.fakes import STRIP_SHARE
from schemas.joints import BODY_JOINTS, J, mirrored
from tests.paint import background, colours, film, frames_of
from tests.synth import Scene, acted, expression, truth

SCENE = Scene(width=240, height=360, num_frames=5, framing="portrait", turn_deg=(-20, 25))


def at(picture, place):
    x, y = np.round(place).astype(int)
    return picture[y, x].astype(int)


def test_eyes_nose_and_skin_are_where_the_face_says():
    for picture, mesh in zip(frames_of(SCENE), truth(SCENE).face.mesh, strict=True):
        left_eye, right_eye, nose = mesh[:3, :2]
        assert at(picture, left_eye).tolist() == at(picture, right_eye).tolist() == [30, 30, 30]
        assert at(picture, nose).tolist() == [140, 110, 90]


def test_a_mood_moves_eyes_and_mouth_and_nothing_that_is_told():
    moved, still = (replace(SCENE, num_frames=40, mood=mood) for mood in (7, None))
    pictures = frames_of(moved)
    for course, colour in zip(expression(moved).T, ((30, 30, 30), (150, 50, 50)), strict=True):
        shown = (pictures == colour).all(axis=-1).sum(axis=(1, 2))
        assert (course.min(), course.max()) == (0, 1)
        assert np.corrcoef(course, shown)[0, 1] > 0.9
    assert not np.array_equal(expression(moved), expression(replace(moved, mood=8)))
    assert np.array_equal(truth(moved).face.mesh, truth(still).face.mesh)


def test_the_head_is_as_large_as_its_sphere():
    head = truth(SCENE).head
    wall = background(240, 360)
    for picture, center, radius in zip(frames_of(SCENE), head.center, head.radius, strict=True):
        row = round(float(center[1]))
        columns = np.flatnonzero((picture[row] != wall[row]).any(axis=-1))
        assert columns[0] == pytest.approx(center[0] - radius, abs=1)
        assert columns[-1] == pytest.approx(center[0] + radius, abs=1)


def test_joints_lie_on_the_figure():
    scene = Scene(num_frames=20, turn_deg=(0, 360))
    wall = background(scene.width, scene.height)
    for picture, joints in zip(frames_of(scene), truth(scene).body.joints2d, strict=True):
        for joint in joints:
            assert (at(picture, joint) != at(wall, joint)).any()


def test_left_is_at_image_right_of_one_who_faces_the_camera_and_at_image_left_of_one_who_turned_away():
    body = truth(Scene(num_frames=3, turn_deg=(0, 360))).body.joints2d
    sides = body[:, J["left_shoulder"], 0] - body[:, J["right_shoulder"], 0]
    assert np.sign(sides).tolist() == [1, -1, 1]


def test_the_nose_of_one_who_turns_to_image_right_moves_there():
    result = truth(replace(SCENE, num_frames=2, turn_deg=(0, 40)))
    nose = result.face.mesh[:, 2, 0] - result.head.center[:, 0]
    assert nose[1] > nose[0] + 0.3 * result.head.radius[1]
    assert acted(replace(SCENE, num_frames=2, turn_deg=(0, 40))).yaw.tolist() == [0, np.radians(40)]


@pytest.mark.parametrize(
    ("framing", "seen", "unseen"),
    [("portrait", "neck", "left_hip"), ("half", "right_hip", "left_knee"), ("full", "left_big_toe", None)],
)
def test_framing_shows_what_it_is_named_for(framing, seen, unseen):
    score = truth(Scene(framing=framing)).body.score
    assert score[:, J[seen]].all()
    assert score[:, J["left_shoulder"]].all()
    assert unseen is None or not score[:, J[unseen]].any()


def test_a_mirrored_scene_is_the_flipped_picture_and_the_swapped_truth():
    scene = replace(SCENE, width=241, framing="full")
    plain, flipped = frames_of(scene), frames_of(replace(scene, mirrored=True))
    top = scene.height // STRIP_SHARE
    np.testing.assert_array_equal(plain[:, top:, ::-1], flipped[:, top:])
    known, other = truth(scene), truth(replace(scene, mirrored=True))
    swapped = known.body.joints2d[:, list(mirrored(BODY_JOINTS))] * (-1, 1) + (240, 0)
    np.testing.assert_allclose(other.body.joints2d, swapped, atol=1e-3)
    np.testing.assert_allclose(
        other.hands.points2d[:, 0, :, 0], 240 - known.hands.points2d[:, 1, :, 0], atol=1e-3
    )
    np.testing.assert_allclose(other.person.box[:, 0], 240 - known.person.box[:, 2], atol=1e-3)
    np.testing.assert_allclose(np.linalg.det(other.head.rotation), 1, atol=1e-5)


def test_absent_frames_show_the_wall_and_company_shows_another_in_other_clothes():
    scene = Scene(num_frames=3, absent=range(1, 2), company=range(2, 3))
    frames, person = frames_of(scene), truth(scene).person
    top = scene.height // STRIP_SHARE
    np.testing.assert_array_equal(frames[1, top:], background(scene.width, scene.height)[top:])
    assert person.valid.tolist() == [True, False, True]
    assert person.others[0] == 0
    assert 0.25 < person.others[2] < 1
    red = (np.abs(frames - colours(1)["shirt"]).max(axis=-1) < 40).sum(axis=(1, 2))
    assert red[0] < 50  # the mouth
    assert red[2] > 500


def test_a_scene_is_always_the_same_and_films_keep_their_frames(tmp_path):
    np.testing.assert_array_equal(frames_of(SCENE), frames_of(SCENE))
    one, other = (film(SCENE, tmp_path / name, tmp_path / "truths") for name in ("a.mp4", "b.mp4"))
    assert one.read_bytes() == other.read_bytes()
    video = cv2.VideoCapture(str(one))
    assert video.get(cv2.CAP_PROP_FPS) == 24
    frames = [video.read()[1] for _ in range(5)]
    assert not video.read()[0]
    error = np.abs(np.stack(frames)[..., ::-1].astype(int) - frames_of(SCENE))
    assert error.mean() < 3
