"""Every picture is judged once, in the middle of a window, however many there are."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.estimators.transnet.windows import Scores, SlidingWindows


class Numbered:
    """A network that tells the number that a picture shows, and keeps the windows that it saw."""

    def __init__(self) -> None:
        self.seen: list[list[int]] = []

    def __call__(self, window: NDArray[np.uint8]) -> Scores:
        assert window.shape == (100, 27, 48, 3)
        numbers = window[:, 0, 0, 0].astype(np.float32)
        self.seen.append(numbers.astype(int).tolist())
        return numbers, 255 - numbers


@pytest.mark.parametrize("num", [1, 26, 49, 50, 51, 75, 100, 101, 230])
def test_pictures_are_told_in_their_order(num: int) -> None:
    network = Numbered()
    windows = SlidingWindows(network)
    for number in range(num):
        windows(np.full((54, 96, 3), number, np.uint8))
        assert len(windows.waiting) < 100
    single, many = windows.scores()
    assert single.tolist() == list(range(num))
    assert many.tolist() == [255 - number for number in range(num)]
    assert len(network.seen) == -(-num // 50)


def test_the_ends_are_repeated_around_the_pictures() -> None:
    network = Numbered()
    windows = SlidingWindows(network)
    for number in range(60):
        windows(np.full((27, 48, 3), number, np.uint8))
    windows.scores()
    padded = [0] * 25 + list(range(60)) + [59] * 65
    assert network.seen == [padded[:100], padded[50:150]]
