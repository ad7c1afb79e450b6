"""A canvas lies within the bars of the pictures, has their aspect, and says what was cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.geometry import apply_affine
from pipeline.stages.control import ControlSettings
from tests.pipeline.stages.figure_controls import FULL, controlled
from tests.rejected import reason_of
from tests.tracked import tracked_of


def test_a_canvas_lies_within_the_bars() -> None:
    tracked = tracked_of(replace(FULL, width=640, height=640))
    made = controlled(replace(tracked, clip=replace(tracked.clip, window=(0, 140, 640, 500))))
    assert made.width / made.height == pytest.approx(640 / 360, rel=0.03)
    scale, (x, y) = made.to_canvas[0, 0], made.to_canvas[:, 2]
    first = (-0.5 - x) / scale, (-0.5 - y) / scale
    last = (made.width - 0.5 - x) / scale, (made.height - 0.5 - y) / scale
    assert (np.array(first) >= np.array([-0.5, 139.5]) - 1e-6).all()
    assert (np.array(last) <= np.array([639.5, 499.5]) + 1e-6).all()
    np.testing.assert_allclose(
        made.controls.joints2d, apply_affine(made.to_canvas, tracked.body.joints2d), atol=1e-2
    )
    assert made.quality["bars_ratio"] == pytest.approx(280 / 640)


def test_flashes_are_counted() -> None:
    tracked = tracked_of(FULL)
    first = tracked.clip.first_frame
    made = controlled(replace(tracked, clip=replace(tracked.clip, odd_frames=(first + 3, first + 9))))
    assert made.quality["odd_ratio"] == 2 / tracked.clip.num_frames


def test_a_shape_that_no_canvas_has_is_a_reject() -> None:
    settings = ControlSettings(canvas_area=16_000)
    tracked = tracked_of(replace(FULL, width=320, height=150))
    assert reason_of(lambda: controlled(tracked, settings)) == "no_canvas"
