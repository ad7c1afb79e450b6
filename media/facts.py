"""What encoded members say of themselves: videos, sound and stills, from their bytes alone."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction

import av
from av.container import InputContainer
from PIL import Image, UnidentifiedImageError

from media.opening import open_media
from media.tables import TablesError
from schemas.media import FPS
from schemas.outcome import DamagedError

MAX_PIXELS = 2**20
"""Pictures larger than this are not decoded: no canvas is."""

MAX_SAMPLES = 2**24
"""More sound than this is not decoded: no clip has it."""

BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


@dataclass(frozen=True)
class VideoFacts:
    """Of the one stream of a video member."""

    codec: str
    pixel_format: str
    width: int
    height: int
    num_frames: int  # packets; decoded pictures where asked for
    on_clock: bool  # frame i is shown at i/24 s


@dataclass(frozen=True)
class SoundFacts:
    """Of the one stream of a sound member."""

    codec: str
    sample_rate: int
    channels: int
    num_samples: int


def video_facts(data: bytes, *, decode: bool) -> VideoFacts:
    """Facts of an mp4, by its packets, or by its pictures where `decode` is set.

    Raises:
        DamagedError: it cannot be read, a picture cannot be decoded, or its table tells of another number of
            pictures than it has: readers go by either.
    """
    with opened(data, "mov") as file:
        if len(file.streams) != 1 or not file.streams.video:
            raise DamagedError("expected one stream, of pictures")
        stream = file.streams.video[0]
        codec, tick_s = stream.codec_context, stream.time_base
        if codec is None or not tick_s:
            raise DamagedError("no known codec")
        codec.thread_count = 1
        shown = file.decode(stream) if decode else (packet for packet in file.demux(stream) if packet.size)
        times = [-1 if one.pts is None or one.is_corrupt else one.pts for one in shown]
        if not decode:
            times.sort()  # packets come in the order of decoding, pictures in that of showing
        if stream.frames != len(times):
            raise DamagedError(f"it says that it has {stream.frames} pictures, and has {len(times)}")
        on_clock = all(pts * tick_s == Fraction(index, FPS) for index, pts in enumerate(times))
        return VideoFacts(codec.name, str(codec.pix_fmt), codec.width, codec.height, len(times), on_clock)


def sound_facts(data: bytes) -> SoundFacts:
    """Facts of a FLAC file, decoded whole.

    Raises:
        DamagedError: it cannot be decoded.
    """
    with opened(data, "flac") as file:
        stream = file.streams.audio[0]
        codec = stream.codec_context
        num_samples = 0
        for frame in file.decode(stream):
            num_samples += frame.samples
            if num_samples > MAX_SAMPLES:
                raise DamagedError(f"more than {MAX_SAMPLES} samples")
        return SoundFacts(codec.name, codec.sample_rate, codec.layout.nb_channels, num_samples)


@contextmanager
def opened(data: bytes, container: str) -> Iterator[InputContainer]:
    """A member as a file to read; FFmpeg's errors inside the block say that it is damaged."""
    try:
        with open_media(io.BytesIO(data), [container], max_pixels=MAX_PIXELS, strict=True) as file:
            yield file
    except (av.FFmpegError, TablesError, EOFError, IndexError) as error:
        raise DamagedError(f"does not decode: {error}") from error


def jpeg_size(data: bytes, *, decode: bool) -> tuple[int, int]:
    """Width and height of a JPEG, from its header; every pixel is decoded where `decode` is set.

    Raises:
        DamagedError: it is no JPEG, or breaks off.
    """
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as picture:
            if decode and picture.width * picture.height <= MAX_PIXELS:
                picture.load()
            return picture.size
    except (*BOMBS, UnidentifiedImageError, OSError, SyntaxError) as error:
        raise DamagedError(f"no readable JPEG: {error}") from error
