"""Pictures of a video stream in the order of showing, from any point of it, exact, by PyAV.

The place to start is found by time. Counting from a key packet would be wrong where groups of pictures lean
on each other (open GOPs; x265 makes them by default): after a seek their first pictures do not come out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from media.clock import first_tick, num_ticks
from media.container import open_source, tick_s, video_stream
from media.counted import begins_anew, decoded, is_counted
from media.leaps import continued
from media.progressive import progressive
from media.tone_mapping import ToneMapper, has_alpha, is_wide
from schemas.media import FPS, Probed
from schemas.outcome import Rejected

BACK_S = (0, 2, 10)
"""How far before the wanted time to look for a key picture, try by try; after them the file is read whole."""
EARLIER_S = Fraction(1, 1000)
"""A picture that is sought so much before another one is an earlier one."""

THREADS = 2
"""Of a decoder, which decodes ahead while frames are worked on. The pictures do not depend on it."""


class AstrayError(Exception):
    """Pictures read from the packet of `landed_s` on cannot be used."""

    def __init__(self, landed_s: Fraction) -> None:
        super().__init__(f"from {float(landed_s):.3f} s on")
        self.landed_s = landed_s


def pictures(video: Probed, begin_s: Fraction = Fraction(0)) -> Iterator[tuple[Fraction, VideoFrame]]:
    """Pictures as stored and their times from the source's first: from the one seen at `begin_s` or earlier.

    A picture that the file calls key may be none, and what follows it is broken. Then reading begins anew at
    an earlier one, at last at the file's first, and goes on behind what has been given.

    Raises:
        Rejected: see `open_source`; "undecodable" for a picture that is broken or missing wherever reading
            begins, "size_changes", "no_frame_times", "times_go_back".
    """
    given_s = Fraction(-1)
    wanted_s = Fraction(0) if video.leaps else begin_s  # no seek finds a time that is told twice
    for back_s in (*BACK_S, begin_s):
        wanted_s = min(wanted_s, begin_s - back_s)
        try:
            for at_s, frame in sought(video, wanted_s, begin_s) if wanted_s > 0 else all_of(video):
                if at_s > given_s:
                    yield at_s, frame
                    given_s = at_s
        except AstrayError as no:
            wanted_s = no.landed_s - EARLIER_S
        else:
            return


def all_of(video: Probed) -> Iterator[tuple[Fraction, VideoFrame]]:
    """As `pictures`, from the file's first."""
    with reading(video) as (container, stream, start):
        counted = is_counted(video.container, video.codec)
        tick = tick_s(stream)
        packets = continued(container.demux(stream), tick) if video.leaps else container.demux(stream)
        plain = (frame for packet in packets for frame in packet.decode())
        found = timed(video, decoded(packets) if counted else plain, start, tick)
        yield from progressive(found) if video.interlaced else found


def sought(video: Probed, wanted_s: Fraction, begin_s: Fraction) -> Iterator[tuple[Fraction, VideoFrame]]:
    """As `pictures`, from a key picture at or before `wanted_s`.

    Raises:
        AstrayError: no seek finds one, it comes after `begin_s`, or one of the pictures is broken.
    """
    landed_s = Fraction(-1)
    try:
        with reading(video) as (container, stream, start):
            tick = tick_s(stream)
            container.seek(start + int(wanted_s / tick), stream=stream)
            packets = container.demux(stream)
            first = next(packets)
            if first.dts is not None:
                landed_s = (first.dts - start) * tick
            frames = decoded_from(video, first, packets, landed_s)
            from_key = itertools.dropwhile(lambda frame: not frame.key_frame, frames)
            found = timed(video, from_key, start, tick)
            if video.interlaced:  # the first one lacks the picture before it
                found = itertools.islice(progressive(found), 1, None)
            for number, (at_s, frame) in enumerate(found):
                if number == 0 and at_s > begin_s:
                    raise AstrayError(landed_s)
                yield at_s, frame
    except Rejected as no:
        raise AstrayError(landed_s) from no


def decoded_from(
    video: Probed, first: Packet[Any], later: Iterator[Packet[Any]], landed_s: Fraction
) -> Iterator[VideoFrame]:
    """The pictures of a packet that was sought and of those after it.

    Raises:
        AstrayError: pictures take the times of packets, and cannot be counted from this one on.
    """
    packets = itertools.chain([first], later)
    if not is_counted(video.container, video.codec):
        return (frame for packet in packets for frame in packet.decode())
    if not begins_anew(first, video.codec):
        raise AstrayError(landed_s)
    return decoded(packets)


@contextmanager
def reading(video: Probed) -> Iterator[tuple[InputContainer, VideoStream, int]]:
    """The opened file, its video to be decoded by `THREADS`, and the tick of its first picture."""
    with open_source(video.source, max_pixels=video.width * video.height) as container:
        stream = video_stream(container, video.stream)
        stream.thread_type = "AUTO"
        stream.thread_count = THREADS
        yield container, stream, round(video.start_s / tick_s(stream))


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


class Painter:
    """Turns stored pictures into RGB as shown: turned by `rotation` degrees clockwise, scaled by `scale`.

    BT.709 or BT.601 and the range are taken from the file; untagged video is taken as BT.601, as FFmpeg's own
    encoders write it from RGB. HDR (PQ, HLG) and BT.2020 are mapped to BT.709. Transparency is put on black.
    """

    def __init__(self, rotation: int = 0, scale: float = 1.0) -> None:
        self.turns = -(rotation // 90) % 4  # of numpy.rot90, which turns the other way
        self.scale = scale
        self.reformatter = VideoReformatter()
        self.tone_mapper = ToneMapper()

    def __call__(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """The picture (h, w, 3), in memory that lives as long as the array does."""
        width, height = (max(1, round(side * self.scale)) for side in (frame.width, frame.height))
        mapper = self.tone_mapper if is_wide(frame) else self.plain
        pixels = mapper(frame, width, height)
        if pixels.shape[2] == 4:
            cover = pixels[:, :, 3:].astype(np.uint16)
            pixels = ((pixels[:, :, :3] * cover + 127) // 255).astype(np.uint8)
        return np.rot90(pixels, self.turns)

    def plain(self, frame: VideoFrame, width: int, height: int) -> NDArray[np.uint8]:
        """The picture (height, width, 3), or 4 with its transparency, in the colours that it has."""
        alpha = has_alpha(frame)
        picture = self.reformatter.reformat(frame, width, height, "rgba" if alpha else "rgb24", threads=1)
        rows = np.frombuffer(memoryview(picture.planes[0]), np.uint8).reshape(height, -1)
        return rows[:, : width * (4 if alpha else 3)].reshape(height, width, -1)
