"""Combs are told from lines: a weave of moments has as many teeth as the next weave, a picture has few."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from media.decode import decode
from pipeline.shots.combs import comb_ratios, combed
from schemas.media import Frames
from tests.films import probed


def film(num: int, fine: int = 8) -> Frames:
    """A textured square that moves by 5 px a picture before lines of `fine` px that stand still (t h w 3)."""
    lines = 60 + 100 * (np.arange(96) // fine % 2)
    frames = np.repeat(lines, 160)[None].reshape(1, 96, 160).repeat(num, axis=0)
    texture = np.random.default_rng(0).integers(80, 255, (12, 12)).repeat(4, axis=0).repeat(4, axis=1)
    for t, frame in enumerate(frames):
        frame[24:72, 5 * t : 5 * t + 48] = texture
    return np.repeat(frames[..., None], 3, axis=3).astype(np.uint8)


def woven(frames: Frames, first: int) -> Frames:
    """Pictures of two fields each, that of the lines from `first` on first."""
    early, late = frames[::2], frames[1::2].copy()
    late[:, first::2] = early[:, first::2]
    return late


@pytest.mark.parametrize("first", [0, 1], ids=["upper field first", "lower field first"])
def test_woven_pictures_are_combed(first: int) -> None:
    assert combed(list(comb_ratios(woven(film(10), first))))


@pytest.mark.parametrize("fine", [8, 1], ids=["ordinary", "lines as fine as combs"])
def test_whole_pictures_are_not(fine: int) -> None:
    assert not combed(list(comb_ratios(film(5, fine))))


def test_what_stands_still_tells_nothing() -> None:
    still = np.repeat(woven(film(2), 0), 5, axis=0)
    assert list(comb_ratios(still)) == []
    assert not combed([1.0, 1.0])


def test_a_broadcast_without_its_marks(shared: Path) -> None:
    marked = probed(shared / "cases" / "interlaced_dvd_mpeg2__combs_stored.mpg")
    for video, found in ((marked, False), (replace(marked, interlaced=False), True)):
        ratios = [ratio for frames in decode(video, 0, 40, window=10) for ratio in comb_ratios(frames)]
        assert combed(ratios) == found
