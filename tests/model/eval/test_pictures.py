"""PSNR and SSIM by their closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.eval.pictures import MOST_PSNR, Pictures, psnr, ssim_disco, ssim_gauss_rgb

METRICS = (psnr, ssim_gauss_rgb, ssim_disco)


def flat(value: int) -> Pictures:
    return np.full((2, 20, 24, 3), value, np.uint8)


@pytest.mark.parametrize(("apart", "decibels"), [(1, 48.1308), (10, 28.1308), (255, 0.0), (0, MOST_PSNR)])
def test_psnr_of_a_constant_difference(apart: int, decibels: float) -> None:
    np.testing.assert_allclose(psnr(flat(apart), flat(0)), [decibels] * 2, atol=1e-4)


def test_bytes_do_not_wrap() -> None:
    np.testing.assert_allclose(psnr(flat(0), flat(200)), psnr(flat(200), flat(0)))


@pytest.mark.parametrize("metric", [ssim_gauss_rgb, ssim_disco])
def test_ssim_of_flat_pictures(metric) -> None:
    c1 = 6.5025
    expected = (2 * 100 * 110 + c1) / (100**2 + 110**2 + c1)
    np.testing.assert_allclose(metric(flat(100), flat(110)), [expected] * 2, atol=1e-9)
    assert expected == pytest.approx(0.995476, abs=1e-6)


@pytest.mark.parametrize("metric", METRICS)
def test_equal_pictures_and_their_negatives(metric) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (2, 20, 24, 3)).astype(np.uint8)
    most = MOST_PSNR if metric is psnr else 1.0
    np.testing.assert_allclose(metric(noise, noise), [most] * 2)
    assert (metric(noise, 255 - noise) < (10 if metric is psnr else 0)).all()


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_picture_is_as_far_from_another_as_the_other_from_it(metric, seed: int) -> None:
    one, other = np.random.default_rng(seed).integers(0, 256, (2, 12, 13, 3)).astype(np.uint8)
    np.testing.assert_allclose(metric(one, other), metric(other, one), atol=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_pictures_of_other_sizes_are_refused(metric) -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        metric(flat(1), flat(1)[:, :19])


def test_pictures_smaller_than_a_window_are_refused() -> None:
    with pytest.raises(ValueError, match="24x10 px are smaller than a window of 11 px"):
        ssim_gauss_rgb(flat(1)[:, :10], flat(1)[:, :10])
