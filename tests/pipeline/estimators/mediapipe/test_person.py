"""Who is the main person, where, and who else is there: on packaged photographs and on real clips."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image

from pipeline.estimators.mediapipe.person import MediapipePerson
from pipeline.estimators.mediapipe.pose import NUM_POINTS, POINTS, P
from schemas.arrays import array_specs
from tests.film import clip_frames


@pytest.fixture(scope="module")
def look():
    return MediapipePerson().build()


@pytest.fixture(scope="module")
def photo():
    return skimage.data.astronaut()


@pytest.fixture(scope="module")
def astronaut(look, photo):
    return look(photo[None])


def held_in(photo, width, height):
    """The square photograph in the middle of a picture of this size, and its place: x, y, scale."""
    side = min(width, height)
    canvas = np.zeros((1, height, width, 3), np.uint8)
    x, y = (width - side) // 2, (height - side) // 2
    small = cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA)
    canvas[0, y : y + side, x : x + side] = small
    return canvas, x, y, side / len(photo)


def assert_same(one, other):
    for name in array_specs(type(one)):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def test_the_astronaut_is_where_she_is(astronaut):
    """Points read off the enlarged picture, px."""
    places = {
        "nose": (224, 126),
        "left_eye": (247, 104),
        "right_eye": (203, 101),
        "left_shoulder": (310, 250),
        "right_shoulder": (100, 235),
    }
    rows = [P[name] for name in places]
    assert astronaut.valid.all()
    np.testing.assert_allclose(astronaut.points[0, rows], list(places.values()), atol=20)
    assert (astronaut.score[0, rows] > 0.9).all()
    assert (astronaut.score[0, [P["left_ankle"], P["right_ankle"]]] < 0.3).all()  # below the picture


def test_the_head_box_is_a_square_around_the_head(astronaut):
    x0, y0, x1, y1 = astronaut.head_box[0]
    assert x1 - x0 == pytest.approx(y1 - y0)
    assert x0 < 160
    assert x1 > 285
    assert y0 < 10
    assert y1 > 190
    assert x1 - x0 < 2.5 * 200


def test_the_box_holds_the_person_and_ends_with_the_picture(astronaut):
    x0, y0, x1, y1 = astronaut.box[0]
    assert x0 < 100
    assert y0 < 60
    assert 320 < x1 < 420
    assert y1 == pytest.approx(511.5)


def test_metres_are_of_human_size(astronaut):
    shoulders = astronaut.world[0, P["left_shoulder"]] - astronaut.world[0, P["right_shoulder"]]
    assert 0.25 < np.linalg.norm(shoulders) < 0.5
    assert shoulders[0] > 0  # she faces the camera: her left is on the right


def test_alone_means_no_others(astronaut):
    assert (astronaut.others == 0).all()


def test_a_second_person_of_half_the_size_counts_by_area(look, photo):
    half = np.full_like(photo, 128)[:, :256]
    half[256:] = cv2.resize(photo, (256, 256), interpolation=cv2.INTER_AREA)
    track = look(np.concatenate([photo, half], axis=1)[None])
    assert track.valid.all()
    assert track.box[0, 0] < 512
    assert track.others[0] == pytest.approx(0.25, abs=0.1)


def test_a_twin_counts_in_full(look, photo):
    track = look(np.concatenate([photo, photo[:, ::-1]], axis=1)[None])
    assert 0.7 < track.others[0] < 1.5


@pytest.mark.parametrize("name", ["chelsea", "coffee", "rocket", "hubble_deep_field"])
def test_a_cat_a_cup_a_rocket_and_the_sky_are_nobody(look, name):
    assert not look(getattr(skimage.data, name)()[None]).valid.any()


def test_black_noise_and_flat_pictures_are_nobody(look):
    noise = np.random.default_rng(1).integers(0, 256, (1, 240, 320, 3), np.uint8)
    for frames in (np.zeros_like(noise), np.full_like(noise, 200), noise):
        track = look(frames)
        assert not track.valid.any()
        assert not any(getattr(track, name).any() for name in array_specs(type(track)))


@pytest.mark.parametrize(("width", "height"), [(176, 144), (1080, 1920), (333, 501)])
def test_any_size_gives_the_same_face(look, astronaut, photo, width, height):
    frames, x, y, scale = held_in(photo, width, height)
    track = look(frames)
    assert track.points.shape == (1, NUM_POINTS, 2)
    assert track.names == POINTS
    back = (track.points[0] - (x, y) + 0.5) / scale - 0.5
    rows = [P[name] for name in ("nose", "left_eye", "right_eye", "left_mouth", "right_mouth")]
    np.testing.assert_allclose(back[rows], astronaut.points[0, rows], atol=10)


def test_the_same_frames_give_the_same_bytes_whatever_came_before(look, photo, astronaut):
    look(np.zeros((7, 200, 300, 3), np.uint8))
    look(photo[None, :, ::-1])
    assert_same(look(photo[None]), astronaut)
    assert_same(MediapipePerson().build()(photo[None]), astronaut)


def test_a_newcomer_is_noticed_within_a_quarter_second(look, photo):
    empty = np.full_like(photo, 90)
    track = look(np.stack([empty] * 7 + [photo] * 12))
    assert track.valid.tolist() == [False] * 7 + [True] * 12  # key frame 12, then back to where she came in


def test_who_leaves_is_gone_in_the_same_frame(look, photo):
    empty = np.full_like(photo, 90)
    assert look(np.stack([photo] * 13 + [empty] * 4)).valid.tolist() == [True] * 13 + [False] * 4


def test_no_frame_stands_for_a_person_that_never_was(look, photo):
    """A window is weighed as a whole, and has its length whatever is in it."""
    track = look(np.repeat(np.full_like(photo, 90)[None], 13, axis=0))
    assert track.valid.shape == (13,)
    assert not track.valid.any()


@pytest.mark.parametrize(
    ("clip", "first"),
    [
        ("none_01_cars_from_above.mp4", 190),
        ("hands_01_asl_hand.mp4", 60),
        ("hands_02_cups_no_head.mp4", 140),
        ("hands_03_count_vfr.mp4", 115),
        ("multi_06_one_by_one_back.mp4", 30),
    ],
)
def test_cars_hands_and_a_table_are_nobody(look, corpus, clip, first):
    assert not look(clip_frames(corpus / "clips" / clip, first, 13)).valid.any()


def test_caps_are_nobody(look, corpus):
    with Image.open(corpus / "images" / "img_12_hats_no_person.png") as picture:
        assert not look(np.asarray(picture.convert("RGB"))[None]).valid.any()


def test_who_stands_beside_a_larger_person_is_not_overlooked(look, corpus):
    """In this frame the detector finds the second man only where the first is painted over."""
    track = look(clip_frames(corpus / "clips" / "multi_01_handover.mp4", 8, 1))
    assert track.others[0] > 0.2


@pytest.mark.parametrize(
    ("clip", "first"),
    [
        ("talk_02_woman_extreme_expressions.mp4", 100),
        ("talk_05_woman_hand_over_face.mp4", 300),
        ("talk_12_qcif_ruined.mp4", 60),
        ("half_04_tv_host.mp4", 50),
        ("full_04_balance_cam01.mp4", 60),
        ("full_05_balance_cam03_back.mp4", 60),
        ("full_06_yoga.mp4", 130),
        ("full_07_kids_song_dance.mp4", 100),
    ],
)
def test_one_person_is_one_person(look, corpus, clip, first):
    """Close faces, backs, a ruined picture, a graphic, skeletons and bystanders, a drawn backdrop."""
    track = look(clip_frames(corpus / "clips" / clip, first, 13))
    assert track.valid.all()
    assert (track.others <= 0.2).all()


@pytest.mark.parametrize(
    ("clip", "first"),
    [
        ("multi_01_handover.mp4", 20),
        ("multi_02_chaplin.mp4", 60),
        ("multi_03_white_house_cuts.mp4", 240),
        ("multi_04_market_crowd.mp4", 50),
        ("talk_10_two_people_head_tilts.gif", 20),
    ],
)
def test_several_people_are_several(look, corpus, clip, first):
    track = look(clip_frames(corpus / "clips" / clip, first, 13))
    assert track.valid.any()
    assert (track.others[track.valid] > 0.2).all()
