"""Facts of a file's largest video stream, without ffprobe: packets are counted, one picture is decoded."""

from __future__ import annotations

import itertools
import os
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.sidedata.sidedata import SideData
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from media.container import open_source, opened_file, tick_s, video_stream
from media.counted import is_counted
from media.leaps import LEAPING, Leaps
from schemas.media import Probed, Source
from schemas.outcome import Rejected

UNEVEN_S = Fraction(11, 1000)
"""Frame intervals that differ by more than this make a source uneven."""

MISSING_S = Fraction(1, 4)
"""A header that promises this much more than the packets hold belongs to a file that was cut off."""

MAX_RATE = 240
"""Packets a second, of all streams of a file; 120 pictures and 100 pieces of sound are fewer."""

LOOKED_AT = 5
"""Pictures of which one tells that a file is interlaced: fields that are alike may be stored otherwise."""

GIF_END = b";"
"""Last byte of a whole GIF. Its header promises nothing."""

TURNS = {(1, 0, 0, 1): 0, (0, 1, -1, 0): 90, (-1, 0, 0, -1): 180, (0, -1, 1, 0): 270}
"""Degrees clockwise by the signs of a display matrix [a b; c d]: x' = a x + c y, y' = b x + d y, y down."""


@dataclass(frozen=True)
class Timeline:
    """When the pictures of a stream are shown, by what its packets say."""

    ticks: NDArray[np.int64]  # of each picture in the file, in the order of showing, none twice
    end: Fraction  # of the last one, in ticks
    tick_s: Fraction
    leaps: bool = False  # of the stored times, which then are none of these


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
        timeline = read_timeline(container, stream, max_duration_s)
        codec, index = stream.codec_context.name, stream.index
        has_audio = bool(container.streams.audio) and not timeline.leaps
        audio_track = default_track(container)
    start, last = int(timeline.ticks[0]), int(timeline.ticks[-1])
    duration_s = float((timeline.end - start) * timeline.tick_s)
    refuse_long(duration_s, max_duration_s)
    with open_source(source, max_pixels=max_pixels) as container:
        picture, *others = first_pictures(container, index)
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
            num_frames=len(timeline.ticks),
            fps=float((len(timeline.ticks) - 1) / ((last - start) * timeline.tick_s)),
            uneven=is_uneven(timeline),
            start_s=float(start * timeline.tick_s),
            duration_s=duration_s,
            has_audio=has_audio,
            interlaced=any(one.interlaced_frame for one in (picture, *others)),
            audio_track=audio_track,
            leaps=timeline.leaps,
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


def tags_of(container: InputContainer) -> dict[str, str]:
    """What a file and its streams are tagged with."""
    tags: dict[str, str] = {}
    for tagged in (*container.streams, container):
        tags |= tagged.metadata
    return tags


def default_track(container: InputContainer) -> int:
    """Of the sounds in the file, the number of the first that is marked as default; 0 where none is."""
    marked = [bool(one.disposition & Disposition.default) for one in container.streams.audio]
    return marked.index(True) if True in marked else 0


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
        with opened_file(Path(container.name)) as file:
            file.seek(-1, os.SEEK_END)
            if file.read() != GIF_END:
                raise Rejected("truncated", "the GIF has no end mark")


def refuse_long(duration_s: float, max_duration_s: float) -> None:
    """Reject what lasts longer than is read."""
    if duration_s > max_duration_s:
        raise Rejected("too_long", f"{duration_s:.0f} s, at most {max_duration_s:.0f} s are read")


def read_timeline(container: InputContainer, stream: VideoStream, max_duration_s: float) -> Timeline:
    """Times of the pictures from the first key picture on, without those that an edit list hides.

    No more packets are walked than `max_duration_s` may have; each takes 16 bytes.
    """
    tick = tick_s(stream)
    max_ticks = float(max_duration_s / tick)
    counted = is_counted(container.format.name, stream.codec_context.name)
    leaps = Leaps(tick) if container.format.name in LEAPING else None
    times, lengths = array("q"), array("q")  # in ticks
    key: int | None = None
    ends: dict[int, int] = {}  # of each stream, in its ticks
    wrapped_s = Fraction(0)  # before 0: what a clock that wraps told before it did
    for packet in packets(container, max_duration_s):
        end = (packet.pts or 0) + (packet.duration or 0)
        ends[packet.stream_index] = max(ends.get(packet.stream_index, 0), end)
        wrapped_s = min(wrapped_s, (packet.pts or 0) * tick_s(container.streams[packet.stream_index]))
        if packet.stream_index != stream.index:
            continue
        if packet.is_corrupt:
            raise Rejected("damaged", f"a broken packet at byte {packet.pos}")
        shown = packet.dts if counted else packet.pts
        if shown is None:
            raise Rejected("no_frame_times", f"the packet at byte {packet.pos} does not say when it is shown")
        shown += leaps(packet) if leaps else 0
        if key is None and packet.is_keyframe:
            key = shown
        if not packet.is_discard:
            times.append(shown)
            lengths.append(packet.duration or 0)
            if shown - times[0] > max_ticks:
                refuse_long(float((shown - times[0]) * tick), max_duration_s)
    file_end_s = max((end * tick_s(container.streams[index]) for index, end in ends.items()), default=0)
    promised_s = Fraction(container.duration or 0, 1_000_000)
    if promised_s > file_end_s - wrapped_s + MISSING_S:
        raise Rejected(
            "truncated", f"{float(promised_s):.2f} s promised, {float(file_end_s - wrapped_s):.2f} s there"
        )
    timeline = timeline_of(np.array(times, np.int64), np.array(lengths, np.int64), tick, first=key)
    return replace(timeline, leaps=leaps is not None and leaps.count > 0)


def packets(container: InputContainer, max_duration_s: float) -> Iterator[Packet[Any]]:
    """All packets of all streams that hold something, no more than `max_duration_s` may have."""
    for number, packet in enumerate(container.demux()):
        if number > max_duration_s * MAX_RATE:
            raise Rejected("too_many_packets", f"more than {MAX_RATE} for each of {max_duration_s:.0f} s")
        if packet.size:  # those of no bytes are a flush at the end, or no picture
            yield packet


def timeline_of(
    times: NDArray[np.int64], lengths: NDArray[np.int64], tick_s: Fraction, *, first: int | None = None
) -> Timeline:
    """By packets' times and lengths in ticks of `tick_s` seconds, in any order; those before `first` go."""
    ticks = np.unique(times if first is None else times[times >= first])
    if len(ticks) < 2:
        raise Rejected("too_few_frames", f"{len(ticks)}")
    start, last = int(ticks[0]), int(ticks[-1])
    length = int(lengths[times == last].max()) or Fraction(last - start, len(ticks) - 1)
    return Timeline(ticks=ticks, end=Fraction(last + length), tick_s=tick_s)


def is_uneven(timeline: Timeline) -> bool:
    """Whether the intervals between pictures differ by more than `UNEVEN_S`."""
    return bool(int(np.ptp(np.diff(timeline.ticks))) * timeline.tick_s > UNEVEN_S)


def first_pictures(container: InputContainer, index: int) -> list[VideoFrame]:
    """The first pictures that decode, `LOOKED_AT` of them where there are so many."""
    found = list(itertools.islice(container.decode(video_stream(container, index)), LOOKED_AT))
    if not found:
        raise Rejected("undecodable", "no picture in the whole stream")
    return found


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
