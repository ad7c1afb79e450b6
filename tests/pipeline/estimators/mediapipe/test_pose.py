"""The pose network on squares: what it says does not depend on how the picture is turned."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data

from pipeline.estimators.crops import Square
from pipeline.estimators.mediapipe.pose import POINTS, P, PoseNet, body_square, px_per_metre

AROUND = Square(220, 500, 1300)


@pytest.fixture(scope="module")
def net():
    return PoseNet()


def test_a_turned_square_on_a_turned_picture_gives_the_same_body(net):
    photo = skimage.data.astronaut()
    upright = net(photo, AROUND)
    turned = net(
        np.ascontiguousarray(np.rot90(photo, -1)), Square(511 - AROUND.y, AROUND.x, AROUND.side, np.pi / 2)
    )
    assert upright.presence > 0.9
    assert turned.presence == pytest.approx(upright.presence, abs=0.02)
    seen = slice(P["right_shoulder"] + 1)  # the face and the shoulders
    x, y = upright.points[seen].T
    two_px_of_the_crop = 2 * AROUND.side / 256
    np.testing.assert_allclose(turned.points[seen], np.stack([511 - y, x], axis=1), atol=two_px_of_the_crop)
    x, y, z = upright.world[seen].T
    np.testing.assert_allclose(turned.world[seen], np.stack([-y, x, z], axis=1), atol=0.06)


def test_the_square_stands_on_the_hips_and_looks_up_the_body():
    square = body_square(np.array([100.0, 200.0]), np.array([100.0, 140.0]))
    assert square == Square(100, 200, 150)
    assert body_square(np.array([0.0, 0]), np.array([60.0, 0])).angle == pytest.approx(np.pi / 2)


def test_the_scale_is_that_of_the_upper_body():
    world = np.random.default_rng(4).uniform(-1, 1, (33, 3))
    points = 120 * world[:, :2] + (300, 200)
    points[P["left_knee"] :] += 500
    assert px_per_metre(points, world) == pytest.approx(120)


def test_the_points_come_in_pairs():
    assert len(POINTS) == 33
    assert (P["left_shoulder"], P["right_wrist"], P["left_hip"], P["right_foot_index"]) == (11, 16, 23, 32)
