"""What stays as it is over a window is a photograph; noise is no life, and a single picture tells nothing."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.estimators.crops import Square
from pipeline.estimators.mediapipe.still import is_still
from schemas.media import Frames

HEAD = Square(60.0, 50.0, 40.0)


def wall(num: int, noise: float = 0.0) -> Frames:
    """A picture (t 100 120 3) on a wall, as a camera with noise sees it."""
    dice = np.random.default_rng(0)
    picture = np.kron(dice.integers(30, 220, (10, 12, 3)), np.ones((10, 10, 1)))
    return np.clip(picture + dice.normal(0, noise, (num, 100, 120, 3)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("noise", [0.0, 4.0])
def test_a_photograph_is_still(noise: float) -> None:
    assert is_still(wall(48, noise), HEAD, 6)


def test_a_head_that_moves_once_is_none() -> None:
    frames = wall(48)
    frames[20:26, 40:60, 50:70] = 255 - frames[20:26, 40:60, 50:70]
    assert not is_still(frames, HEAD, 6)


def test_a_head_that_a_moving_camera_sees_is_none() -> None:
    frames = np.stack([np.roll(frame, t, axis=1) for t, frame in enumerate(wall(48))])
    assert not is_still(frames, HEAD, 6)


def test_one_key_frame_tells_nothing() -> None:
    assert not is_still(wall(6), HEAD, 6)


def test_a_square_beyond_the_border_is_compared_where_it_is_seen() -> None:
    assert is_still(wall(48), Square(0.0, 0.0, 30.0), 6)
    assert is_still(wall(48), Square(-90.0, 40.0, 30.0), 6)
