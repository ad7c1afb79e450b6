"""Probed -> Clip: shots, and the stretches cut from them, in one pass over the file."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import ClassVar

from media.clock import num_ticks
from media.pictures import small_pictures
from pipeline.shots.looks import borders, odd_frames, picture_stats, window_of
from pipeline.shots.scan import BoundaryFinder, ShotScan, SplitSettings, scan
from schemas.media import MAX_CLIP_FRAMES, Clip, Probed, clip_key

SCAN_HEIGHT_PX = 360
"""Height of the pictures that are looked at."""


class Split:
    """Gives every stretch of every shot, the short ones too, and every transition as a clip of its own.

    `finder` makes for each source what finds more transitions.
    """

    version: ClassVar[int] = 3

    def __init__(self, settings: SplitSettings, finder: Callable[[], BoundaryFinder] | None = None) -> None:
        self.settings, self.finder = settings, finder

    def __call__(self, video: Probed) -> Iterator[Clip]:
        """Clips of at most `MAX_CLIP_FRAMES` that follow one another and never contain a cut.

        Raises:
            Rejected: as `media.pictures.pictures`. Every picture is decoded here, and a damaged file
                goes no further.
        """
        found = self.scan(video)
        for first, stop in shots(video, found, self.settings.max_still_s):
            for begin, end in stretches(first, stop):
                yield clip_of(video, found, begin, end)

    def whole_shots(self, video: Probed) -> Iterator[Clip]:
        """As a call, but every shot as one clip, however long.

        Raises:
            Rejected: as a call.
        """
        found = self.scan(video)
        for first, stop in shots(video, found, self.settings.max_still_s):
            yield clip_of(video, found, first, stop)

    def scan(self, video: Probed) -> ShotScan:
        """What one pass over the pictures of a source finds."""
        return scan_pictures(video, self.settings, self.finder() if self.finder else None)


def shots(video: Probed, found: ShotScan, max_still_s: float) -> Iterator[tuple[int, int]]:
    """First frame and end, exclusive, of every shot, transition and still stretch on the clock."""
    begins = found.tick[borders(found, video.duration_s, max_still_s)].tolist()
    for first, stop in itertools.pairwise([0, *begins, num_ticks(video.duration_s)]):
        if first < stop:
            yield first, stop


def clip_of(video: Probed, found: ShotScan, begin: int, end: int) -> Clip:
    """Frames `begin` to `end`, exclusive, of a scanned source."""
    return Clip(
        key=clip_key(video.key, begin),
        video=video,
        first_frame=begin,
        num_frames=end - begin,
        odd_frames=odd_frames(found, begin, end),
        window=window_of(found, begin, end, (video.width, video.height)),
        look=picture_stats(found, begin, end),
    )


def stretches(first: int, stop: int) -> Iterator[tuple[int, int]]:
    """A shot's frames `first` to `stop`, exclusive, in as few stretches as may be, of nearly equal length."""
    length = stop - first
    num = math.ceil(length / MAX_CLIP_FRAMES)
    for part in range(num):
        yield first + length * part // num, first + length * (part + 1) // num


def scan_pictures(video: Probed, settings: SplitSettings, finder: BoundaryFinder | None = None) -> ShotScan:
    """Cuts, transitions and looks of all pictures of a source; they are decoded once and none is kept."""
    return scan(small_pictures(video, max_height=SCAN_HEIGHT_PX), settings, finder)
