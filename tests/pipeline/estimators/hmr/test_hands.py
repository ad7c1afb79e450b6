"""Hands by a network that knows the answer: crops, mirror, cameras and boxes must give the truth back."""

from __future__ import annotations

import numpy as np
import pytest
import scipy
from numpy.typing import NDArray

from pipeline.estimators.hmr.body_model import MANO, SmplModel
from pipeline.estimators.hmr.camera import focal_px
from pipeline.estimators.hmr.crop import DEVIATION, MEAN
from pipeline.estimators.hmr.hands import OURS, HmrHands, MeshHands
from pipeline.estimators.hmr.loaded import called
from pipeline.estimators.keypoints import HANDS, WHOLE_BODY
from pipeline.geometry import principal_point, project, rotation_vector
from schemas.tracks import EstimatorCard
from tests.pipeline.estimators.dots import dotted, person_with, seen, weak_camera_of
from tests.pipeline.estimators.hmr.models import arrays_of

CARD = EstimatorCard(name="exact", version="1", weights_sha256="", licence="none")
MIRROR = np.array([-1.0, 1.0, 1.0])
FRAMES = 3
WIDTH, HEIGHT = 1280, 960
Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def joints():
    return called(SmplModel(MANO, arrays_of(MANO)))


def turns(seed: int) -> Array:
    """Rotations (t, 16, 3, 3) of right hands."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(0, 0.15, (FRAMES, 16, 3))
    vectors[:, 0] = rng.normal(0, 1.0, (FRAMES, 3))
    return (
        scipy.spatial.transform.Rotation.from_rotvec(vectors.reshape(-1, 3))
        .as_matrix()
        .reshape(FRAMES, 16, 3, 3)
    )


class Exact:
    """A network of right hands that knows their rotations and reads the camera off the dots it is shown."""

    def __init__(self, joints, rotations: list[Array], first: list[int]) -> None:
        self.joints, self.rotations, self.first, self.calls = joints, rotations, first, 0

    def __call__(self, crops):
        result = []
        for crop in crops:
            own, first = self.rotations[self.calls], self.first[self.calls]
            places = self.joints(own[None].astype(np.float32), np.zeros((1, 10), np.float32))[0, list(OURS)]
            pixels = ((crop * DEVIATION[:, None, None] + MEAN[:, None, None]) * 255).transpose(1, 2, 0)
            dots = seen(pixels, 42)[first : first + 21]
            there = ~np.isnan(dots[:, 0])
            assert there.sum() > 4
            result.append((own, np.zeros(10), weak_camera_of(places[there].astype(float), dots[there])))
            self.calls += 1
        return tuple(np.stack(part).astype(np.float32) for part in zip(*result, strict=True))


def test_both_hands_are_where_and_how_they_are(joints) -> None:
    right, left = turns(0), turns(1)  # the left hand is told as the right one in its mirror
    focal, middle = focal_px(WIDTH, HEIGHT), principal_point(WIDTH, HEIGHT)
    nothing = np.zeros((FRAMES, 10), np.float32)
    own = [joints(x.astype(np.float32), nothing)[:, list(OURS)].astype(float) for x in (left, right)]
    own[0] = own[0] * MIRROR
    places = [own[0] + [0.1, 0.02, 20.0], own[1] + [-0.1, -0.03, 22.0]]
    flat = np.stack([project(x, focal, middle) for x in places], axis=1)  # t 2 21 2
    frames = np.stack([dotted(x.reshape(-1, 2), WIDTH, HEIGHT, radius=5) for x in flat])
    points = np.zeros((FRAMES, len(WHOLE_BODY), 2))
    points[:, 91:] = flat.reshape(FRAMES, 42, 2)
    assert WHOLE_BODY[91:112] == HANDS[0]
    net = Exact(joints, [x for t in range(FRAMES) for x in (left[t], right[t])], [0, 21] * FRAMES)
    track = MeshHands(HmrHands(), net, joints, CARD)(
        frames, person_with(WHOLE_BODY, points, np.zeros((FRAMES, 4)))
    )
    assert np.linalg.norm(track.points2d - flat, axis=-1).max() < 1.0
    metres = np.stack([x - x[:, :1] for x in places], axis=1)
    assert np.abs(track.points3d - metres).max() < 1e-5
    told = np.stack([MIRROR[:, None] * left * MIRROR, right], axis=1)
    apart = np.linalg.norm(rotation_vector(np.swapaxes(told, -1, -2) @ track.rotations), axis=-1)
    assert np.degrees(apart).max() < 1.0
    assert (track.score == 1).all()


def test_a_hand_of_too_few_points_is_not_looked_at(joints) -> None:
    person = person_with(
        WHOLE_BODY, np.random.default_rng(0).uniform(100, 300, (1, 133, 2)), np.zeros((1, 4))
    )
    score = person.score.copy()
    score[:, 94:112] = 0.4
    asked = []

    def net(crops):
        asked.append(len(crops))
        turned = np.tile(np.eye(3, dtype=np.float32), (len(crops), 16, 1, 1))
        return turned, np.zeros((len(crops), 10), np.float32), np.ones((len(crops), 3), np.float32)

    from dataclasses import replace

    track = MeshHands(HmrHands(), net, joints, CARD)(
        np.zeros((1, HEIGHT, WIDTH, 3), np.uint8), replace(person, score=score)
    )
    assert asked == [1]
    assert track.score.tolist() == [[0.0, 1.0]]
    assert not track.rotations[:, 0].any()
