"""Squares: where a crop's points lie in the picture."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.estimators.crops import Square, levels, looked_up, shrunk


def marked(x, y, width=120, height=90):
    """A dark picture with one bright pixel, blurred a little so that its middle can be told."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[y - 1 : y + 2, x - 1 : x + 2] = 100
    picture[y, x] = 255
    return picture


def middle(crop):
    """Centre of brightness, px of the crop."""
    weight = crop[..., 0].astype(float)
    y, x = np.mgrid[: crop.shape[0], : crop.shape[1]]
    return np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()


@pytest.mark.parametrize("angle", [0.0, 0.4, -2.0, np.pi])
@pytest.mark.parametrize("size", [40, 64, 17, 200])
def test_a_point_of_the_crop_is_the_same_point_of_the_picture(angle, size):
    """Enlarged, shrunk by whole blocks and in between, however turned."""
    square = Square(50.3, 40.8, 70.0, angle)
    crop = square.cut(marked(60, 35), size)
    parts = (middle(crop) + 0.5) / size
    np.testing.assert_allclose(square.to_picture(parts), (60, 35), atol=0.7)


def test_a_square_that_is_the_picture_cuts_the_picture():
    picture = np.random.default_rng(2).integers(0, 256, (32, 32, 3), np.uint8)
    np.testing.assert_array_equal(Square.whole(32, 32).cut(picture, 32), picture)


def test_outside_the_picture_is_black():
    white = np.full((20, 40, 3), 255, np.uint8)
    crop = Square.whole(40, 20).cut(white, 40)
    assert (crop[12:28] == 255).all()
    assert (crop[:8] == 0).all()
    assert (crop[32:] == 0).all()
    assert not Square(500, 500, 30).cut(white, 16).any()


def test_the_angle_is_clockwise_as_seen():
    """A square turned a quarter clockwise has its upper edge on the right."""
    top = Square(10, 10, 8, np.pi / 2).to_picture(np.array([0.5, 0.0]))
    np.testing.assert_allclose(top, (14, 10), atol=1e-9)


def test_around_a_box():
    square = Square.around(np.array([10.0, 20, 30, 60]), 1.5)
    assert square == Square(20, 40, 60)
    assert square.box == (-10, 10, 50, 70)


def test_shrinking_keeps_the_mean():
    """Fine stripes become grey: sampling would give black or white."""
    stripes = np.zeros((30, 30, 3), np.uint8)
    stripes[:, ::2] = 200
    assert (shrunk(stripes, 2) == 100).all()
    assert shrunk(stripes, 4).shape == (8, 8, 3)
    assert (Square.whole(30, 30).cut(stripes, 15)[1:-1, 1:-1] == 100).all()


def test_levels_are_looked_up_as_they_would_be_worked_out() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    scale = np.array([3.0, 0.1, 7.7], np.float32)[:, None, None]
    np.testing.assert_array_equal(
        looked_up(pixels, levels() / scale), pixels.transpose(2, 0, 1).astype(np.float32) / scale
    )
