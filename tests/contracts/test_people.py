"""What every estimator that follows people promises: lengths, validity, no memory, the same bytes twice."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from schemas.arrays import array_specs
from schemas.tracks import BodyTrack, EstimatorCard, FaceTrack, HandTrack, HeadTrack, KeypointTrack

TRACKS = {
    "person": KeypointTrack,
    "body": BodyTrack,
    "hands": HandTrack,
    "face": FaceTrack,
    "head": HeadTrack,
}
NOISE = np.random.default_rng(5).integers(0, 256, (3, 240, 320, 3), np.uint8)


@pytest.fixture(scope="session")
def runs(backends):
    """What the estimators give for their film, and what they give for it after other films."""
    first = backends.estimators(backends.film)
    for other in (np.zeros((2, 200, 300, 3), np.uint8), backends.film[::-1], NOISE):
        backends.estimators(np.ascontiguousarray(other))
    return first, backends.estimators(backends.film)


def arrays(track: Any) -> dict[str, np.ndarray[Any, Any]]:
    """A track's arrays by name."""
    cls: type = type(track)
    return {name: getattr(track, name) for name in array_specs(cls)}


def assert_same_bytes(one: Any, other: Any) -> None:
    for name in TRACKS:
        for field, array in arrays(getattr(one, name)).items():
            assert array.tobytes() == arrays(getattr(other, name))[field].tobytes(), f"{name}.{field}"


@pytest.mark.parametrize("role", TRACKS)
def test_every_role_gives_its_track_with_one_row_a_frame(backends, runs, role):
    track = getattr(runs[0], role)
    assert type(track) is TRACKS[role]
    assert {len(array) for array in arrays(track).values()} == {len(backends.film)}


@pytest.mark.parametrize("role", TRACKS)
def test_numbers_are_finite_and_scores_between_0_and_1(runs, role):
    track = getattr(runs[0], role)
    for name, array in arrays(track).items():
        assert np.isfinite(array).all(), name
    for name in ("score", "others"):
        if hasattr(track, name):
            assert (getattr(track, name) >= 0).all()
    if hasattr(track, "score"):
        assert (track.score <= 1).all()


@pytest.mark.parametrize("role", ["person", "body", "face", "head"])
def test_somebody_is_found(backends, runs, role):
    np.testing.assert_array_equal(getattr(runs[0], role).valid, backends.there)


def test_boxes_of_what_is_valid_have_a_size_and_lie_on_the_picture(backends, runs):
    height, width = backends.film.shape[1:3]
    for track in (runs[0].person, runs[0].face):
        x0, y0, x1, y1 = track.box[track.valid].T
        assert (x1 - x0 > 1).all()
        assert (y1 - y0 > 1).all()
        assert ((x1 > 0) & (x0 < width) & (y1 > 0) & (y0 < height)).all()
    x0, y0, x1, y1 = runs[0].person.head_box[runs[0].person.valid].T
    np.testing.assert_allclose(x1 - x0, y1 - y0, rtol=1e-3)


def test_heads_have_a_rotation_and_a_radius(runs):
    head = runs[0].head
    rotation = head.rotation[head.valid].astype(float)
    np.testing.assert_allclose(
        rotation @ rotation.transpose(0, 2, 1), np.tile(np.eye(3), (len(rotation), 1, 1)), atol=1e-4
    )
    assert (np.linalg.det(rotation) > 0).all()
    assert (head.radius[head.valid] > 1).all()


def test_bodies_lie_before_the_camera_and_project_to_their_pixels(backends, runs):
    body = runs[0].body
    height, width = backends.film.shape[1:3]
    assert (body.joints3d[body.valid][..., 2] > 0).all()
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    pixels = (
        body.focal_px
        * body.joints3d[..., :2]
        / np.where(body.joints3d[..., 2:] > 0, body.joints3d[..., 2:], 1)
    )
    off = np.linalg.norm(pixels + middle - body.joints2d, axis=-1)[body.valid]
    assert np.median(off) < 0.02 * np.hypot(width, height)


def test_a_hand_in_space_starts_at_its_wrist(runs):
    hands = runs[0].hands
    seen = hands.score > 0
    assert np.abs(hands.points3d[seen][:, 0]).max(initial=0) < 1e-6


def test_nothing_is_valid_without_a_person(runs):
    found = runs[0]
    nobody = ~found.person.valid
    assert not found.body.valid[nobody].any()
    assert not found.face.valid[nobody].any()
    assert not found.hands.score[nobody].any()
    assert not found.head.valid[~found.face.valid].any()


@pytest.mark.parametrize("value", [0, 128, 255])
def test_an_empty_picture_has_nobody_in_it(backends, value):
    empty = backends.estimators(np.full((3, 240, 320, 3), value, np.uint8))
    for role in ("person", "body", "face", "head"):
        assert not getattr(empty, role).valid.any(), role
    assert not empty.hands.score.any()


def test_noise_has_nobody_in_it(backends):
    assert not backends.estimators(NOISE).person.valid.any()


def test_nobody_is_found_where_the_person_track_is_empty(backends, runs):
    person = runs[0].person
    blank = {name: np.zeros_like(array) for name, array in arrays(person).items()}
    tracks = backends.estimators.follow(backends.film, KeypointTrack(names=person.names, **blank))
    for role in ("body", "face", "head"):
        assert not getattr(tracks, role).valid.any(), role
    assert not tracks.hands.score.any()


def test_asked_again_after_other_films_the_answer_is_the_same(runs):
    assert_same_bytes(*runs)


def test_built_again_the_answer_is_the_same(backends, runs):
    assert_same_bytes(runs[0], backends.fresh()(backends.film))


@pytest.mark.parametrize("shape", [(1, 64, 48, 3), (2, 33, 127, 3), (1, 500, 40, 3)])
def test_any_size_and_a_single_frame_are_looked_at(backends, shape):
    tracks = backends.estimators(np.full(shape, 90, np.uint8))
    for role in TRACKS:
        assert {len(array) for array in arrays(getattr(tracks, role)).values()} == {shape[0]}


def test_frames_are_only_read(backends, runs):
    frames = backends.film.copy()
    frames.flags.writeable = False
    assert_same_bytes(backends.estimators(frames), runs[0])
    np.testing.assert_array_equal(frames, backends.film)


@pytest.mark.parametrize("role", TRACKS)
def test_the_card_is_filled_in_and_stays_the_same(backends, runs, role):
    card = getattr(backends.estimators, role).card
    assert isinstance(card, EstimatorCard)
    assert card.name
    assert card.version
    assert card.licence
    assert card.weights_sha256 == "" or (len(card.weights_sha256) == 64 and int(card.weights_sha256, 16) >= 0)
    again = getattr(backends.fresh(), role).card
    assert [getattr(card, f.name) for f in fields(card)] == [getattr(again, f.name) for f in fields(again)]
