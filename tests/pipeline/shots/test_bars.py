"""Black bars are found in pictures that are not black, and what they leave is told in source px."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.shots.bars import black_edges, window_within
from pipeline.shots.looks import window_of
from tests.pipeline.shots.made import scanned, shot


def test_what_bars_leave_of_a_larger_source() -> None:
    frames = shot(1, 40)
    frames[:, :12] = 3
    frames[:, -12:] = 16
    found = scanned(frames)
    x0, y0, x1, y1 = window_of(found, 0, 38, (320, 180))
    assert (x0, x1) == (0, 320)
    assert (y0, y1) == (26, 154), "24 px are bars on either side, and one of the pixels seen is cut more"


def test_bars_are_what_stays_black() -> None:
    edges = np.array([[0, 10, 0, 10], [0, 14, 0, 10], [80, 45, 80, 45]])
    assert window_within(edges, (160, 90), (160, 90)) == (0, 11, 160, 79)
    assert window_within(np.array([[0, 1, 0, 0]]), (160, 90), (160, 90)) == ()
    assert window_within(np.array([[160, 90, 160, 90]]), (160, 90), (160, 90)) == ()


@pytest.mark.parametrize("level", [0, 16])
def test_edges_of_a_picture(level: int) -> None:
    picture = np.full((60, 80), 120, np.uint8)
    picture[:5], picture[:, 70:] = level, level
    assert black_edges(picture) == (0, 5, 10, 0)
    assert black_edges(np.full((60, 80), level, np.uint8)) == (80, 60, 80, 60)


def test_ordinary_pictures_have_none() -> None:
    found = scanned(shot(2, 40))
    assert window_of(found, 0, 38, (160, 90)) == ()
