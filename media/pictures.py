"""Pictures of a video stream in the order of showing, from any point of it, exact, by PyAV.

The place to start is found by time. Counting from a key packet would be wrong where groups of pictures lean
on each other (open GOPs; x265 makes them by default): after a seek their first pictures do not come out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorTrc, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from media.clock import first_tick, num_ticks
from media.container import open_source, tick_s, video_stream
from schemas.media import FPS, Probed
from schemas.outcome import Rejected

BACK_S = (0, 2, 10)
"""How far before the wanted time to look for a key picture, try by try; after them the file is read whole."""

THREADS = 2
"""Of a decoder, which decodes ahead while frames are worked on. The pictures do not depend on it."""

HDR = (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)


def pictures(video: Probed, begin_s: Fraction = Fraction(0)) -> Iterator[tuple[Fraction, VideoFrame]]:
    """Pictures as stored and their times from the source's first: from the one seen at `begin_s` or earlier.

    Raises:
        Rejected: see `open_source`; "undecodable" for a broken or missing picture, "size_changes",
            "no_frame_times", "times_go_back".
    """
    with open_source(video.source, max_pixels=video.width * video.height) as container:
        stream = threaded(video_stream(container, video.stream))
        tick = tick_s(stream)
        start = round(video.start_s / tick)
        begin = start + int(begin_s / tick)
        frames = sought(container, stream, begin) if begin > start else container.decode(stream)
        if frames is not None:
            yield from timed(video, frames, start, tick)
            return
    with open_source(video.source, max_pixels=video.width * video.height) as container:
        stream = threaded(video_stream(container, video.stream))
        yield from timed(video, container.decode(stream), start, tick)


def threaded(stream: VideoStream) -> VideoStream:
    """The stream, to be decoded by `THREADS`."""
    stream.thread_type = "AUTO"
    stream.thread_count = THREADS
    return stream


def sought(container: InputContainer, stream: VideoStream, begin: int) -> Iterator[VideoFrame] | None:
    """Pictures from a key picture at or before tick `begin` of the stream; None where no seek finds one."""
    for back_s in BACK_S:
        try:
            container.seek(begin - int(back_s / tick_s(stream)), stream=stream)
        except av.FFmpegError:  # some containers cannot seek
            return None
        frames = itertools.dropwhile(lambda frame: not frame.key_frame, container.decode(stream))
        first = next(frames, None)
        if first is not None and first.pts is not None and first.pts <= begin:
            return itertools.chain([first], frames)
    return None


def timed(
    video: Probed, frames: Iterator[VideoFrame], start: int, tick: Fraction
) -> Iterator[tuple[Fraction, VideoFrame]]:
    """Frames with their times from tick `start`, none twice, none before, up to the end that was probed."""
    stored = (video.height, video.width) if video.rotation % 180 else (video.width, video.height)
    last = start - 1
    end_s = Fraction(0)
    for frame in frames:
        if frame.pts is None:
            raise Rejected("no_frame_times", "a picture does not say when it is shown")
        if frame.pts < start or frame.pts == last:
            continue
        begin_s = (frame.pts - start) * tick
        if frame.pts < last:
            raise Rejected("times_go_back", f"to {float(begin_s):.3f} s, from picture to picture")
        if frame.is_corrupt:
            raise Rejected("undecodable", f"a broken picture at {float(begin_s):.3f} s")
        if (frame.width, frame.height) != stored:
            raise Rejected("size_changes", f"from {stored[0]}x{stored[1]} to {frame.width}x{frame.height}")
        yield begin_s, frame
        last, end_s = frame.pts, begin_s + length_s(video, frame)
    if first_tick(end_s) < num_ticks(video.duration_s):
        raise Rejected("undecodable", f"pictures end at {float(end_s):.3f} s of {video.duration_s:.3f} s")


def shown(video: Probed, first: int, stop: int) -> Iterator[VideoFrame]:
    """The picture of each of the clock's frames `first` to `stop`, exclusive: one object while it stays.

    Raises:
        Rejected: "undecodable" where the pictures end too early.
    """
    tick = first
    held: VideoFrame | None = None
    for begin_s, frame in pictures(video, Fraction(first, FPS)):
        while held is not None and tick < min(first_tick(begin_s), stop):
            yield held
            tick += 1
        if tick == stop:
            return
        held = frame
    if held is not None:
        yield from itertools.repeat(held, stop - tick)


def small_pictures(video: Probed, *, max_height: int) -> Iterator[tuple[Fraction, NDArray[np.uint8]]]:
    """Every picture of the source in order, RGB as shown and at most `max_height` px high, with its time.

    Times are seconds from the source's first picture; the last one lasts to the end of the video.

    Raises:
        Rejected: as `pictures`.
    """
    painter = Painter(video.rotation, min(1.0, max_height / video.height))
    for begin_s, frame in pictures(video):
        yield begin_s, np.ascontiguousarray(painter(frame))


def length_s(video: Probed, frame: VideoFrame) -> Fraction:
    """How long a picture is shown, seconds, by its own packet; the average where that is silent."""
    return frame.duration * frame.time_base if frame.duration and frame.time_base else Fraction(1 / video.fps)


def is_wide(colours: VideoFrame | VideoCodecContext) -> bool:
    """Whether colours reach beyond those of BT.709: HDR or BT.2020."""
    return colours.color_trc in HDR or colours.color_primaries == ColorPrimaries.BT2020


class Painter:
    """Turns stored pictures into RGB as shown: turned by `rotation` degrees clockwise, scaled by `scale`.

    BT.709 or BT.601 and the range are taken from the file; untagged video is taken as BT.601, as FFmpeg's own
    encoders write it from RGB. HDR (PQ, HLG) and BT.2020 are mapped to BT.709. Transparency is put on black.
    """

    def __init__(self, rotation: int = 0, scale: float = 1.0) -> None:
        self.turns = -(rotation // 90) % 4  # of numpy.rot90, which turns the other way
        self.scale = scale
        self.reformatter = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """The picture (h, w, 3), in memory that lives as long as the array does."""
        width, height = (max(1, round(side * self.scale)) for side in (frame.width, frame.height))
        alpha = any(component.is_alpha for component in frame.format.components)
        wide = is_wide(frame)
        picture = self.reformatter.reformat(
            frame,
            width=width,
            height=height,
            format="rgba" if alpha else "rgb24",
            dst_color_trc=ColorTrc.BT709 if wide else None,
            dst_color_primaries=ColorPrimaries.BT709 if wide else None,
            threads=1,
        )
        rows = np.frombuffer(memoryview(picture.planes[0]), np.uint8).reshape(height, -1)
        pixels = rows[:, : width * (4 if alpha else 3)].reshape(height, width, -1)
        if alpha:
            cover = pixels[:, :, 3:].astype(np.uint16)
            pixels = ((pixels[:, :, :3] * cover + 127) // 255).astype(np.uint8)
        return np.rot90(pixels, self.turns)
