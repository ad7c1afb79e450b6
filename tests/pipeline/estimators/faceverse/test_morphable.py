"""What moves in a head."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.estimators.faceverse.morphable import HeadModel
from pipeline.estimators.faceverse.net import NUM_COEFFICIENTS

POINTS = 19800


def test_eyes_turn_about_their_own_middles_and_teeth_go_with_the_jaw() -> None:
    mean = 8 * np.random.default_rng(0).standard_normal((POINTS, 3))
    expression = np.zeros((POINTS, 3, 177), np.float32)
    expression[19496, 2, 0] = 30.0
    model = HeadModel.of(
        {
            "meanshape": mean,
            "idBase": np.zeros((3 * POINTS, 156)),
            "exBase": expression,
            "ver_inds": np.array([19000, 19200, 19400, 19500, 19600, POINTS]),
            "keypoints_mediapipe": np.arange(478),
        }
    )
    straight, turned = np.zeros((2, 1, NUM_COEFFICIENTS))
    turned[0, 156], turned[0, -3] = 1.0, np.pi / 2  # the jaw, and the left eye about the vertical
    before, after = model.points(straight)[0], model.points(turned)[0]
    ball = before[19000:19200] - before[19000:19200].mean(axis=0)
    np.testing.assert_allclose(
        after[19000:19200] - before[19000:19200].mean(axis=0), ball[:, [2, 1, 0]] * [1, 1, -1], atol=1e-9
    )
    np.testing.assert_allclose(after[19200:19400], before[19200:19400], atol=1e-9)
    np.testing.assert_allclose((after - before)[19500:, 2], 0.3, atol=1e-9)


def test_a_model_of_other_sizes_is_refused() -> None:
    arrays: dict[str, Any] = {
        "meanshape": np.zeros((10, 3)),
        "idBase": np.zeros((30, 156)),
        "exBase": np.zeros((30, 177)),
    }
    rest: dict[str, Any] = {"ver_inds": np.arange(6), "keypoints_mediapipe": np.arange(478)}
    with pytest.raises(ValueError, match="too few points"):
        HeadModel.of(arrays | rest)
    with pytest.raises(ValueError, match="do not fit"):
        HeadModel.of(arrays | rest | {"exBase": np.zeros((30, 52))})
