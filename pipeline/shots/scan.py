"""One pass over the pictures of a source: which begin a shot, which are no shot's, how they look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from media.clock import first_tick
from pipeline.shots.bars import black_edges
from pipeline.shots.cuts import CutFinder
from pipeline.shots.fades import faded
from pipeline.shots.fillings import blurred_edges
from pipeline.shots.flashes import FlashFinder
from pipeline.shots.thumbnails import History, thumbnail
from pipeline.shots.transitions import MOST_PICTURES, SPANS_S, TransitionFinder

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class SplitSettings:
    """What ends a shot.

    A cut is a large change of content, or a smaller change of luma that stands out from those of the two
    pictures before and after: a jump cut in a steady shot. Luma alone serves the second, because the hue of a
    grey wall is noise. Where what comes after an odd picture is what came before it, as with a camera's
    flash, nothing is cut.
    """

    cut_content: float = 30.0
    """Mean change of hue, saturation and luma, 0..255, that is always a cut."""
    jump_luma: float = 7.0
    """Mean change of luma, 0..255, that is a cut where it stands out."""
    jump_ratio: float = 5.0
    """How many times the mean change around it a change must be to stand out."""
    max_still_s: float = 0.75
    """A picture that stands still for longer, as while a stream is waited for, is a stretch of its own."""


@dataclass(frozen=True)
class ShotScan:
    """What one pass over the pictures of a source found: one entry a picture."""

    begin_s: NDArray[np.float64]  # from the source's first picture
    tick: NDArray[np.int64]  # frame of the clock that shows it first
    is_cut: Mask  # it begins a new shot
    is_mixed: Mask  # a transition between shots, or into a blank picture
    is_odd: Mask  # a flash: it is unlike the pictures before and after, which are alike
    brightness: NDArray[np.float64]
    contrast: NDArray[np.float64]
    sharpness: NDArray[np.float64]
    change: NDArray[np.float64]  # mean change of luma from the picture before
    edges: NDArray[np.int64]  # (n, 4): what is black at its left, top, right and bottom, px of the size seen
    fillings: NDArray[np.int64]  # (n, 4): likewise what blurred fillings take, 0 without
    size: tuple[int, int]  # width and height as seen, px


class BoundaryFinder(Protocol):
    """Finds where shots become others, given the pictures of a source one by one."""

    def __call__(self, picture: NDArray[np.uint8], /) -> None:
        """See the next picture (h w 3), RGB."""

    def found(self) -> tuple[set[int], list[tuple[int, int]]]:
        """Pictures that begin a shot, and first picture and end, exclusive, of gradual transitions.

        To be asked once, when all pictures have been seen.
        """


def scan(
    pictures: Iterable[tuple[Fraction, NDArray[np.uint8]]],
    settings: SplitSettings,
    finder: BoundaryFinder | None = None,
) -> ShotScan:
    """Look once at pictures, RGB, with the times at which they begin; none is kept.

    What `finder` finds is found beside all else.
    """
    cuts = CutFinder(content=settings.cut_content, luma=settings.jump_luma, ratio=settings.jump_ratio)
    transitions, flashes = TransitionFinder(), FlashFinder(settings.jump_luma)
    seen = History(max(SPANS_S), MOST_PICTURES)
    times: list[tuple[float, int]] = []
    looks: list[tuple[float, ...]] = []
    edges: list[tuple[int, int, int, int]] = []
    fillings: list[tuple[int, int, int, int]] = []
    before: NDArray[np.uint8] | None = None
    for begin_s, picture in pictures:
        luma = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        cuts(picture)
        seen.append(float(begin_s), thumbnail(picture))
        transitions(seen)
        flashes(seen)
        if finder is not None:
            finder(picture)
        times.append((float(begin_s), first_tick(begin_s)))
        looks.append((*luma_stats(luma), float(cv2.absdiff(luma, luma if before is None else before).mean())))
        edges.append(black_edges(luma))
        fillings.append(blurred_edges(luma))
        before = luma
    begin, tick = (np.array(column) for column in zip(*times, strict=True))
    brightness, contrast, sharpness, change = np.array(looks, np.float64).T
    more_cuts, more_mixed = (set[int](), []) if finder is None else finder.found()
    is_odd = of_stretches(flashes.found, len(times))
    mixed = at(transitions.found, len(times)) | of_stretches(more_mixed, len(times))
    is_mixed = (mixed | faded(begin, contrast)) & ~is_odd
    flashed = {end for stretch in flashes.found for end in stretch}
    return ShotScan(
        begin_s=begin,
        tick=tick,
        is_cut=at((cuts.found | more_cuts) - flashed, len(times)),
        is_mixed=is_mixed,
        is_odd=is_odd,
        brightness=brightness,
        contrast=contrast,
        sharpness=sharpness,
        change=change,
        edges=np.array(edges, np.int64),
        fillings=np.array(fillings, np.int64),
        size=(luma.shape[1], luma.shape[0]),
    )


def at(places: Iterable[int], length: int) -> Mask:
    """True at some places of `length`."""
    mask = np.zeros(length, np.bool_)
    mask[sorted(places)] = True
    return mask


def of_stretches(stretches: Iterable[tuple[int, int]], length: int) -> Mask:
    """True in half-open stretches of `length`."""
    return at({place for stretch in stretches for place in range(*stretch)}, length)


def luma_stats(luma: NDArray[np.uint8]) -> tuple[float, float, float]:
    """Mean and standard deviation of a picture's luma, and the variance of its Laplacian."""
    mean, deviation = cv2.meanStdDev(luma)
    _, roughness = cv2.meanStdDev(cv2.Laplacian(luma, cv2.CV_16S))
    return float(mean[0, 0]), float(deviation[0, 0]), float(roughness[0, 0]) ** 2
