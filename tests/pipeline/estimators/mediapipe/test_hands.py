"""Hands that are there, that are not, and which side they are of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import skimage.data

from pipeline.estimators.keypoints import WHOLE_BODY
from pipeline.estimators.mediapipe.hand_net import hand_square
from pipeline.estimators.mediapipe.hands import MediapipeHands
from pipeline.estimators.mediapipe.person import MediapipePerson
from pipeline.estimators.mediapipe.pose import MIRRORED_POINTS, P
from schemas.arrays import array_specs
from tests.film import clip_frames


@pytest.fixture(scope="module")
def person():
    return MediapipePerson().build()


@pytest.fixture(scope="module")
def look():
    return MediapipeHands().build()


@pytest.fixture(scope="module")
def signing(corpus, person):
    frames = clip_frames(corpus / "clips" / "half_05_sign_football.mp4", 10, 7)
    return frames, person(frames)


def test_both_hands_hang_on_their_wrists(look, signing):
    frames, body = signing
    track = look(frames, body)
    assert (track.score > 0.9).all()
    for side, wrist in enumerate(("left_wrist", "right_wrist")):
        apart = np.linalg.norm(track.points2d[:, side, 0] - body.points[:, P[wrist]], axis=1)
        assert (apart < 25).all()
    left, right = track.points2d[:, 0].mean(axis=(0, 1)), track.points2d[:, 1].mean(axis=(0, 1))
    assert left[0] > right[0]  # she faces the camera: her left is on the right


def test_metres_are_of_a_hand_and_begin_at_the_wrist(look, signing):
    track = look(*signing)
    assert (track.points3d[:, :, 0] == 0).all()
    reach = np.linalg.norm(track.points3d, axis=-1).max(axis=-1)
    assert ((reach > 0.08) & (reach < 0.25)).all()


def test_metres_and_pixels_point_the_same_way(look, signing):
    """From the wrist to the middle finger's root."""
    track = look(*signing)
    flat = track.points2d[:, :, 9] - track.points2d[:, :, 0]
    deep = track.points3d[:, :, 9, :2]
    cosine = (flat * deep).sum(axis=-1) / (np.linalg.norm(flat, axis=-1) * np.linalg.norm(deep, axis=-1))
    assert (cosine > 0.95).all()


def test_a_body_with_sides_exchanged_gets_its_hands_exchanged(look, signing):
    """Sides are the body's: left is what hangs on the left wrist."""
    frames, body = signing
    mirror = list(MIRRORED_POINTS)
    other = replace(
        body, points=body.points[:, mirror], world=body.world[:, mirror], score=body.score[:, mirror]
    )
    one, two = look(frames, body), look(frames, other)
    np.testing.assert_allclose(one.points2d, two.points2d[:, ::-1], atol=6)


@pytest.mark.parametrize(("away", "seen"), [(20, True), (110, False)])
def test_a_hand_away_from_the_wrist_is_not_this_persons(look, signing, away, seen):
    """The arms are told to end below the hands; the hands are 70 px long."""
    frames, body = signing
    points = body.points.copy()
    points[:, P["left_wrist"] : P["right_thumb"] + 1] += (0, away)
    assert ((look(frames, replace(body, points=points)).score > 0) == seen).all()


def test_two_wrists_on_one_hand_give_one_hand(look, signing):
    frames, body = signing
    points, mirror = body.points.copy(), list(MIRRORED_POINTS)
    arm = slice(P["left_elbow"], P["right_thumb"] + 1)
    rights = [mirror[i] if i % 2 else i for i in range(len(mirror))]
    points[:, arm] = body.points[:, rights][:, arm]  # the left arm lies on the right one
    track = look(frames, replace(body, points=points))
    assert ((track.score > 0).sum(axis=1) == 1).all()
    assert (track.score[:, 1] > 0).all()  # the network sees a right one


def test_small_hands_of_a_whole_body_are_found(look, person, corpus):
    frames = clip_frames(corpus / "clips" / "full_08_fashion_turn.mp4", 10, 3)
    track = look(frames, person(frames))
    assert (track.score > 0.5).all()
    extent = np.ptp(track.points2d, axis=2).max(axis=-1)
    assert (extent < 120).all()  # of 1254


def test_without_a_person_there_is_no_hand(look, corpus, signing):
    frames = clip_frames(corpus / "clips" / "hands_01_asl_hand.mp4", 60, 1)
    nobody = replace(
        signing[1],
        **{name: np.zeros_like(getattr(signing[1], name)[:1]) for name in array_specs(type(signing[1]))},
    )
    track = look(frames, nobody)
    assert not any(getattr(track, name).any() for name in array_specs(type(track)))


def test_the_astronauts_right_hand_is_out_of_the_picture(look, person):
    frames = skimage.data.astronaut()[None]
    track = look(frames, person(frames))
    assert track.score[0, 1] == 0
    assert not track.points2d[0, 1].any()


def test_the_same_frames_give_the_same_bytes_whatever_came_before(look, person, signing):
    first = look(*signing)
    frames = skimage.data.astronaut()[None]
    look(frames, person(frames))
    for again in (look(*signing), MediapipeHands().build()(*signing)):
        for name in array_specs(type(first)):
            np.testing.assert_array_equal(getattr(first, name), getattr(again, name))


def test_points_of_a_whole_body_without_depth_will_do(look, signing):
    """The same arms by COCO-WholeBody's names: hands are found where they were."""
    frames, body = signing
    points, score = np.zeros((len(frames), 133, 2), np.float32), np.zeros((len(frames), 133), np.float32)
    other = {"hand_index_1": "index", "hand_little_1": "pinky"}
    for k, name in enumerate(WHOLE_BODY):
        side, _, part = name.partition("_")
        name = f"{side}_{other.get(part, part)}"
        if name in P:
            points[:, k], score[:, k] = body.points[:, P[name]], body.score[:, P[name]]
    whole = replace(
        body, names=WHOLE_BODY, points=points, score=score, world=np.zeros((len(frames), 133, 3), np.float32)
    )
    one, other_track = look(frames, body), look(frames, whole)
    assert (other_track.score > 0.9).all()
    assert np.abs(one.points2d - other_track.points2d).max() < 12


def test_the_region_of_a_hand_turns_with_it():
    """Fingers up in the region, twice the palm's extent, whatever way the hand points."""
    upright = np.zeros((21, 2))
    upright[1:] = [(10 * (i // 4) - 20, -30 - 10 * (i % 4)) for i in range(20)]
    one = hand_square(upright)
    angle = 0.7
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    two = hand_square(upright @ turn.T + (100, 50))
    assert two.angle - one.angle == pytest.approx(angle)
    assert two.side == pytest.approx(one.side)
    np.testing.assert_allclose((two.x, two.y), turn @ (one.x, one.y) + (100, 50))
