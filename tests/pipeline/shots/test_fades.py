"""Fades through a blank picture, and blank pictures that nothing fades into."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.shots.fades import faded
from tests.pipeline.shots.made import scanned, shot


@pytest.mark.parametrize("colour", [0, 255])
def test_a_fade_through_a_colour_is_found_to_its_ends(colour: int) -> None:
    frames = np.concatenate([shot(1, 60), shot(2, 60)])
    share = np.interp(np.arange(120), [40, 60, 80], [1.0, 0.0, 1.0])[:, None, None, None]
    found = scanned((share * frames + (1 - share) * colour).astype(np.uint8)).is_mixed
    assert found[42:79].all()
    assert not found[:38].any()
    assert not found[83:].any()


def test_a_blank_stretch_between_cuts_is_a_shot() -> None:
    contrast = np.array([*[50.0] * 30, *[1.0] * 20, *[40.0] * 30])
    assert not faded(np.arange(80) / 25, contrast).any()


def test_a_long_blank_stretch_is_no_part_of_the_fades_beside_it() -> None:
    contrast = np.concatenate([[50.0] * 30, np.linspace(50, 2, 20), [1.0] * 60, np.linspace(2, 50, 20)])
    found = faded(np.arange(130) / 25, contrast)
    assert found[32:45].all()
    assert not found[52:105].any()
    assert found[115:128].all()


def test_dull_pictures_are_no_fade() -> None:
    contrast = 9 + np.sin(np.arange(100) / 5)
    assert not faded(np.arange(100) / 25, contrast).any()
