"""Frames of a video on the 24 fps clock, as shown, RGB: by decord where it is right, by PyAV everywhere else.

decord 0.6.0 gives the same bytes as PyAV when it reads a plain file from the start. It is not asked to seek
or to skip: it gives wrong frames in open groups of pictures and behind edit lists. It sees no file that the
probe has not accepted: it would follow a playlist. What it does not give, PyAV does.
"""

from __future__ import annotations

import bisect
import io
from collections.abc import Iterator, Sequence
from fractions import Fraction

import av
import decord
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from media.clock import first_tick, num_ticks
from media.container import open_source, tick_s, video_stream
from media.fetch import at_hand
from media.pictures import THREADS, Painter, is_wide, shown
from schemas.media import FPS, Frames, Probed

FAR = 2 * FPS
"""Single frames further apart than this are sought, nearer ones are read through."""

DECORD_CODECS = ("h264", "hevc", "vp9")
DECORD_FORMATS = ("yuv420p", "yuvj420p", "yuv422p", "yuv444p")
DECORD_CONTAINERS = ("mov", "matroska")
"""What decord's older FFmpeg was seen to decode to the same bytes."""

DECORD_BYTES = 128 * 2**20
"""Largest file, as RGB, that decord reads: where frames are fetched slowly, it holds them all."""

DECORD_WIDTH = 97
"""Narrowest file that decord reads: of narrower ones it takes the padding of a row for more channels."""

decord.logging.set_level(decord.logging.QUIET)


def decode(video: Probed, first_frame: int, num_frames: int, *, window: int) -> Iterator[Frames]:
    """Frames `first_frame` to `first_frame + num_frames`, exclusive, in windows of `window` or fewer.

    A window is a new array (t h w 3) at the probed size. The stretch is decoded, and what lies between it and
    the key picture before it. Memory does not grow with the length of the video.

    Raises:
        ValueError: the stretch leaves the video.
        Rejected: as `media.pictures.pictures`.
    """
    stop = first_frame + num_frames
    refuse_outside(video, first_frame, stop - 1)
    frames = rgb(video, first_frame, stop)
    for begin in range(first_frame, stop, window):
        block = np.empty((min(window, stop - begin), video.height, video.width, 3), np.uint8)
        for row in block:
            row[...] = next(frames)
        yield block


def decode_frames(video: Probed, indices: Sequence[int]) -> Frames:
    """Single frames (t h w 3) of the 24 fps clock in the order of `indices`, which may repeat.

    Raises:
        ValueError: an index leaves the video.
        Rejected: as `decode`.
    """
    wanted = sorted(set(indices))
    refuse_outside(video, wanted[0], wanted[-1])
    block = np.empty((len(indices), video.height, video.width, 3), np.uint8)
    painter = Painter(video.rotation)
    for run in near_runs(wanted):
        for tick, frame in enumerate(shown(video, run[0], run[-1] + 1), start=run[0]):
            if tick in run:
                block[[place for place, index in enumerate(indices) if index == tick]] = painter(frame)
    return block


def decode_bytes(data: bytes) -> Frames:
    """All frames (t h w 3) of a video member, an mp4 of ours in memory.

    Raises:
        av.FFmpegError: it is damaged.
    """
    painter = Painter()
    with av.open(io.BytesIO(data), "r", format="mov", options={"protocol_whitelist": "pipe"}) as container:
        return np.stack([painter(frame) for frame in container.decode(video=0)])


def refuse_outside(video: Probed, first: int, last: int) -> None:
    """Raise ValueError where frames `first` to `last` of the clock are not all in the video."""
    num = num_ticks(video.duration_s)
    if not 0 <= first <= last < num:
        raise ValueError(f"frames {first} to {last} were asked for, the video has 0 to {num - 1}")


def near_runs(indices: Sequence[int]) -> list[list[int]]:
    """Increasing indices in runs without a gap of more than `FAR`."""
    runs: list[list[int]] = []
    for index in indices:
        if runs and index - runs[-1][-1] <= FAR:
            runs[-1].append(index)
        else:
            runs.append([index])
    return runs


def rgb(video: Probed, first: int, stop: int) -> Iterator[NDArray[np.uint8]]:
    """Frames `first` to `stop`, exclusive, one by one, in memory that is not to be kept."""
    tick = first
    if is_plain(video):
        try:
            for picture in by_decord(video, first, stop):
                yield picture
                tick += 1
        except decord.DECORDError:
            pass  # PyAV goes on from here
    if tick < stop:
        yield from by_av(video, tick, stop)


def by_av(video: Probed, first: int, stop: int) -> Iterator[NDArray[np.uint8]]:
    """Frames `first` to `stop`, exclusive, by PyAV."""
    painter = Painter(video.rotation)
    last: VideoFrame | None = None
    picture: NDArray[np.uint8]
    for frame in shown(video, first, stop):
        if frame is not last:
            last, picture = frame, painter(frame)
        yield picture


def is_plain(video: Probed) -> bool:
    """Whether decord was seen to be right about files like this, in bounded memory."""
    return (
        3 * video.width * video.height * video.num_frames <= DECORD_BYTES
        and video.width >= DECORD_WIDTH
        and video.rotation == 0
        and video.codec in DECORD_CODECS
        and video.pixel_format in DECORD_FORMATS
        and video.container.split(",")[0] in DECORD_CONTAINERS
    )


def by_decord(video: Probed, first: int, stop: int) -> Iterator[NDArray[np.uint8]]:
    """Frames `first` to `stop`, exclusive, read from the file's start; none where decord would err."""
    with open_source(video.source, max_pixels=video.width * video.height) as container:
        if is_wide(video_stream(container, video.stream).codec_context):
            return
    with at_hand(video.source) as path:
        reader = decord.VideoReader(str(path), num_threads=THREADS)
        if len(reader) != video.num_frames:
            return
        starts = first_ticks(video, stop)
        read = 0
        picture: NDArray[np.uint8]
        for tick in range(first, stop):
            index = bisect.bisect_right(starts, tick) - 1
            for _ in range(read, index + 1):  # reader.skip_frames would seek
                picture = reader.next().asnumpy()
            read = max(read, index + 1)
            yield picture


def first_ticks(video: Probed, stop: int) -> list[int]:
    """The clock frame that shows each picture first, from the source's first to frame `stop` or later."""
    with open_source(video.source, max_pixels=video.width * video.height) as container:
        stream = video_stream(container, video.stream)
        tick = tick_s(stream)
        start = round(video.start_s / tick)
        times: list[int] = []
        for packet in container.demux(stream):
            if packet.size == 0:
                continue
            if packet.pts is not None:
                times.append(packet.pts - start)
            if packet.dts is not None and (packet.dts - start) * tick > Fraction(stop, FPS) + 1:
                break
        return [first_tick(time * tick) for time in sorted(times)]
