"""What a finder finds beside our own is cut, is mixed, or is a flash's after all."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from pipeline.shots.looks import borders
from pipeline.shots.scan import ShotScan, SplitSettings, scan
from schemas.media import Frames
from tests.pipeline.shots.made import FPS, shot


class Found:
    """A finder that knows what it is to find."""

    def __init__(self, cuts: set[int], gradual: list[tuple[int, int]]) -> None:
        self.cuts, self.gradual = cuts, gradual
        self.seen: list[tuple[int, ...]] = []

    def __call__(self, picture: NDArray[np.uint8]) -> None:
        self.seen.append(picture.shape)

    def found(self) -> tuple[set[int], list[tuple[int, int]]]:
        return self.cuts, self.gradual


def scanned(frames: Frames, finder: Found) -> ShotScan:
    timed = ((Fraction(k, FPS), frame) for k, frame in enumerate(frames))
    return scan(timed, SplitSettings(), finder)


def test_both_find() -> None:
    finder = Found({12, 40}, [(20, 24)])
    found = scanned(np.concatenate([shot(1, 30), shot(2, 30)]), finder)
    assert finder.seen == [(90, 160, 3)] * 60
    assert np.flatnonzero(found.is_cut).tolist() == [12, 30, 40]
    assert np.flatnonzero(found.is_mixed).tolist() == [20, 21, 22, 23]
    assert np.flatnonzero(borders(found, 60 / FPS, 0.75)).tolist() == [12, 20, 24, 30, 40]


def test_a_flash_stays_one() -> None:
    frames = shot(1, 40)
    frames[20] = 255
    found = scanned(frames, Found({20, 21}, [(19, 22)]))
    assert np.flatnonzero(found.is_odd).tolist() == [20]
    assert not found.is_cut.any()
    assert np.flatnonzero(found.is_mixed).tolist() == [19, 21]
