"""Faces that are there, that are not, and whose they are: on a packaged photograph and on real clips."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image

from pipeline.estimators.crops import Square
from pipeline.estimators.mediapipe.face import EYES, MediapipeFace, openness
from pipeline.estimators.mediapipe.face_place import detected_region, face_region
from pipeline.geometry import apply_affine, box_iou
from tests.film import clip_frames
from tests.pipeline.estimators.heads import heads_at

HEAD = (120, 5, 330, 215)  # of the astronaut
KEY_POINTS = {"left_eye": (247, 104), "right_eye": (203, 101), "nose": (224, 126)}


@pytest.fixture(scope="module")
def detect():
    return MediapipeFace().build()


@pytest.fixture(scope="module")
def photo():
    return skimage.data.astronaut()


@pytest.fixture(scope="module")
def astronaut(detect, photo):
    track = detect(photo[None], heads_at(HEAD))
    assert track.valid[0]
    return track


def size_of(track):
    return np.ptp(track.mesh[0, :, 0])


def test_the_face_is_where_it_is(astronaut):
    """Eyes, tip of the nose, corners of the mouth and chin, read off the enlarged picture."""
    places = {
        33: (194, 100),
        263: (257, 104),
        4: (224, 126),
        61: (204, 140),
        291: (248, 141),
        152: (223, 178),
    }
    np.testing.assert_allclose(astronaut.mesh[0, list(places), :2], list(places.values()), atol=4)
    assert astronaut.score[0] > 0.9


def test_the_box_is_tight(astronaut):
    points = astronaut.mesh[0, :, :2]
    np.testing.assert_array_equal(astronaut.box[0], [*points.min(axis=0), *points.max(axis=0)])


def test_depth_grows_away_from_the_camera(astronaut):
    """The tip of the nose is nearer than the ears by about half the width of the face."""
    depth = astronaut.mesh[0, :, 2]
    assert 0.3 < (depth[[127, 356]].mean() - depth[4]) / size_of(astronaut) < 0.8


def test_the_irises_lie_in_the_eyes(astronaut):
    mesh = astronaut.mesh[0, :, :2]
    for iris, (outer, inner) in ((468, (33, 133)), (473, (263, 362))):
        away = np.linalg.norm(mesh[iris] - mesh[[outer, inner]].mean(axis=0))
        assert away < 0.3 * np.linalg.norm(mesh[outer] - mesh[inner])


def test_nobody_has_no_face(detect, photo):
    heads = replace(heads_at(HEAD, HEAD), valid=np.array([False, True]))
    track = detect(np.stack([photo, photo]), heads)
    assert track.valid.tolist() == [False, True]
    assert not track.mesh[0].any()
    assert not track.box[0].any()
    assert track.score[0] == 0


def test_flag_and_rocket_are_no_faces(detect, photo):
    windows = [(0, 0, 110, 110), (400, 0, 512, 112), (350, 150, 512, 312), (100, 300, 312, 512)]
    for window in windows:
        assert not detect(photo[None], heads_at(window)).valid[0], window


def test_blank_frames_have_no_face(detect):
    for level in (0, 127, 255):
        frames = np.full((1, 200, 300, 3), level, np.uint8)
        assert not detect(frames, heads_at((50, 0, 250, 200))).valid[0]


def test_a_face_that_is_not_the_heads_is_refused(detect, photo):
    """The head is said to be a face's width to the left of the only face in its square."""
    assert detect(photo[None], heads_at(HEAD, points=KEY_POINTS)).valid[0]
    beside = {name: (x - 90, y) for name, (x, y) in KEY_POINTS.items()}
    assert not detect(photo[None], heads_at(HEAD, points=beside)).valid[0]


@pytest.mark.parametrize("angle_deg", [0, 60, 120, 180, 270])
def test_turned_heads_are_found_along_their_eye_line(detect, photo, astronaut, angle_deg):
    turn = cv2.getRotationMatrix2D((223, 110), -angle_deg, 1)
    turned = cv2.warpAffine(photo, turn, (512, 512))
    points = {name: apply_affine(turn, np.array(place, float)) for name, place in KEY_POINTS.items()}
    track = detect(turned[None], heads_at(HEAD, points=points))
    assert track.valid[0]
    away = np.linalg.norm(apply_affine(turn, astronaut.mesh[0, :, :2]) - track.mesh[0, :, :2], axis=1)
    assert away.mean() < 0.02 * size_of(astronaut)


