"""Our joints from the pose network's points: exact on made-up bodies, sensible on real ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import skimage.data

from pipeline.estimators.mediapipe.body import MediapipeBody
from pipeline.estimators.mediapipe.person import MediapipePerson
from pipeline.estimators.mediapipe.pose import NUM_POINTS, POINTS, P
from pipeline.geometry import assumed_focal_px, body_yaw, principal_point, project
from schemas.arrays import array_specs
from schemas.joints import BODY_JOINTS, J
from schemas.tracks import KeypointTrack
from tests.film import clip_frames

WIDTH, HEIGHT = 640, 480
AWAY_M = np.array([0.2, -0.1, 3.0])


@pytest.fixture(scope="module")
def look():
    return MediapipePerson().build()


@pytest.fixture(scope="module")
def mapped():
    return MediapipeBody().build()


@pytest.fixture(scope="module")
def body():
    """(33, 3) metres from the middle of the hips: no real shape, but the right size and middle."""
    points = np.random.default_rng(5).uniform(-0.4, 0.4, (NUM_POINTS, 3))
    points[P["left_hip"]], points[P["right_hip"]] = (0.1, 0.0, 0.02), (-0.1, 0.0, -0.02)
    points[P["left_shoulder"]], points[P["right_shoulder"]] = (0.18, -0.5, 0.1), (-0.18, -0.5, 0.0)
    return points


def posed(world, points, score=1.0):
    """A person of one frame of whom all key points are known."""
    return KeypointTrack(
        names=POINTS,
        points=points[None].astype(np.float32),
        world=world[None].astype(np.float32),
        score=np.full((1, NUM_POINTS), score, np.float32),
        box=np.zeros((1, 4), np.float32),
        head_box=np.zeros((1, 4), np.float32),
        valid=np.array([True]),
        others=np.zeros(1, np.float32),
    )


def seen(world, away=AWAY_M):
    """The person whose metres project exactly onto the picture."""
    camera = assumed_focal_px(WIDTH, HEIGHT), principal_point(WIDTH, HEIGHT)
    return posed(world, project(world + away, *camera))


FRAMES = np.zeros((1, HEIGHT, WIDTH, 3), np.uint8)


def test_a_projected_body_comes_back_in_metres(mapped, body):
    """The distance is found, and every joint is where it was."""
    track = mapped(FRAMES, seen(body))
    assert track.focal_px == pytest.approx(800.0)  # 640, 480: the diagonal
    assert track.valid.all()
    for name in ("left_elbow", "right_wrist", "left_knee", "right_ankle"):
        np.testing.assert_allclose(track.joints3d[0, J[name]], body[P[name]] + AWAY_M, atol=1e-4)
    toe = body[P["left_foot_index"]] + AWAY_M
    np.testing.assert_allclose(track.joints3d[0, J["left_big_toe"]], toe, atol=1e-4)
    assert track.joints3d[0, J["pelvis"], 2] == pytest.approx(AWAY_M[2], abs=1e-4)


def test_joints_lie_on_the_rays_of_their_pixels(mapped, body):
    """However ill the metres fit the picture."""
    rng = np.random.default_rng(6)
    person = seen(body)
    person = replace(person, points=person.points + rng.normal(0, 8, person.points.shape).astype(np.float32))
    track = mapped(FRAMES, person)
    back = project(track.joints3d.astype(np.float64), track.focal_px, principal_point(WIDTH, HEIGHT))
    np.testing.assert_allclose(back, track.joints2d, atol=1e-2)


def test_hidden_points_have_no_say_in_the_distance(mapped, body):
    person = seen(body)
    points, score = person.points.copy(), person.score.copy()
    points[0, P["left_knee"] :] += 200
    score[0, P["left_knee"] :] = 0
    track = mapped(FRAMES, replace(person, points=points, score=score))
    assert track.joints3d[0, J["left_elbow"], 2] == pytest.approx(
        (body + AWAY_M)[P["left_elbow"], 2], abs=1e-4
    )


def test_the_neck_is_a_tenth_of_the_spine_above_the_shoulders(mapped, body):
    track = mapped(FRAMES, seen(body))
    shoulders = track.joints2d[0, [J["left_shoulder"], J["right_shoulder"]]].mean(axis=0)
    spine = shoulders - track.joints2d[0, J["pelvis"]]
    np.testing.assert_allclose(track.joints2d[0, J["neck"]], shoulders + 0.1 * spine, atol=1e-3)


def test_a_joint_outside_the_picture_keeps_its_score_up_to_half_a_torso(mapped, body):
    torso_px = 0.55 * 800 / 3  # from mid hips to a neck a tenth of the spine above the shoulders' middle
    track = mapped(FRAMES, seen(body, away=np.array([1.35, 0.0, 3.0])))  # most of it beyond the right edge
    beyond = track.joints2d[0, :, 0] - (WIDTH - 0.5)
    for place in ((beyond > 0) & (beyond < 0.45 * torso_px), beyond > 0.55 * torso_px, beyond < 0):
        assert place.any()
    assert (track.score[0, beyond < 0.45 * torso_px] == 1).all()
    assert (track.score[0, beyond > 0.55 * torso_px] == 0).all()


def test_a_body_that_is_guessed_outside_the_picture_is_not_valid(mapped, body):
    track = mapped(FRAMES, seen(body, away=np.array([1.6, 0.0, 3.0])))
    assert (track.score[0] > 0).sum() >= 3
    assert not track.valid.any()


def test_an_unseen_body_is_not_valid(mapped, body):
    assert not mapped(FRAMES, posed(body, seen(body).points[0], score=0.3)).valid.any()
    nobody = replace(seen(body), valid=np.array([False]))
    track = mapped(FRAMES, nobody)
    assert not track.valid.any()
    assert not track.score.any()
    assert not track.joints3d.any()


def test_nothing_lies_behind_the_camera(mapped, body):
    """A face close up: guessed legs would reach beyond the camera."""
    body = body * (1, 1, 3)
    track = mapped(FRAMES, seen(body, away=np.array([0.0, 0.0, 0.5])))
    assert (track.joints3d[..., 2] > 0).all()


def test_other_points_than_the_networks_are_refused(mapped, body):
    with pytest.raises(ValueError, match="33 points"):
        mapped(FRAMES, replace(seen(body), names=BODY_JOINTS))


def test_the_astronaut_faces_the_camera(look, mapped):
    frames = skimage.data.astronaut()[None]
    track = mapped(frames, look(frames))
    assert track.valid.all()
    assert abs(np.degrees(body_yaw(track.joints3d)[0])) < 60
    assert track.joints2d[0, J["left_shoulder"], 0] > track.joints2d[0, J["right_shoulder"], 0] + 100
    for name in array_specs(type(track)):
        assert np.isfinite(getattr(track, name)).all()


@pytest.mark.parametrize(
    ("clip", "first"),
    [
        ("full_05_balance_cam03_back.mp4", 20),
        ("full_08_fashion_turn.mp4", 160),
        ("multi_06_one_by_one_back.mp4", 260),
    ],
)
def test_a_back_is_a_back(look, mapped, corpus, clip, first):
    frames = clip_frames(corpus / "clips" / clip, first, 7)
    track = mapped(frames, look(frames))
    assert track.valid.all()
    assert (np.abs(np.degrees(body_yaw(track.joints3d))) > 110).all()


def test_a_whole_turn_turns_once_around(look, mapped, corpus):
    """Every tenth frame of the fashion clip: the yaw never jumps, and comes back after 360 degrees."""
    frames = clip_frames(corpus / "clips" / "full_08_fashion_turn.mp4", 90, 17, step=10)
    yaw = np.concatenate([body_yaw(mapped(f[None], look(f[None])).joints3d) for f in frames])
    turn = np.degrees(np.unwrap(yaw))
    assert np.abs(np.diff(turn)).max() < 90
    assert turn[0] - turn[-1] == pytest.approx(360, abs=60)
    assert np.ptp(turn) > 330
