"""The fakes know the answers whatever is done to the clip."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from engine.core import EstimatorUnavailable
from pipeline.estimators.fakes import (
    FakeBody,
    FakeEmbedder,
    FakeFace,
    FakeHands,
    FakeHead,
    FakePose2D,
    read_strip,
    save_truth,
    write_strip,
)
from schemas.tracks import BodyTrack
from tests.paint import film, frames_of
from tests.synth import Scene, truth

SCENE = Scene(width=160, height=240, num_frames=9, turn_deg=(0, 180), absent=range(3, 5), company=range(6, 8))


@pytest.fixture(scope="module")
def truths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("truths")
    save_truth(folder, SCENE.number, truth(SCENE))
    save_truth(folder, 2, truth(Scene(number=2, width=160, height=240, num_frames=9, mirrored=True)))
    return folder


def pictured(path):
    """The frames of a video file."""
    video = cv2.VideoCapture(str(path))
    frames = []
    while (read := video.read())[0]:
        frames.append(read[1][..., ::-1])
    return np.stack(frames)


@pytest.mark.parametrize("width", [64, 97, 160, 640])
@pytest.mark.parametrize(("scene", "frame"), [(0, 0), (255, 65535), (7, 300)])
def test_the_strip_is_read_back(width, scene, frame):
    picture = np.full((120, width, 3), 130, np.uint8)
    write_strip(picture, scene, frame)
    assert read_strip(picture) == (scene, frame)
    assert (picture[5:] == 130).all()


@pytest.mark.parametrize("value", [0, 130, 255])
def test_no_strip_is_read_from_an_empty_picture(value):
    assert read_strip(np.full((120, 160, 3), value, np.uint8)) is None


def test_no_strip_is_read_from_noise():
    noise = np.random.default_rng(0).integers(0, 256, (200, 120, 160, 3), np.uint8)
    assert not any(read_strip(picture) for picture in noise)


@pytest.mark.parametrize("scale", [0.5, 1.7])
def test_the_strip_outlives_encoding_and_scaling(tmp_path, scale):
    path = film(SCENE, tmp_path / "clip.mp4", tmp_path / "truths")
    frames = [
        cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for frame in pictured(path)
    ]
    assert [read_strip(frame) for frame in frames] == [(SCENE.number, t) for t in range(9)]


def test_answers_follow_the_frames_not_their_places(truths):
    frames, body = frames_of(SCENE), FakeBody(truths=truths).build()
    person = FakePose2D(truths=truths).build()(frames[[8, 0, 5]])
    track = body(frames[[8, 0, 5]], person)
    known = truth(SCENE).body
    np.testing.assert_array_equal(track.joints2d, known.joints2d[[8, 0, 5]])
    np.testing.assert_array_equal(track.joints3d, known.joints3d[[8, 0, 5]])
    assert track.focal_px == known.focal_px == SCENE.focal_px
    assert person.names == truth(SCENE).person.names


def test_each_scene_has_its_own_answers(truths):
    mirrored = Scene(number=2, width=160, height=240, num_frames=9, mirrored=True)
    person = FakePose2D(truths=truths).build()(frames_of(mirrored)[2:3])
    np.testing.assert_array_equal(person.points, truth(mirrored).person.points[2:3])


def test_a_frame_of_another_scene_in_the_same_window_shows_nobody(truths):
    frames = frames_of(SCENE)[:3]
    frames[1] = frames_of(Scene(number=2, width=160, height=240, num_frames=2))[1]
    assert FakePose2D(truths=truths).build()(frames).valid.tolist() == [True, False, True]


def test_frames_that_show_nobody_have_no_answer_and_nothing_else_changes(truths):
    frames = frames_of(SCENE)
    frames[7] = 0
    person = FakePose2D(truths=truths).build()(frames)
    assert person.valid.tolist() == [True, True, True, False, False, True, True, False, True]
    assert not person.points[[3, 4, 7]].any()
    np.testing.assert_array_equal(person.box[8], truth(SCENE).person.box[8])
    assert person.others[6] > 0.3
    assert person.others[5] == 0
    hands = FakeHands(truths=truths).build()(frames, person)
    assert not hands.score[[3, 4, 7]].any()
    assert hands.score[0].all()


def test_the_face_is_lost_as_it_turns_away(truths):
    frames = frames_of(SCENE)
    person = FakePose2D(truths=truths).build()(frames)
    face = FakeFace(truths=truths).build()(frames, person)
    head = FakeHead(truths=truths).build()(frames, face)
    assert face.valid[[0, 1, 2]].all()
    assert not face.valid[5:].any()
    np.testing.assert_array_equal(face.valid, head.valid)
    np.testing.assert_array_equal(head.rotation[:3], truth(SCENE).head.rotation[:3])


def test_a_folder_without_truths_cannot_be_asked(tmp_path):
    with pytest.raises(EstimatorUnavailable, match="no truths"):
        FakeBody(truths=tmp_path).build()


def test_truths_come_back_as_they_were(truths):
    known = truth(SCENE)
    track = FakeBody(truths=truths).build()(frames_of(SCENE), known.person)
    assert isinstance(track, BodyTrack)
    for name in ("joints2d", "joints3d", "score", "valid"):
        np.testing.assert_array_equal(getattr(track, name)[:3], getattr(known.body, name)[:3], strict=True)


def test_who_is_told_that_nobody_is_there_finds_nobody(truths):
    known = truth(SCENE)
    person = replace(known.person, valid=np.arange(9) == 1)
    assert (
        FakeBody(truths=truths).build()(frames_of(SCENE), person).valid.tolist()
        == [False, True] + [False] * 7
    )
    assert FakeHands(truths=truths).build()(frames_of(SCENE), person).score.any(axis=1).sum() == 1


def test_colours_tell_looks_apart():
    embed = FakeEmbedder().build()
    one, other = (
        frames_of(Scene(width=96, height=144, num_frames=2, appearance=look))[:, 40:100] for look in (0, 1)
    )
    vectors = embed(np.concatenate([one, other])).vectors
    likeness = vectors @ vectors.T
    np.testing.assert_allclose(np.diag(likeness), 1, atol=1e-6)
    assert likeness[0, 1] > 0.98
    assert likeness[0, 2] < 0.9
