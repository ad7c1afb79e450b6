"""Facts of a file's largest video stream, without ffprobe: packets are counted, one picture is decoded."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import SideData
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from media.container import open_source, tick_s, video_stream
from schemas.media import Probed, Source
from schemas.outcome import Rejected

UNEVEN_S = Fraction(11, 1000)
"""Frame intervals that differ by more than this make a source uneven."""

MISSING_S = Fraction(1, 4)
"""A header that promises this much more than the packets hold belongs to a file that was cut off."""

GIF_END = b";"
"""Last byte of a whole GIF. Its header promises nothing."""

TURNS = {(1, 0, 0, 1): 0, (0, 1, -1, 0): 90, (-1, 0, 0, -1): 180, (0, -1, 1, 0): 270}
"""Degrees clockwise by the signs of a display matrix [a b; c d]: x' = a x + c y, y' = b x + d y, y down."""


@dataclass(frozen=True)
class Timeline:
    """When the pictures of a stream are shown, by what its packets say."""

    times_s: tuple[Fraction, ...]  # in the file, in the order of showing
    end_s: Fraction  # of the last one


def probe(source: Source, *, max_pixels: int, max_duration_s: float, max_pixel_stretch: float) -> Probed:
    """The source with the facts of its largest video stream; cover art is no video.

    Raises:
        Rejected: see `open_source`; and "no_video", "unsupported_codec", "too_large", "stretched_pixels",
            "truncated", "damaged", "no_frame_times", "too_few_frames", "too_long", "odd_orientation".
    """
    with open_source(source, max_pixels=max_pixels) as container:
        stream = largest_video(container, max_pixels)
        refuse_stretched(stream, max_pixel_stretch)
        refuse_cut_off(container, source)
        timeline = read_timeline(container, stream)
        codec, index, has_audio = stream.codec_context.name, stream.index, bool(container.streams.audio)
    start_s, last_s = timeline.times_s[0], timeline.times_s[-1]
    duration_s = float(timeline.end_s - start_s)
    if duration_s > max_duration_s:
        raise Rejected("too_long", f"{duration_s:.0f} s, at most {max_duration_s:.0f} s are read")
    with open_source(source, max_pixels=max_pixels) as container:
        picture = first_picture(container, index)
        rotation = turn(picture)
        width, height = picture.width, picture.height
        refuse_large(width, height, max_pixels)
        return Probed(
            key=source.key,
            source=source,
            container=container.format.name,
            stream=index,
            codec=codec,
            pixel_format=picture.format.name,
            width=height if rotation % 180 else width,
            height=width if rotation % 180 else height,
            rotation=rotation,
            num_frames=len(timeline.times_s),
            fps=float((len(timeline.times_s) - 1) / (last_s - start_s)),
            uneven=is_uneven(timeline.times_s),
            start_s=float(start_s),
            duration_s=duration_s,
            has_audio=has_audio,
        )


def largest_video(container: InputContainer, max_pixels: int) -> VideoStream:
    """The video stream with the largest picture, the first of equals."""
    streams = [one for one in container.streams.video if not one.disposition & Disposition.attached_pic]
    if not streams:
        raise Rejected("no_video", "no stream of moving pictures")
    decodable = [stream for stream in streams if stream.codec_context is not None]
    if not decodable:
        raise Rejected("unsupported_codec", "no decoder for the video")
    stream = max(decodable, key=lambda stream: stream.codec_context.width * stream.codec_context.height)
    refuse_large(stream.codec_context.width, stream.codec_context.height, max_pixels)
    return stream


def refuse_large(width: int, height: int, max_pixels: int) -> None:
    """Reject pictures of too many pixels. FFmpeg says 0 where the size passes the bound it was given."""
    if not 0 < width * height <= max_pixels:
        raise Rejected("too_large", f"{width}x{height} px; at most {max_pixels} px in all are read")


def refuse_stretched(stream: VideoStream, max_pixel_stretch: float) -> None:
    """Reject pixels far from square: people would come out too thin or too wide."""
    aspect = stream.sample_aspect_ratio
    if aspect and max(aspect, 1 / aspect) > 1 + max_pixel_stretch:
        raise Rejected("stretched_pixels", f"a pixel is {float(aspect):.3f} times as wide as high")


def refuse_cut_off(container: InputContainer, source: Source) -> None:
    """Reject a file whose own index names pictures or sound beyond its end, and a GIF without an end."""
    entries = itertools.chain.from_iterable(stream.index_entries for stream in container.streams)
    end = max((entry.pos + entry.size for entry in entries), default=0)
    if end > source.num_bytes:
        raise Rejected("truncated", f"the index reaches to byte {end}, the file ends at {source.num_bytes}")
    if container.format.name == "gif":
        with open(container.name, "rb") as file:
            file.seek(-1, os.SEEK_END)
            if file.read() != GIF_END:
                raise Rejected("truncated", "the GIF has no end mark")


def read_timeline(container: InputContainer, stream: VideoStream) -> Timeline:
    """Times of the pictures from the first key picture on, without those that an edit list hides."""
    shown: list[tuple[int, int]] = []  # time and length in ticks
    key: int | None = None
    file_end_s = Fraction(0)
    for packet in container.demux():
        if packet.size == 0:
            continue  # a flush at the end, no picture
        file_end_s = max(file_end_s, ((packet.pts or 0) + (packet.duration or 0)) * packet.time_base)
        if packet.stream_index != stream.index:
            continue
        if packet.is_corrupt:
            raise Rejected("damaged", f"a broken packet at byte {packet.pos}")
        if packet.pts is None:
            raise Rejected("no_frame_times", f"the packet at byte {packet.pos} does not say when it is shown")
        if key is None and packet.is_keyframe:
            key = packet.pts
        if not packet.is_discard:
            shown.append((packet.pts, packet.duration or 0))
    promised_s = Fraction(container.duration or 0, 1_000_000)
    if promised_s > file_end_s + MISSING_S:
        raise Rejected("truncated", f"{float(promised_s):.2f} s promised, {float(file_end_s):.2f} s there")
    return timeline_of([entry for entry in shown if key is None or entry[0] >= key], tick_s(stream))


def timeline_of(shown: Sequence[tuple[int, int]], tick: Fraction) -> Timeline:
    """Times from packets' times and lengths in ticks of `tick` seconds, in any order."""
    lengths = dict(sorted(shown))
    if len(lengths) < 2:
        raise Rejected("too_few_frames", f"{len(lengths)}")
    times = tuple(lengths)
    average = Fraction(times[-1] - times[0], len(times) - 1)
    end = times[-1] + (lengths[times[-1]] or average)
    return Timeline(times_s=tuple(time * tick for time in times), end_s=end * tick)


def is_uneven(times_s: Sequence[Fraction]) -> bool:
    """Whether the intervals between pictures differ by more than `UNEVEN_S`."""
    gaps = [later - sooner for sooner, later in itertools.pairwise(times_s)]
    return max(gaps) - min(gaps) > UNEVEN_S


def first_picture(container: InputContainer, index: int) -> VideoFrame:
    """The first picture that decodes."""
    for frame in container.decode(video_stream(container, index)):
        return frame
    raise Rejected("undecodable", "no picture in the whole stream")


def turn(picture: VideoFrame) -> int:
    """Degrees clockwise by which a picture is turned to be shown."""
    for data in cast("Iterable[SideData]", picture.side_data):
        if data.type.name == "DISPLAYMATRIX":
            matrix = np.frombuffer(bytes(data), np.int32)[[0, 1, 3, 4]]
            signs = tuple(int(sign) for sign in np.sign(matrix))
            if signs not in TURNS:
                raise Rejected("odd_orientation", f"mirrored or slanted: {matrix.tolist()} / 65536")
            return TURNS[signs]
    return 0