@pytest.mark.parametrize("side", [72, 144, 1500])
def test_small_and_large_pictures_give_the_same_face(detect, photo, astronaut, side):
    """72 px: a face 13 px wide, as in a person of 90 px."""
    scale = side / 512
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    track = detect(
        cv2.resize(photo, (side, side), interpolation=way)[None], heads_at([scale * v for v in HEAD])
    )
    assert track.valid[0]
    expected = scale * (astronaut.mesh[0] + 0.5 * np.array([1, 1, 0])) - 0.5 * np.array([1, 1, 0])
    away = np.linalg.norm(expected - track.mesh[0], axis=1)[:468]
    assert away.mean() < 0.05 * size_of(track)


def test_a_mirrored_face_has_the_mirrored_box(detect, photo, astronaut):
    x0, y0, x1, y1 = HEAD
    track = detect(photo[None, :, ::-1].copy(), heads_at((511 - x1, y0, 511 - x0, y1)))
    left, top, right, bottom = track.box[0]
    assert box_iou(np.array([511 - right, top, 511 - left, bottom]), astronaut.box[0]) > 0.93


def test_the_same_frames_give_the_same_bytes_whatever_came_before(detect, photo):
    film = np.stack([np.roll(photo, 3 * t, axis=1) for t in range(3)])
    heads = heads_at(HEAD, HEAD, HEAD)
    first = detect(film, heads)
    detect(film[::-1, ::-1].copy(), heads)
    for again in (detect(film, heads), MediapipeFace().build()(film, heads)):
        assert again.mesh.tobytes() == first.mesh.tobytes()
        assert again.score.tobytes() == first.score.tobytes()


def test_the_first_frame_does_not_know_the_next(detect, photo, astronaut):
    film = np.stack([photo, np.roll(photo, 8, axis=1)])
    track = detect(film, heads_at(HEAD, HEAD))
    assert track.mesh[0].tobytes() == astronaut.mesh[0].tobytes()


def test_followed_faces_lie_where_found_ones_do(detect, photo, astronaut):
    """Following starts from the last frame's place; that must not drag the face behind."""
    shifts = (0, 6, 12, 18)
    film = np.stack([np.roll(photo, shift, axis=1) for shift in shifts])
    track = detect(film, heads_at(*(HEAD for _ in shifts)))
    assert track.valid.all()
    for t, shift in enumerate(shifts):
        away = np.linalg.norm(track.mesh[t, :, :2] - (shift, 0) - astronaut.mesh[0, :, :2], axis=1)
        assert away.mean() < 0.01 * size_of(astronaut)


def test_a_head_that_tilts_at_once_is_seen_straight(detect, photo):
    """The last frame's square is 40 degrees off; the mesh is right only from a square along the eyes."""
    turn = cv2.getRotationMatrix2D((223, 110), -40, 1)
    film = np.stack([photo, cv2.warpAffine(photo, turn, (512, 512))])
    followed, found = detect(film, heads_at(HEAD, HEAD)), detect(film[1:], heads_at(HEAD))
    away = np.linalg.norm(followed.mesh[1, :, :2] - found.mesh[0, :, :2], axis=1)
    assert away.mean() < 0.015 * size_of(found)


def test_a_face_much_smaller_than_the_head_is_refused(detect, photo):
    """The only face in a square that is said to hold one head: a quarter of it, then less than a fifth."""
    assert detect(photo[None], heads_at((-7, -120, 453, 340))).valid[0]
    assert not detect(photo[None], heads_at((-57, -170, 503, 390))).valid[0]


def test_a_face_too_blurred_to_be_found_is_followed(detect, photo):
    blurred = cv2.GaussianBlur(photo, (0, 0), 5)
    assert not detect(blurred[None], heads_at(HEAD)).valid[0]
    followed = detect(np.stack([photo, blurred]), heads_at(HEAD, HEAD))
    assert followed.valid.all()
    assert box_iou(followed.box[1], followed.box[0]) > 0.9


def test_a_face_left_behind_by_the_head_is_not_followed(detect, photo):
    track = detect(np.stack([photo, photo]), heads_at(HEAD, (300, 200, 510, 410)))
    assert track.valid.tolist() == [True, False]


def test_a_face_that_jumps_is_found_again(detect, photo, astronaut):
    film = np.stack([photo, np.roll(photo, 200, axis=1)])
    x0, y0, x1, y1 = HEAD
    track = detect(film, heads_at(HEAD, (x0 + 200, y0, x1 + 200, y1)))
    assert track.valid.all()
    away = np.linalg.norm(track.mesh[1, :, :2] - (200, 0) - astronaut.mesh[0, :, :2], axis=1)
    assert away.mean() < 0.01 * size_of(astronaut)


