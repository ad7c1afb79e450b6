"""Whole-body points by a network that knows the answer, and who is there by the embedded gates."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.estimators.crops import Square
from pipeline.estimators.keypoints import WHOLE_BODY
from pipeline.estimators.mediapipe.pose import Pose
from pipeline.estimators.rtmpose.person import RtmPerson, WholeBodyTracker
from pipeline.estimators.rtmpose.topdown import DEVIATION, MEAN, PaddedBox, decoded, visibility
from schemas.tracks import EstimatorCard
from tests.pipeline.estimators.dots import dotted, seen

CARD = EstimatorCard(name="exact", version="1", weights_sha256="", licence="none")
SIZE = (192, 256)
WIDTH, HEIGHT = 320, 400


def exact(crops):
    """Rows with a peak where each dot is."""
    rows = [np.zeros((len(crops), len(WHOLE_BODY), 2 * side), np.float32) for side in SIZE]
    for b, crop in enumerate(crops):
        dots = seen((crop * DEVIATION + MEAN).transpose(1, 2, 0), len(WHOLE_BODY))
        for axis in (0, 1):
            bins = np.round(2 * dots[:, axis]).astype(int)
            rows[axis][b, np.arange(len(dots)), bins] = 0.9 - 0.2 * axis
    return tuple(rows)


class Known:
    """Sees the person on every second key frame."""

    def __init__(self, points: np.ndarray) -> None:
        self.points = points

    def main_person(self, frames):
        poses = {}
        for t in (0, 6, 12):
            low, high = self.points[t].min(axis=0), self.points[t].max(axis=0)
            corners = np.tile(low, (33, 1))
            corners[1::2] = high
            poses[t] = Pose(
                0.9,
                corners,
                np.ones(33),
                np.random.default_rng(0).normal(size=(33, 3)),
                Square(float(low[0]), float(low[1]), 300.0),
            )
        return poses, np.linspace(0, 0.1, len(frames))


@pytest.fixture(scope="module")
def moving() -> np.ndarray:
    """Points (t, 133, 2) on a grid that moves."""
    grid = np.stack(np.meshgrid(np.arange(10) * 17.0 + 60, np.arange(14) * 17.0 + 60), axis=-1).reshape(-1, 2)
    return grid[:133] + np.arange(14)[:, None, None] * [2.0, 1.0]


def test_points_are_where_they_are_in_every_frame(moving) -> None:
    frames = np.stack([dotted(points, WIDTH, HEIGHT, radius=4) for points in moving])
    tracker = WholeBodyTracker(
        RtmPerson(batch=5), Known(moving).main_person, exact, SIZE, CARD, by_visibility=False
    )
    track = tracker(frames)
    assert track.valid.all()
    assert np.linalg.norm(track.points - moving, axis=-1).max() < 1.0
    assert track.score == pytest.approx(0.7)  # the lesser of both heights
    assert track.others[-1] == pytest.approx(0.1)
    np.testing.assert_allclose(track.box[3], (track.box[0] + track.box[6]) / 2, atol=1e-3)
    ears = moving[:, [3, 4]].mean(axis=1)
    np.testing.assert_allclose((track.head_box[:, :2] + track.head_box[:, 2:]) / 2, ears, atol=1.0)


def test_frames_without_the_person_are_not_valid(moving) -> None:
    frames = np.stack([dotted(points, WIDTH, HEIGHT, radius=4) for points in moving])
    dark = frames.copy()
    dark[4] = 0

    def dim(crops):
        if crops.max() > 0:
            return exact(crops)
        return tuple(np.zeros((1, len(WHOLE_BODY), 2 * side), np.float32) for side in SIZE)

    track = WholeBodyTracker(
        RtmPerson(batch=1), Known(moving).main_person, dim, SIZE, CARD, by_visibility=False
    )(dark)
    assert track.valid.tolist() == [t != 4 for t in range(14)]
    assert not track.points[4].any()


def test_a_box_grows_to_the_aspect_and_comes_back() -> None:
    box = PaddedBox.around(np.array([10, 20, 50, 100]), 192 / 256)
    assert box.size.tolist() == [75.0, 100.0]
    assert box.to_picture(np.array([96.0, 128.0]), 192, 256).tolist() == [30.0, 60.0]


def test_visibility_is_of_a_peak_and_not_of_its_height() -> None:
    flat = np.zeros((1, 384), np.float32)
    peak = flat.copy()
    peak[0, 100] = 0.05
    tall = np.zeros((1, 512), np.float32)
    tall[0, 7] = 0.05
    assert visibility(peak, tall) == pytest.approx(1.0)
    assert visibility(flat, tall) == pytest.approx(1 / 384)
    assert decoded(peak, tall)[0].tolist() == [[50.0, 3.5]]
