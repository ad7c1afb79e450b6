"""Figures that walk out of a closer canvas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.sample.retarget import Figure
from model.sample.travel import BORDER, Held, held, middle_of, shifted
from schemas.controls import Controls
from schemas.joints import J
from tests.synth import Scene, true_controls

SCENE = Scene(number=1, width=320, height=480, num_frames=20)


def walking(px: float) -> Controls:
    """Someone whose neck goes evenly from the middle of the canvas by so many px to the right."""
    still = true_controls(SCENE)
    away = np.array([160.0, 200.0]) - middle_of(still)
    return shifted(still, away + np.linspace(0, px, 20)[:, None] * [1, 0])


def figure(controls: Controls) -> Figure:
    return Figure(controls=controls, framing="full", width=320, height=480)


def on_canvas(driver_px: float, px: float) -> tuple[Controls, Held]:
    asked = walking(px)
    return asked, held(figure(walking(driver_px)), figure(walking(0)), asked)


def test_a_way_out_of_the_canvas_is_shortened_to_its_border() -> None:
    asked, found = on_canvas(100, 400)
    assert found.left == pytest.approx(0.6)  # frames 8 to 19 are more than 160 px away
    assert found.travel == pytest.approx((160 / 400 * (1 - 2 * BORDER), 1), abs=0.01)
    neck = middle_of(found.controls)
    assert neck[-1, 0] == pytest.approx((1 - BORDER) * 320, abs=0.5)
    np.testing.assert_allclose(np.diff(neck[:, 0]), np.diff(neck[:, 0])[0], atol=1e-3)
    for name in ("joints2d", "left_hand2d"):  # the body does what it did
        own, before = getattr(found.controls, name), getattr(asked, name)
        np.testing.assert_allclose(own - neck[:, None], before - middle_of(asked)[:, None], atol=1e-3)
    np.testing.assert_allclose(
        found.controls.head_center - neck, asked.head_center - middle_of(asked), atol=1e-3
    )
    bones = found.controls.joints3d - found.controls.joints3d[:, [J["neck"]]]
    np.testing.assert_allclose(bones, asked.joints3d - asked.joints3d[:, [J["neck"]]], atol=1e-4)


def test_a_figure_on_its_canvas_is_left_alone_and_so_is_one_whose_driver_leaves() -> None:
    for asked, found in (on_canvas(100, 150), on_canvas(400, 400)):
        assert found.controls is asked
        assert (found.left, found.travel) == (0, (1, 1))


def test_a_portrait_is_held_by_its_head() -> None:
    asked = walking(400)
    bodiless = replace(asked, body_valid=np.zeros(20, np.bool_))
    driver = walking(0)
    found = held(figure(driver), figure(driver), bodiless)
    assert found.left > 0.5
    assert found.controls.head_center[-1, 0] <= (1 - BORDER) * 320 + 0.5
