"""Windows do not show in what is told of a clip; networks are called in full batches, across windows."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.estimators.batches import Batches
from pipeline.estimators.clipwise import HandsPerWindow, PerWindow, hands_over_clip, over_clip
from pipeline.estimators.faceverse.head import RegressedHead
from pipeline.estimators.hmr.body import HmrBody, MeshBody
from pipeline.estimators.hmr.crop import HmrCrop, Region
from pipeline.estimators.hmr.hands import HmrHands, MeshHands
from pipeline.estimators.keypoints import WHOLE_BODY
from schemas.arrays import array_specs, taken
from schemas.tracks import EstimatorCard, HandTrack, KeypointTrack
from tests.pipeline.estimators.dots import person_with
from tests.pipeline.estimators.faceverse.test_head import head_model, seen_faces, wrong_by_some

CARD = EstimatorCard(name="counted", version="1", weights_sha256="", licence="none")
FRAMES, CUTS = 11, (0, 3, 4, 9, 11)
RNG = np.random.default_rng(0)
FILM = RNG.integers(0, 255, (FRAMES, 96, 128, 3)).astype(np.uint8)


class Counted:
    """A network of bodies or hands whose answer is a function of each crop, and which counts its crops."""

    def __init__(self, joints: int) -> None:
        self.joints, self.calls = joints, list[int]()

    def __call__(self, crops: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        self.calls.append(len(crops))
        told = crops.mean(axis=(1, 2, 3))[:, None]
        turns = np.tile(np.eye(3, dtype=np.float32), (len(crops), self.joints, 1, 1))
        return turns, np.repeat(told, 10, axis=1), np.concatenate([1 + 0 * told, told, told], axis=1)


def places(count: int):
    """A model whose joints lie as the shape says."""
    at = RNG.normal(0, 0.1, (count, 3)).astype(np.float32)
    return lambda rotations, betas: at + betas[:, :1, None] * at


def shaped(betas):
    return betas, np.zeros((len(betas), 67, 3), np.float32)


def person() -> KeypointTrack:
    track = person_with(
        WHOLE_BODY, RNG.uniform(10, 90, (FRAMES, 133, 2)), np.tile([20.0, 5, 100, 90], (FRAMES, 1))
    )
    valid = track.valid.copy()
    valid[[2, 7]] = False
    return replace(track, valid=valid)


PERSON = person()


def over(clip, given, cuts=CUTS):
    """What an estimator says of the film in windows that are cut there."""
    for start, stop in itertools.pairwise(cuts):
        clip.see(FILM[start:stop], taken(given, np.arange(start, stop)))
    return clip.track()


def assert_same(one, other) -> None:
    for name in array_specs(type(one)):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def test_a_body_has_one_shape_in_all_windows_and_batches_are_full() -> None:
    net = Counted(24)
    body = MeshBody(HmrBody(batch=4), net, places(26), shaped, CARD)
    told = over(body.begin(), PERSON)
    assert net.calls == [4, 4, 1]
    assert_same(told, body(FILM, PERSON))
    assert len(np.unique(told.betas[PERSON.valid], axis=0)) == 1


def test_hands_are_the_same_in_windows_and_their_boxes_are_told_at_once() -> None:
    net = Counted(16)
    hands = MeshHands(HmrHands(batch=5), net, places(21), CARD)
    clip = hands.begin()
    clip.see(FILM[:3], taken(PERSON, np.arange(3)))
    assert clip.boxes()[:, :, 2].astype(bool).tolist() == [[True, True], [True, True], [False, False]]
    assert_same(over(hands.begin(), PERSON), hands(FILM, PERSON))
    assert max(net.calls) == 5


def test_a_head_has_one_shape_in_all_windows() -> None:
    calls = []

    def net(crops):
        calls.append(len(crops))
        told = wrong_by_some(crops)[0]
        told[:, :156] = crops.mean(axis=(1, 2, 3))[:, None]
        return (told,)

    faces = seen_faces(np.tile(np.eye(3), (FRAMES, 1, 1)), np.tile([0.0, 0, 250], (FRAMES, 1)))
    tracker = RegressedHead(net, head_model(identity=0.1), CARD, batch=4)
    told = over(tracker.begin(), faces)
    assert calls == [4, 4, 3]
    assert_same(told, tracker(FILM, faces))


class LeftHands:
    """Sees the left hand wherever the person is, on the first points."""

    card = CARD

    def __call__(self, frames, person):
        points = np.tile(person.points[:, None, :21], (1, 2, 1, 1))
        score = np.stack([person.valid, 0 * person.valid], axis=1).astype(np.float32)
        turns = np.zeros((len(frames), 2, 0, 3, 3), np.float32)
        depth = np.zeros((*points.shape[:3], 3), np.float32)
        return HandTrack(points2d=points, points3d=depth, score=score, rotations=turns)


def test_who_answers_by_window_is_joined() -> None:
    hands = LeftHands()
    clip = hands_over_clip(hands)
    assert isinstance(clip, HandsPerWindow)
    assert isinstance(over_clip(hands), PerWindow)
    clip.see(FILM[:3], taken(PERSON, np.arange(3)))
    own = PERSON.points[:3, :21]
    np.testing.assert_array_equal(
        clip.boxes()[:2, 0], np.concatenate([own.min(axis=1), own.max(axis=1)], axis=1)[:2]
    )
    assert not clip.boxes()[2].any()
    assert not clip.boxes()[:, 1].any()
    assert_same(over(hands_over_clip(hands), PERSON), hands(FILM, PERSON))


def test_no_crops_are_no_call() -> None:
    with pytest.raises(ZeroDivisionError):
        Batches(lambda _: (1 / 0,), 1).add(FILM, 0, HmrCrop(Region(60.0, 40.0, 30.0)))
    assert Batches(lambda _: (1 / 0,), 1).rows() is None
