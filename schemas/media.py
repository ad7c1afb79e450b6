"""Videos of the corpus and the stretches cut from them."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from schemas.arrays import Axes
from schemas.base import record
from schemas.origin import Origin, with_origin

FPS = 24
"""The clock of every clip, frames per second (method.md 1)."""

REPEAT_LUMA = 0.05
"""A picture repeats the one before where its luma, 0..255, changes by no more than this in the mean. That is
what encoding leaves of a still; an empty room changes by 0.1, a talking head by 0.3 and more."""

SOUND_RATE = 16_000
"""Samples of sound a second, one channel."""

MIN_CLIP_FRAMES = 25
MAX_CLIP_FRAMES = 240
"""A stored clip holds 25 frames (one second and the first frame of a causal VAE) to ten seconds."""


@record
class Listed:
    """A file that the corpus names, not yet opened."""

    key: str  # first 12 hex of the sha256 of the uri: two files of one content have two keys here
    uri: str  # absolute path
    origin: Origin

    upgraded = staticmethod(with_origin)


@record
class Source:
    """A readable file of known content."""

    key: str  # first 12 hex of sha256
    uri: str
    sha256: str
    num_bytes: int
    origin: Origin

    upgraded = staticmethod(with_origin)


@record
class Copies:
    """Sources of one content."""

    key: str  # that of all members
    members: tuple[Source, ...]

    @property
    def uri(self) -> str:
        """Address of the first."""
        return self.members[0].uri


@record
class Probed:
    """A source and the facts of its largest video stream."""

    key: str  # the source's
    source: Source
    container: str  # demuxer name
    stream: int  # index of the video stream in the file
    codec: str
    pixel_format: str
    width: int  # px, as shown: after rotation
    height: int
    rotation: int  # degrees clockwise that the stored picture is turned by to be shown: 0, 90, 180, 270
    num_frames: int  # packets with a picture
    fps: float  # average
    uneven: bool  # frame intervals vary by more than 11 ms
    start_s: float  # first frame's time in the file
    duration_s: float  # from the first frame's start to the last frame's end
    has_audio: bool
    interlaced: bool = False  # stored as two fields; made progressive where it is decoded
    audio_track: int = 0  # of its sounds, the one that a player gives, counted from 0
    leaps: bool = False  # its clock leaps on the way: parts go on one after the other, without their sound

    @property
    def uri(self) -> str:
        """The source file's."""
        return self.source.uri


@record
class PictureStats:
    """Cheap facts of a clip's pictures, measured while looking for shots, on frames at most 360 px high."""

    brightness: float  # median over frames of the mean luma, 0..255
    contrast: float  # median over frames of the standard deviation of luma, 0..255
    motion: float  # median over distinct frames of the mean absolute luma change, 0..255
    frozen: float  # share of the time in which the picture does not change
    sharpness: float  # median over frames of the variance of the Laplacian
    rate: float  # distinct pictures a second, where it moves; 0 where nothing does
    mixed: float  # share of the pictures that show two shots at once, or one that fades


@record
class Clip:
    """A stretch of one shot on the 24 fps clock, half-open in frames of that clock."""

    key: str  # "<source key>-<first frame, six digits>-<track>", no dots
    video: Probed
    first_frame: int  # at 24 fps, counted from the source's first frame
    num_frames: int
    look: PictureStats
    odd_frames: tuple[int, ...] = ()  # those that show a flash, counted as `first_frame`
    window: tuple[int, ...] = ()  # what is shown of the pictures: x0, y0, x1, y1 px, exclusive; () for all

    @property
    def uri(self) -> str:
        """The source video's."""
        return self.video.uri

    @property
    def shown(self) -> tuple[int, int, int, int]:
        """What is shown of its pictures: within their bars, or around the person; x0, y0, x1, y1 px."""
        x0, y0, x1, y1 = self.window or (0, 0, self.video.width, self.video.height)
        return x0, y0, x1, y1

    @property
    def corner(self) -> tuple[int, int]:
        """Column and row at which what is shown of its pictures begins, px."""
        return self.shown[:2]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of what is shown of its pictures, px."""
        x0, y0, x1, y1 = self.shown
        return x1 - x0, y1 - y0

    @property
    def start_s(self) -> float:
        """Seconds from the source's first frame."""
        return float(Fraction(self.first_frame, FPS))

    @property
    def stop_s(self) -> float:
        """Seconds from the source's first frame, exclusive."""
        return float(Fraction(self.first_frame + self.num_frames, FPS))

    @property
    def duration_s(self) -> float:
        """Seconds of footage."""
        return float(Fraction(self.num_frames, FPS))


def clip_key(source_key: str, first_frame: int, track: int = 0) -> str:
    """Key of the clip of `track` that begins at `first_frame` of the 24 fps clock."""
    return f"{source_key}-{first_frame:06d}-{track}"


Frames = Annotated[NDArray[np.uint8], Axes("t h w 3")]
"""Pictures in memory: sRGB, time first. They live inside one stage and never in a record that travels."""
