"""How stretches of a scanned source look, and where they end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.shots.bars import window_within
from pipeline.shots.fillings import window_inside
from pipeline.shots.scan import Mask, ShotScan
from schemas.media import FPS, REPEAT_LUMA, PictureStats

SHORTEST = 0.25
"""Of the steps between distinct pictures, the share that tells the rate."""

HELD_S = 0.5
"""A picture that is shown longer is frozen from then on, whether or not the file repeats it."""


def borders(scan: ShotScan, end_s: float, max_still_s: float) -> Mask:
    """Which pictures begin a shot, a transition, or a stretch that stands still longer than `max_still_s`."""
    still = standing(scan, end_s, max_still_s) & ~scan.is_mixed
    kind = scan.is_mixed + 2 * still
    cut = scan.is_cut & ~scan.is_mixed
    return np.asarray(cut | (np.diff(kind, prepend=kind[:1]) != 0))


def standing(scan: ShotScan, end_s: float, max_still_s: float) -> Mask:
    """Pictures of stretches, up to `end_s`, in which nothing changes for longer than `max_still_s`."""
    result = np.zeros(len(scan.change), np.bool_)
    ends_s = np.append(scan.begin_s[1:], end_s)
    moves = np.append(np.flatnonzero(scan.change > REPEAT_LUMA), len(scan.change))
    for first, stop in zip(np.append(0, moves[:-1]), moves, strict=True):
        if stop > first and ends_s[stop - 1] - scan.begin_s[first] > max_still_s:
            result[first:stop] = True
    return result


def odd_frames(scan: ShotScan, begin: int, end: int) -> tuple[int, ...]:
    """Frames of the clock from `begin` to `end`, exclusive, that show an odd picture."""
    shown = np.searchsorted(scan.tick, np.arange(begin, end), side="right") - 1
    return tuple((begin + np.flatnonzero(scan.is_odd[shown])).tolist())


def window_of(scan: ShotScan, begin: int, end: int, stored: tuple[int, int]) -> tuple[int, ...]:
    """What bars or fillings leave of pictures of `stored` px in frames `begin` to `end`, exclusive."""
    shown = pictures_of(scan, begin, end)
    bars = window_within(scan.edges[shown], scan.size, stored)
    return bars or window_inside(scan.fillings[shown], scan.size, stored)


def pictures_of(scan: ShotScan, begin: int, end: int) -> slice:
    """The pictures that frames `begin` to `end`, exclusive, of the clock show."""
    first = int(np.searchsorted(scan.tick, begin, side="right")) - 1
    return slice(first, int(np.searchsorted(scan.tick, end, side="left")))


def picture_stats(scan: ShotScan, begin: int, end: int) -> PictureStats:
    """How the pictures look that frames `begin` to `end`, exclusive, of the clock show."""
    shown = pictures_of(scan, begin, end)
    later = slice(shown.start + 1, shown.stop)
    changes = scan.change[later][scan.change[later] > REPEAT_LUMA]
    return PictureStats(
        brightness=float(np.median(scan.brightness[shown])),
        contrast=float(np.median(scan.contrast[shown])),
        motion=float(np.median(changes)) if changes.size else 0.0,
        frozen=frozen_share(np.clip(scan.begin_s[shown], begin / FPS, None), scan.change[shown], end / FPS),
        sharpness=float(np.median(scan.sharpness[shown])),
        rate=moving_rate(scan.begin_s[shown], scan.change[shown]),
        mixed=float(np.mean(scan.is_mixed[shown])),
    )


def moving_rate(begin_s: NDArray[np.float64], change: NDArray[np.float64]) -> float:
    """Distinct pictures a second where it moves: by the quarter of the steps between them that are shortest.

    A file may store 12 pictures a second as 24, and pictures that stand still say nothing of the others.
    """
    steps_s = np.diff(begin_s[1:][change[1:] > REPEAT_LUMA], prepend=begin_s[:1])
    return 1 / float(np.quantile(steps_s, SHORTEST)) if len(steps_s) else 0.0


def frozen_share(begin_s: NDArray[np.float64], change: NDArray[np.float64], end_s: float) -> float:
    """Share of the time up to `end_s` in which pictures repeat the one before or are held too long."""
    lengths_s = np.diff(begin_s, append=end_s)
    repeats = change <= REPEAT_LUMA
    repeats[0] = False
    frozen_s = np.where(repeats, lengths_s, np.maximum(0.0, lengths_s - HELD_S))
    return float(frozen_s.sum() / lengths_s.sum())
