"""PSNR and SSIM of pictures, each under the name of its variant: no two papers compute them alike.

Pictures are uint8, (..., H, W, 3), RGB. All sums are in float64.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[np.uint8]
Values = NDArray[np.float64]

PEAK = 255.0
C1, C2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2
"""What keeps SSIM's fractions finite (Wang et al. 2004)."""
GREY = (9798, 19235, 3735)
"""Luma of BT.601 as OpenCV has it for bytes: so many of 2^15 parts of R, G and B, rounded."""
MOST_PSNR = 100.0
"""What equal pictures have: infinity has no mean."""


def psnr(made: Pictures, truth: Pictures) -> Values:
    """20 log10(255 / root mean square difference) of each picture, dB, over its pixels and channels (...).

    100 for equal pictures, and at most that. Differences are those of numbers, not of bytes that wrap.

    Raises:
        ValueError: the shapes differ.
    """
    same_shape(made, truth)
    mean = np.square(made.astype(np.float64) - truth).mean(axis=(-3, -2, -1))
    with np.errstate(divide="ignore"):
        decibels: Values = np.minimum(10 * np.log10(PEAK**2 / mean), MOST_PSNR)
    return decibels


def ssim_gauss_rgb(made: Pictures, truth: Pictures) -> Values:
    """Structural similarity of each picture, over RGB, in Gaussian windows (...).

    Wang et al. 2004: 11 px, sigma 1.5, weights that add up to 1, windows that lie wholly inside. Equal to
    scikit-image with `gaussian_weights=True, use_sample_covariance=False`.

    Raises:
        ValueError: the shapes differ, or a side is below 11 px.
    """
    same_shape(made, truth)
    taps = np.exp(-np.square(np.arange(-5, 6)) / (2 * 1.5**2))
    return similarity(made.astype(np.float64), truth.astype(np.float64), taps / taps.sum(), 1.0)


def ssim_disco(made: Pictures, truth: Pictures) -> Values:
    """Structural similarity of each picture as DisCo's evaluator has it: grey bytes, even windows (...).

    7 px, the covariance of a sample: scikit-image's defaults, which most tables of this field come from.

    Raises:
        ValueError: the shapes differ, or a side is below 7 px.
    """
    same_shape(made, truth)
    return similarity(grey(made), grey(truth), np.full(7, 1 / 7), 49 / 48)


def grey(pictures: Pictures) -> Values:
    """The same pictures in grey, (..., H, W, 1)."""
    return ((pictures.astype(np.int64) @ GREY + 2**14) >> 15)[..., None].astype(np.float64)


def similarity(made: Values, truth: Values, taps: Values, sample: float) -> Values:
    """Mean of SSIM over windows and channels, windows weighted by taps x taps."""
    mean_a, mean_b = windows(made, taps), windows(truth, taps)
    var_a, var_b = (sample * (windows(x * x, taps) - m * m) for x, m in ((made, mean_a), (truth, mean_b)))
    both = sample * (windows(made * truth, taps) - mean_a * mean_b)
    structure = (2 * mean_a * mean_b + C1) * (2 * both + C2)
    values: Values = structure / ((mean_a**2 + mean_b**2 + C1) * (var_a + var_b + C2))
    return values.mean(axis=(-3, -2, -1))


def windows(pictures: Values, taps: Values) -> Values:
    """Weighted means of all windows inside pictures (..., H, W, C).

    Raises:
        ValueError: the pictures are smaller than a window.
    """
    if min(pictures.shape[-3:-1]) < len(taps):
        height, width = pictures.shape[-3:-1]
        raise ValueError(f"pictures of {width}x{height} px are smaller than a window of {len(taps)} px")
    for axis in (-3, -2):
        size = pictures.shape[axis] - len(taps) + 1
        starts = (np.take(pictures, range(k, k + size), axis=axis) for k in range(len(taps)))
        pictures = np.asarray(sum(tap * part for tap, part in zip(taps, starts, strict=True)))
    return pictures


def same_shape(made: Pictures, truth: Pictures) -> None:
    """Raise ValueError where two stacks of pictures differ in shape."""
    if made.shape != truth.shape:
        raise ValueError(f"pictures of shapes {made.shape} and {truth.shape} cannot be compared")