def test_the_region_is_level_with_the_eyes():
    points = np.tile((50.0, 40.0), (478, 1))
    points[33], points[263], points[0] = (40, 30), (60, 50), (40, 60)  # eyes fall by 45 degrees to the right
    region = face_region(points)
    assert region.angle == pytest.approx(np.pi / 4)
    assert region.side == pytest.approx(1.5 * np.hypot(20, 20))
    level = (points - (region.x, region.y)) @ np.array([[1, -1], [1, 1]]) / np.sqrt(2)
    np.testing.assert_allclose(level.min(axis=0), -level.max(axis=0), atol=1e-9)


def test_a_detection_in_a_turned_window_is_told_in_the_picture():
    """Window turned by 90 degrees clockwise: its right is the picture's bottom."""
    window = Square(100.0, 100.0, 80.0, np.pi / 2)
    row = np.array([0.9, 0.25, 0.5, 0.5, 0.75, 0.3, 0.55, 0.45, 0.55], np.float32)
    region = detected_region(row, window)
    assert (region.x, region.y) == pytest.approx((90.0, 90.0))
    assert region.side == pytest.approx(1.5 * 20)
    assert region.angle == pytest.approx(np.pi / 2)


@pytest.mark.parametrize(
    ("clip", "frame", "box"),
    [
        ("full_01_football_juggle.mp4", 0, (613, 20, 790, 196)),  # looks down, whole body in the picture
        ("full_07_kids_song_dance.mp4", 0, (261, 50, 764, 554)),
        ("full_08_fashion_turn.mp4", 60, (266, -42, 599, 291)),
        ("half_04_tv_host.mp4", 0, (905, -103, 1577, 570)),
        ("talk_05_woman_hand_over_face.mp4", 120, (92, -112, 782, 578)),  # a hand over mouth and cheek
        ("talk_11_qcif_clean.mp4", 0, (19, -9, 157, 129)),  # 176x144
        ("multi_03_white_house_cuts.mp4", 0, (480, 6, 612, 139)),  # behind a microphone
    ],
)
def test_faces_of_clips_are_found(corpus, detect, clip, frame, box):
    assert detect(clip_frames(corpus / "clips" / clip, frame, 1), heads_at(box)).valid[0]


@pytest.mark.parametrize(
    ("clip", "frame", "box"),
    [
        ("full_05_balance_cam03_back.mp4", 0, (459, 365, 758, 664)),
        ("full_06_yoga.mp4", 0, (188, 143, 255, 209)),
        ("full_08_fashion_turn.mp4", 156, (227, -44, 545, 274)),  # hair
        ("multi_02_chaplin.mp4", 120, (128, 28, 213, 113)),
        ("multi_06_one_by_one_back.mp4", 100, (396, -5, 511, 110)),
        ("multi_06_one_by_one_back.mp4", 400, (398, -14, 522, 110)),
        ("hands_01_asl_hand.mp4", 0, (281, 435, 456, 611)),  # a fist
        ("half_04_tv_host.mp4", 20, (250, 30, 580, 360)),  # a graphic's head
        ("talk_06_face_then_cartoon_vfr.mov", 125, (200, 100, 600, 500)),  # letters and clouds
        ("none_01_cars_from_above.mp4", 0, (200, 100, 400, 300)),
    ],
)
def test_backs_of_heads_and_pictures_are_no_faces(corpus, detect, clip, frame, box):
    assert not detect(clip_frames(corpus / "clips" / clip, frame, 1), heads_at(box)).valid[0]


def test_hats_are_no_faces_but_a_face_behind_hands_is(corpus, detect):
    hats = np.asarray(Image.open(corpus / "images" / "img_12_hats_no_person.png").convert("RGB"))[None]
    for x, y in ((166, 154), (371, 196), (490, 240)):
        assert not detect(hats, heads_at((x - 110, y - 110, x + 110, y + 110))).valid[0]
    with Image.open(corpus / "images" / "img_07_hands_on_face.jpg") as image:
        image.thumbnail((1600, 1600))
        hidden = np.asarray(image.convert("RGB"))[None]
    height, width = hidden.shape[1:3]
    assert detect(hidden, heads_at((0, 0, width, height // 2))).valid[0]


def test_eyes_are_as_open_as_their_lids_are_apart():
    mesh = np.zeros((478, 3))
    for upper, lower, outer, inner in EYES:
        mesh[[upper, lower]] = (50, 40, 7), (50, 43, 7)
        mesh[[outer, inner]] = (45, 42, 0), (55, 42, 0)
    assert openness(mesh) == pytest.approx(0.3)
    mesh[EYES[0][0]] = mesh[EYES[0][1]]
    assert openness(mesh) == pytest.approx(0.15), "a wink"
