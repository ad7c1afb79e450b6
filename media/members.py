"""Windows of stored videos, stills and sound, from bytes, into memory that waits for them.

They lie where others can change them: PyAV names what is damaged, decord aborts the process (ADR 22).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from media.facts import MAX_PIXELS, MAX_SAMPLES
from media.opening import open_media
from media.tables import TablesError
from schemas.media import FPS, SOUND_RATE
from schemas.outcome import UnfitError

CODEC = ("h264", "yuv420p")
AROUND = 12
"""Frames of sound given before a window and after it, half a second each: its first and last hear them."""


@contextmanager
def opened(name: str, data: bytes, container: str) -> Iterator[InputContainer]:
    """A member as a file to read; what FFmpeg says of damage becomes `UnfitError`."""
    try:
        with open_media(io.BytesIO(data), [container], max_pixels=MAX_PIXELS, strict=True) as file:
            yield file
    except (av.FFmpegError, TablesError, EOFError, IndexError) as error:
        raise UnfitError("undecodable", f"{name}: {error}") from error


def decode_window(
    name: str, data: bytes, num_frames: int, start: int, out: NDArray[np.uint8], *, step: int = 1
) -> None:
    """Decode every `step`th frame of a video from `start` on into `out` (t, h, w, 3), as many as it holds.

    Decoding begins at the key picture before `start`.

    Raises:
        UnfitError: wrong_video where codec, size or `num_frames`, of the whole video, differ; undecodable.
    """
    with opened(name, data, "mov") as file:
        stream = file.streams.video[0]
        codec, tick_s = stream.codec_context, stream.time_base
        if codec is None or not tick_s:
            raise UnfitError("undecodable", f"{name}: no known codec")
        height, width = out.shape[1:3]
        found = (codec.name, codec.pix_fmt, codec.width, codec.height, stream.frames)
        if found != (*CODEC, width, height, num_frames):
            raise UnfitError(
                "wrong_video",
                f"{name}: {found[2]}x{found[3]} {found[0]} {found[1]}, {found[4]} frames; "
                f"expected {width}x{height} {CODEC[0]} {CODEC[1]}, {num_frames} frames",
            )
        codec.thread_count = 1
        if start:
            file.seek(round(Fraction(start, FPS) / tick_s), stream=stream)
        reformatter = VideoReformatter()
        wanted = start
        for frame in file.decode(stream):
            number = -1 if frame.pts is None else frame.pts * tick_s * FPS
            if number < wanted == start:
                continue
            if number != wanted or frame.is_corrupt:
                raise UnfitError("undecodable", f"{name}: frame {float(number):g} where {wanted} should be")
            place, between = divmod(wanted - start, step)
            if not between:
                paint(frame, reformatter, out[place])
                if place + 1 == len(out):
                    return
            wanted += 1
        raise UnfitError("undecodable", f"{name}: its pictures end at frame {wanted}")


def paint(frame: VideoFrame, reformatter: VideoReformatter, out: NDArray[np.uint8]) -> None:
    """Put a decoded picture into `out` (h, w, 3), RGB by the matrix that the file names.

    Raises:
        UnfitError: undecodable where its size is another.
    """
    if (frame.height, frame.width) != out.shape[:2]:
        raise UnfitError("undecodable", f"a picture of {frame.width}x{frame.height} px among others")
    picture = reformatter.reformat(frame, format="rgb24", threads=1)
    rows = np.frombuffer(memoryview(picture.planes[0]), np.uint8).reshape(len(out), -1)
    out[...] = rows[:, : out.shape[1] * 3].reshape(out.shape)


def decode_still(name: str, data: bytes, out: NDArray[np.uint8]) -> None:
    """Decode a JPEG into `out` (h, w, 3), RGB.

    Raises:
        UnfitError: wrong_still where its size differs; undecodable.
    """
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as picture:
            if picture.size != (out.shape[1], out.shape[0]) or picture.mode != "RGB":
                raise UnfitError("wrong_still", f"{name}: {picture.size} {picture.mode}")
            out[...] = np.asarray(picture)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError) as error:
        raise UnfitError("undecodable", f"{name}: {error}") from error


def num_sounds(num_frames: int) -> int:
    """Samples of sound in the span of so many frames."""
    return round(num_frames * SOUND_RATE / FPS)


def decode_sound(name: str, data: bytes, num_frames: int, start: int, out: NDArray[np.float32]) -> None:
    """Decode sound of a clip from `AROUND` frames before frame `start` on into `out`, -1..1.

    Where the clip has not begun, or has ended, there is silence.

    Raises:
        UnfitError: wrong_sound where rate, channels or length, that of `num_frames`, differ; undecodable.
    """
    with opened(name, data, "flac") as file:
        stream = file.streams.audio[0]
        if stream.codec_context is None:
            raise UnfitError("undecodable", f"{name}: no known codec")
        if (stream.rate, stream.channels, stream.format.name) != (SOUND_RATE, 1, "s16"):
            raise UnfitError("wrong_sound", f"{name}: {stream.rate} Hz, {stream.channels} channels")
        whole = np.zeros(num_sounds(num_frames), np.int16)
        at = 0
        for frame in file.decode(stream):
            part = frame.to_ndarray()[0]
            if at + len(part) <= len(whole):  # what is beyond is counted, and takes no memory
                whole[at : at + len(part)] = part
            at += len(part)
            if at > MAX_SAMPLES:
                break
    if at != len(whole):
        raise UnfitError("wrong_sound", f"{name}: {at} samples for {num_frames} frames")
    before = num_sounds(start) - num_sounds(AROUND)
    span = slice(max(before, 0), max(before + len(out), 0))
    found = whole[span].astype(np.float32) / 2**15
    out[...] = 0
    out[span.start - before :][: len(found)] = found
