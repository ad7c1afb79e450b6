"""A flash costs itself: nothing is cut there, and its pictures are told."""

from __future__ import annotations

import numpy as np
import pytest

from tests.pipeline.shots.made import scanned, shot


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_flash_is_odd_and_cuts_nothing(length: int) -> None:
    frames = shot(1, 60)
    frames[30 : 30 + length] = frames[30 : 30 + length] // 10 + 230
    found = scanned(frames)
    assert np.flatnonzero(found.is_odd).tolist() == list(range(30, 30 + length))
    assert not found.is_cut.any()
    assert not found.is_mixed.any()


def test_another_shot_after_a_flash_is_cut() -> None:
    frames = np.concatenate([shot(1, 30), np.full((1, 90, 160, 3), 255, np.uint8), shot(2, 30)])
    found = scanned(frames)
    assert found.is_cut.any()
    assert not found.is_odd.any()


def test_a_short_shot_is_no_flash() -> None:
    found = scanned(np.concatenate([shot(1, 30), shot(2, 6), shot(1, 30)]))
    assert np.flatnonzero(found.is_cut).tolist() == [30, 36]
    assert not found.is_odd.any()
