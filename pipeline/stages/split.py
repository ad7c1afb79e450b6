"""Probed -> Clip: shots, and the stretches cut from them, in one pass over the file."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from media.clock import first_tick, num_ticks
from media.pictures import small_pictures
from schemas.media import FPS, MAX_CLIP_FRAMES, REPEAT_LUMA, Clip, PictureStats, Probed, clip_key

LOOK_HEIGHT_PX = 360
CUT_HEIGHT_PX = 180
"""Heights of the pictures that are looked at, and of those that are compared to find cuts."""

SHORTEST = 0.25
"""Of the steps between distinct pictures, the share that tells the rate."""

HELD_S = 0.5
"""A picture that is shown longer is frozen from then on, whether or not the file repeats it."""


@dataclass(frozen=True, kw_only=True)
class SplitSettings:
    """What a cut is.

    A cut is a large change of content, or a smaller change of luma that stands out from those of the two
    pictures before and after: a jump cut in a steady shot. Luma alone serves the second, because the hue of a
    grey wall is noise. A flash or a dropped-out picture is cut on both sides: no motion goes through it.
    """

    cut_content: float = 30.0
    """Mean change of hue, saturation and luma, 0..255, that is always a cut."""
    jump_luma: float = 7.0
    """Mean change of luma, 0..255, that is a cut where it stands out."""
    jump_ratio: float = 5.0
    """How many times the mean change around it a change must be to stand out."""


@dataclass(frozen=True)
class ShotScan:
    """What one pass over the pictures of a source found: one entry a picture."""

    begin_s: NDArray[np.float64]  # from the source's first picture
    tick: NDArray[np.int64]  # frame of the clock that shows it first
    is_cut: NDArray[np.bool_]  # it begins a new shot
    brightness: NDArray[np.float64]
    contrast: NDArray[np.float64]
    sharpness: NDArray[np.float64]
    change: NDArray[np.float64]  # mean change of luma from the picture before


class Split:
    """Gives every stretch of every shot, the short ones too."""

    version: ClassVar[int] = 1

    def __init__(self, settings: SplitSettings) -> None:
        self.settings = settings

    def __call__(self, video: Probed) -> Iterator[Clip]:
        """Clips of at most `MAX_CLIP_FRAMES` that follow one another and never contain a cut.

        Raises:
            Rejected: as `media.pictures.pictures`. Every picture is decoded here, and a damaged file
                goes no further.
        """
        scan = scan_pictures(video, self.settings)
        ends = [0, *scan.tick[scan.is_cut].tolist(), num_ticks(video.duration_s)]
        for first, stop in itertools.pairwise(ends):
            for begin, end in stretches(first, stop):
                yield Clip(
                    key=clip_key(video.key, begin),
                    video=video,
                    first_frame=begin,
                    num_frames=end - begin,
                    look=look_at(scan, begin, end),
                )


def stretches(first: int, stop: int) -> Iterator[tuple[int, int]]:
    """A shot's frames `first` to `stop`, exclusive, in as few stretches as may be, of nearly equal length."""
    length = stop - first
    num = math.ceil(length / MAX_CLIP_FRAMES)
    for part in range(num):
        yield first + length * part // num, first + length * (part + 1) // num


def scan_pictures(video: Probed, settings: SplitSettings) -> ShotScan:
    """Cuts and looks of all pictures of a source; they are decoded once and none is kept."""
    find_cuts = CutFinder(settings)
    times: list[tuple[float, int]] = []
    looks: list[tuple[float, ...]] = []
    before: NDArray[np.uint8] | None = None
    for begin_s, picture in small_pictures(video, max_height=LOOK_HEIGHT_PX):
        luma = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        find_cuts(picture)
        times.append((float(begin_s), first_tick(begin_s)))
        looks.append((*look_of(luma), float(cv2.absdiff(luma, luma if before is None else before).mean())))
        before = luma
    begin, tick = zip(*times, strict=True)
    brightness, contrast, sharpness, change = np.array(looks, np.float64).T
    is_cut = np.zeros(len(times), np.bool_)
    is_cut[sorted(find_cuts.found)] = True
    return ShotScan(
        begin_s=np.array(begin, np.float64),
        tick=np.array(tick, np.int64),
        is_cut=is_cut,
        brightness=brightness,
        contrast=contrast,
        sharpness=sharpness,
        change=change,
    )


class CutFinder:
    """PySceneDetect's detectors, given the pictures of a source one by one."""

    def __init__(self, settings: SplitSettings) -> None:
        from scenedetect import FrameTimecode
        from scenedetect.detectors import AdaptiveDetector, ContentDetector

        self.found: set[int] = set()
        self.num_seen = 0
        self.time_of = partial(FrameTimecode, fps=float(FPS))  # it counts pictures, the rate is not used
        self.detectors = (
            ContentDetector(threshold=settings.cut_content, min_scene_len=0),
            AdaptiveDetector(
                adaptive_threshold=settings.jump_ratio,
                min_content_val=settings.jump_luma,
                luma_only=True,
                min_scene_len=0,
            ),
        )

    def __call__(self, picture: NDArray[np.uint8]) -> None:
        """Look at the next picture (h w 3), RGB."""
        height, width = picture.shape[:2]
        scale = min(1.0, CUT_HEIGHT_PX / height)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = cv2.cvtColor(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR)
        now = self.time_of(self.num_seen)
        for detector in self.detectors:
            self.found |= {cut.frame_num for cut in detector.process_frame(now, small)}
        self.num_seen += 1


def look_of(luma: NDArray[np.uint8]) -> tuple[float, float, float]:
    """Mean and standard deviation of a picture's luma, and the variance of its Laplacian."""
    mean, deviation = cv2.meanStdDev(luma)
    _, roughness = cv2.meanStdDev(cv2.Laplacian(luma, cv2.CV_16S))
    return float(mean[0, 0]), float(deviation[0, 0]), float(roughness[0, 0]) ** 2


def look_at(scan: ShotScan, begin: int, end: int) -> PictureStats:
    """How the pictures look that frames `begin` to `end`, exclusive, of the clock show."""
    first = int(np.searchsorted(scan.tick, begin, side="right")) - 1
    stop = int(np.searchsorted(scan.tick, end, side="left"))
    here, later = slice(first, stop), slice(first + 1, stop)
    changes = scan.change[later][scan.change[later] > REPEAT_LUMA]
    return PictureStats(
        brightness=float(np.median(scan.brightness[here])),
        contrast=float(np.median(scan.contrast[here])),
        motion=float(np.median(changes)) if changes.size else 0.0,
        frozen=frozen_share(np.clip(scan.begin_s[here], begin / FPS, None), scan.change[here], end / FPS),
        sharpness=float(np.median(scan.sharpness[here])),
        rate=moving_rate(scan.begin_s[here], scan.change[here]),
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
