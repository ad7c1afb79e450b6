"""What every estimator that follows people promises: lengths, validity, no memory, the same bytes twice."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from schemas.arrays import array_specs
from schemas.tracks import BodyTrack, EstimatorCard, FaceTrack, HandTrack, HeadTrack, KeypointTrack

TRADES = {
    "person": KeypointTrack,
    "body": BodyTrack,
    "hands": HandTrack,
    "face": FaceTrack,
    "head": HeadTrack,
}
NOISE = np.random.default_rng(5).integers(0, 256, (3, 240, 320, 3), np.uint8)


@pytest.fixture(scope="session")
def said(troupe):
    """What the cast says of its film, and what it says when asked again after other films."""
    first = troupe.cast(troupe.film)
    for other in (np.zeros((2, 200, 300, 3), np.uint8), troupe.film[::-1], NOISE):
        troupe.cast(np.ascontiguousarray(other))
    return first, troupe.cast(troupe.film)


def arrays(track: Any) -> dict[str, np.ndarray[Any, Any]]:
    """A track's arrays by name."""
    cls: type = type(track)
    return {name: getattr(track, name) for name in array_specs(cls)}


def assert_same_bytes(one: Any, other: Any) -> None:
    for name in TRADES:
        for field, array in arrays(getattr(one, name)).items():
            assert array.tobytes() == arrays(getattr(other, name))[field].tobytes(), f"{name}.{field}"


@pytest.mark.parametrize("trade", TRADES)
def test_every_trade_gives_its_track_with_one_row_a_frame(troupe, said, trade):
    track = getattr(said[0], trade)
    assert type(track) is TRADES[trade]
    assert {len(array) for array in arrays(track).values()} == {len(troupe.film)}


@pytest.mark.parametrize("trade", TRADES)
def test_numbers_are_finite_and_scores_between_0_and_1(said, trade):
    track = getattr(said[0], trade)
    for name, array in arrays(track).items():
        assert np.isfinite(array).all(), name
    for name in ("score", "others"):
        if hasattr(track, name):
            assert (getattr(track, name) >= 0).all()
    if hasattr(track, "score"):
        assert (track.score <= 1).all()


@pytest.mark.parametrize("trade", ["person", "body", "face", "head"])
def test_somebody_is_found(troupe, said, trade):
    np.testing.assert_array_equal(getattr(said[0], trade).valid, troupe.there)


def test_boxes_of_what_is_valid_have_a_size_and_lie_on_the_picture(troupe, said):
    height, width = troupe.film.shape[1:3]
    for track in (said[0].person, said[0].face):
        x0, y0, x1, y1 = track.box[track.valid].T
        assert (x1 - x0 > 1).all()
        assert (y1 - y0 > 1).all()
        assert ((x1 > 0) & (x0 < width) & (y1 > 0) & (y0 < height)).all()
    x0, y0, x1, y1 = said[0].person.head_box[said[0].person.valid].T
    np.testing.assert_allclose(x1 - x0, y1 - y0, rtol=1e-3)


def test_heads_have_a_rotation_and_a_radius(said):
    head = said[0].head
    rotation = head.rotation[head.valid].astype(float)
    np.testing.assert_allclose(
        rotation @ rotation.transpose(0, 2, 1), np.tile(np.eye(3), (len(rotation), 1, 1)), atol=1e-4
    )
    assert (np.linalg.det(rotation) > 0).all()
    assert (head.radius[head.valid] > 1).all()


def test_bodies_lie_before_the_camera_and_project_to_their_pixels(troupe, said):
    body = said[0].body
    height, width = troupe.film.shape[1:3]
    assert (body.joints3d[body.valid][..., 2] > 0).all()
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    pixels = (
        body.focal_px
        * body.joints3d[..., :2]
        / np.where(body.joints3d[..., 2:] > 0, body.joints3d[..., 2:], 1)
    )
    off = np.linalg.norm(pixels + middle - body.joints2d, axis=-1)[body.valid]
    assert np.median(off) < 0.02 * np.hypot(width, height)


def test_a_hand_in_space_starts_at_its_wrist(said):
    hands = said[0].hands
    seen = hands.score > 0
    assert np.abs(hands.points3d[seen][:, 0]).max(initial=0) < 1e-6


def test_nothing_is_valid_without_a_person(said):
    found = said[0]
    nobody = ~found.person.valid
    assert not found.body.valid[nobody].any()
    assert not found.face.valid[nobody].any()
    assert not found.hands.score[nobody].any()
    assert not found.head.valid[~found.face.valid].any()


@pytest.mark.parametrize("value", [0, 128, 255])
def test_an_empty_picture_has_nobody_in_it(troupe, value):
    empty = troupe.cast(np.full((3, 240, 320, 3), value, np.uint8))
    for trade in ("person", "body", "face", "head"):
        assert not getattr(empty, trade).valid.any(), trade
    assert not empty.hands.score.any()


def test_noise_has_nobody_in_it(troupe):
    assert not troupe.cast(NOISE).person.valid.any()


def test_who_is_told_that_nobody_is_there_finds_nobody(troupe, said):
    person = said[0].person
    blank = {name: np.zeros_like(array) for name, array in arrays(person).items()}
    told = troupe.cast.follow(troupe.film, KeypointTrack(names=person.names, **blank))
    for trade in ("body", "face", "head"):
        assert not getattr(told, trade).valid.any(), trade
    assert not told.hands.score.any()


def test_asked_again_after_other_films_the_answer_is_the_same(said):
    assert_same_bytes(*said)


def test_built_again_the_answer_is_the_same(troupe, said):
    assert_same_bytes(said[0], troupe.fresh()(troupe.film))


@pytest.mark.parametrize("shape", [(1, 64, 48, 3), (2, 33, 127, 3), (1, 500, 40, 3)])
def test_any_size_and_a_single_frame_are_looked_at(troupe, shape):
    tracks = troupe.cast(np.full(shape, 90, np.uint8))
    for trade in TRADES:
        assert {len(array) for array in arrays(getattr(tracks, trade)).values()} == {shape[0]}


def test_frames_are_only_read(troupe, said):
    frames = troupe.film.copy()
    frames.flags.writeable = False
    assert_same_bytes(troupe.cast(frames), said[0])
    np.testing.assert_array_equal(frames, troupe.film)


@pytest.mark.parametrize("trade", TRADES)
def test_the_card_is_filled_in_and_stays_the_same(troupe, said, trade):
    card = getattr(troupe.cast, trade).card
    assert isinstance(card, EstimatorCard)
    assert card.name
    assert card.version
    assert card.licence
    assert card.weights_sha256 == "" or (len(card.weights_sha256) == 64 and int(card.weights_sha256, 16) >= 0)
    again = getattr(troupe.fresh(), trade).card
    assert [getattr(card, f.name) for f in fields(card)] == [getattr(again, f.name) for f in fields(again)]
