"""Gradual transitions are found where they are, moving pictures and changing light are none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from schemas.media import Frames
from tests.pipeline.shots.made import panned, scanned, shot, through, wiped


@pytest.mark.parametrize("mix", [through, wiped])
@pytest.mark.parametrize("num", [1, 6, 12, 25])
def test_pictures_that_show_two_shots_are_all_found(
    mix: Callable[[Frames, Frames, int, int], Frames], num: int
) -> None:
    found = scanned(mix(shot(1, 90), shot(2, 90), 40, num)).is_mixed
    assert found[40 : 40 + num].all()
    spare = 3 + num // 2
    assert not found[: 40 - spare].any()
    assert not found[40 + num + spare :].any()


def test_a_cut_is_no_transition() -> None:
    found = scanned(np.concatenate([shot(1, 45), shot(2, 45)]))
    assert np.flatnonzero(found.is_cut).tolist() == [45]
    assert not found.is_mixed.any()


@pytest.mark.parametrize("speed_px", [0.5, 2.0, 4.0, 10.0])
def test_moving_pictures_are_none(speed_px: float) -> None:
    assert not scanned(panned(3, 100, speed_px)).is_mixed.any()


def test_light_that_changes_is_none() -> None:
    gain = np.interp(np.arange(80), [30, 45], [0.5, 1.0])[:, None, None, None]
    assert not scanned((shot(4, 80) * gain).astype(np.uint8)).is_mixed.any()
