"""Clip -> Clip: cheap gates before the costly estimators, one named reason each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from schemas.media import MIN_CLIP_FRAMES, Clip
from schemas.outcome import Rejected

ROUNDING = 0.02
"""Times of pictures are often whole milliseconds, and NTSC's rates a thousandth below their names."""


@dataclass(frozen=True, kw_only=True)
class ScreenSettings:
    """What a clip must have to be looked at further."""

    min_clip_frames: int = MIN_CLIP_FRAMES
    """Fewest frames at 24 fps."""
    min_source_share: float = 0.25
    """Fewest pixels of the source's pictures over those of the canvas: a quarter is a twofold enlargement."""
    min_brightness: float = 16.0
    """A clip is black where its mean luma, 0..255, is below this and its contrast below `min_contrast`."""
    min_contrast: float = 8.0
    """Standard deviation of luma, 0..255."""
    max_frozen_share: float = 0.8
    """Largest share of the time in which the picture may stand still; 0.75 is a 6 fps source stored at 24."""
    min_rate_fps: float = 15.0
    """Fewest distinct pictures a second where it moves: between fewer, what hands do is lost."""
    min_sharpness: float = 12.0
    """Least variance of the Laplacian of luma, 0..255, in pictures at most 360 px high."""


class Screen:
    """Gives the clip, or rejects it for the first gate that it does not pass.

    `content` comes last: it decodes some pictures, and rejects the clip for what they show.
    """

    version: ClassVar[int] = 2

    def __init__(
        self, settings: ScreenSettings, least_area_px: int, content: Callable[[Clip], None] | None = None
    ) -> None:
        self.settings, self.least_area_px, self.content = settings, least_area_px, content

    def __call__(self, clip: Clip) -> Iterator[Clip]:
        """The clip.

        Raises:
            Rejected: "transition", "too_short", "too_small", "black", "frozen", "low_rate" or "blurred", and
                as `content`.
        """
        limits, stats = self.settings, clip.look
        width, height = clip.size
        if stats.mixed > 0:
            raise Rejected("transition", f"{stats.mixed:.0%} of its pictures fade or show two shots")
        if clip.num_frames < limits.min_clip_frames:
            raise Rejected("too_short", f"{clip.num_frames} frames of {limits.min_clip_frames}")
        if width * height < self.least_area_px:
            raise Rejected("too_small", f"{width}x{height} px, fewer than {self.least_area_px}")
        if stats.brightness < limits.min_brightness and stats.contrast < limits.min_contrast:
            raise Rejected("black", f"luma {stats.brightness:.1f}, its deviation {stats.contrast:.1f}")
        if stats.frozen > limits.max_frozen_share:
            raise Rejected("frozen", f"{stats.frozen:.0%} of the time")
        if stats.rate < limits.min_rate_fps * (1 - ROUNDING):
            raise Rejected("low_rate", f"{stats.rate:.1f} distinct pictures a second")
        if stats.sharpness < limits.min_sharpness:
            raise Rejected("blurred", f"variance of the Laplacian {stats.sharpness:.1f}")
        if self.content is not None:
            self.content(clip)
        yield clip
