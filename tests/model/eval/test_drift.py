"""Known drifts, jumps and flickers are found as large as they are."""

from __future__ import annotations

import numpy as np
import pytest

from model.eval.drift import Segments, over_time, slope
from model.eval.stream import measure
from model.eval.time_meter import TimeMeter

SEGMENTS = Segments(first=11, later=10)


def film(frames: int = 51, side: int = 48) -> np.ndarray:
    """Noise that moves two pixels a frame, of mean 100."""
    noise = np.random.default_rng(5).integers(60, 140, (side, side, 3))
    noise = np.kron(noise[::8, ::8], np.ones((8, 8, 1), int))
    return np.stack([np.roll(noise, 2 * t, axis=1) for t in range(frames)]).astype(np.uint8)


def numbers(frames: np.ndarray) -> dict[str, float]:
    return over_time(measure([TimeMeter()], frames, None).frames, SEGMENTS)


def test_colour_that_grows_by_a_hundredth_a_segment_has_a_slope_of_a_hundredth() -> None:
    steady = film().astype(float)
    for part, frames in enumerate(SEGMENTS.parts(len(steady))):
        steady[frames] *= 1 + 0.01 * part
    found = numbers(np.rint(steady).clip(0, 255).astype(np.uint8))
    assert found["colour_slope"] == pytest.approx(0.01, abs=2e-4)
    assert numbers(film())["colour_slope"] == pytest.approx(0.0, abs=1e-6)


def test_a_copied_frame_at_a_border_is_no_jump_and_a_cut_is_a_large_one() -> None:
    copied, cut = film(), film()
    for border in SEGMENTS.borders(len(copied)):
        copied[border] = copied[border - 1]
        cut[border:] = np.flip(cut[border:], axis=1)
    assert numbers(film())["border_jump"] == pytest.approx(1.0, abs=0.1)
    assert numbers(copied)["border_jump"] == 0.0
    assert numbers(cut)["border_jump"] > 1.5


def test_a_frozen_film_is_still_and_has_no_motion() -> None:
    found = numbers(np.repeat(film()[:1], 51, axis=0))
    assert (found["stillness_vbench"], found["dynamic_degree"], found["flicker"]) == (1.0, 0.0, 0.0)
    assert "border_jump" not in found
    assert numbers(film())["dynamic_degree"] > 0.5


def test_brightness_that_flickers_is_measured() -> None:
    frames = film().astype(int)
    frames[1::2] += 6
    assert numbers(frames.astype(np.uint8))["flicker"] == pytest.approx(12.0, abs=0.1)


def test_blur_from_segment_to_segment_is_a_slope_of_sharpness() -> None:
    frames = film().astype(float)
    for part, span in enumerate(SEGMENTS.parts(len(frames))):
        for _ in range(part):
            frames[span] = (frames[span] + np.roll(frames[span], 1, axis=2)) / 2
    assert numbers(frames.astype(np.uint8))["sharpness_slope"] < -0.05


def test_segments_are_cut_as_a_film_is_made() -> None:
    assert Segments().borders(217) == [73, 145]
    assert [part.stop - part.start for part in Segments().parts(217)] == [73, 72, 72]
    assert np.isnan(slope(np.ones(20), Segments(), relative=True))
    with pytest.raises(ValueError, match="at least 2"):
        Segments(first=1)
