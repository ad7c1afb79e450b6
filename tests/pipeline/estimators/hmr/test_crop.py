"""What a crop shows, and where."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import scipy
from numpy.typing import NDArray

from pipeline.estimators.hmr.crop import DEVIATION, MEAN, SIDE, Region, affine_of, crop, normalised

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def picture() -> Picture:
    noise = np.random.default_rng(0).uniform(0, 255, (360, 480, 3))
    return scipy.ndimage.gaussian_filter(noise, (3, 3, 0)).astype(np.uint8)


@pytest.mark.parametrize("side", [100.0, 300.0, 700.0, 1500.0])
@pytest.mark.parametrize("middle", [(240.0, 180.0), (3.0, 350.0), (470.5, 20.25)])
def test_blurring_a_part_is_blurring_the_whole(
    side: float, middle: tuple[float, float], picture: Picture
) -> None:
    region = Region(*middle, side)
    sigma = max((side / 512 - 1) / 2, 0) if side / 512 > 1.1 else 0
    whole = (
        scipy.ndimage.gaussian_filter(picture.astype(np.float64), (sigma, sigma, 0), mode="nearest")
        if sigma
        else picture
    )
    pixels = cv2.warpAffine(whole, affine_of(region), (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    expected = normalised(pixels.transpose(2, 0, 1))
    np.testing.assert_allclose(crop(picture, region), expected, atol=2e-6 if sigma else 0.02)


def test_a_point_of_the_picture_lies_where_the_region_says() -> None:
    picture = np.zeros((200, 300, 3), np.uint8)
    picture[90, 120] = 255
    region = Region(110.0, 100.0, 128.0)
    shown = crop(picture, region)[0]
    y, x = np.unravel_index(np.argmax(shown), shown.shape)
    assert [x, y] == [128 + 2 * 10, 128 - 2 * 10]
    mirrored = crop(picture, region, mirror=True)[0]
    y, x = np.unravel_index(np.argmax(mirrored), mirrored.shape)
    assert [x, y] == [128 - 2 * 10, 128 - 2 * 10]


def test_beside_the_picture_there_is_black() -> None:
    picture = np.full((50, 50, 3), 255, np.uint8)
    black = (-MEAN / DEVIATION)[:, None, None]
    np.testing.assert_allclose(
        crop(picture, Region(500.0, 500.0, 60.0)), np.broadcast_to(black, (3, SIDE, SIDE)), rtol=1e-5
    )


def test_a_region_is_as_high_as_its_box_at_three_to_four() -> None:
    assert Region.around(np.array([10, 20, 40, 100])).side == 80
    assert Region.around(np.array([10, 20, 130, 100])).side == 160
    assert Region.around(np.array([10, 20, 40, 100]), 2.0) == Region(25.0, 60.0, 160.0)
