"""Opening a stranger's file: at hand, of a known container, and bounded before memory is taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction

import av
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from media.fetch import at_hand
from schemas.media import Source
from schemas.outcome import Rejected

CONTAINERS = ("mov", "matroska", "avi", "mpeg", "mpegts", "flv", "ogg", "asf", "gif")
"""Demuxers whose files hold their pictures themselves. Playlists (hls, concat, dash, sdp, image sequences) do
not: FFmpeg refuses what is not on this list by its first bytes, before it follows a name."""


@contextmanager
def open_source(source: Source, *, max_pixels: int) -> Iterator[InputContainer]:
    """The opened file of a source, wherever that lies.

    Raises:
        Rejected, OSError: as `media.fetch.at_hand` and `open_container`.
    """
    with at_hand(source) as path, open_container(str(path), max_pixels=max_pixels) as container:
        yield container


@contextmanager
def open_container(
    uri: str, *, max_pixels: int, containers: Sequence[str] = CONTAINERS
) -> Iterator[InputContainer]:
    """The opened file, for reading; FFmpeg's errors inside the block become rejects too.

    A decoder takes no memory for a picture much larger than `max_pixels`: see `decoder_bound`.

    Raises:
        Rejected: "invalid_data", "unsupported_container", "unreadable" or "undecodable".
    """
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": ",".join(containers),
        "max_pixels": decoder_bound(max_pixels),
    }
    try:
        container = av.open(uri, "r", options=options)
    except av.InvalidDataError as error:
        raise Rejected("invalid_data", "text, noise, or a file cut off before its index") from error
    except av.ArgumentError as error:  # what FFmpeg answers for a container that is not on the list
        raise Rejected("unsupported_container", f"none of {', '.join(containers)}") from error
    except av.FFmpegError as error:
        raise Rejected("unreadable", str(error)) from error
    for stream in container.streams.video:
        if stream.codec_context is not None:  # the decoder that looked at the header was another one
            stream.codec_context.options = {"max_pixels": decoder_bound(max_pixels)}
    with container:
        try:
            yield container
        except av.FFmpegError as error:
            raise Rejected("undecodable", str(error)) from error


def decoder_bound(max_pixels: int) -> str:
    """Where decoders refuse: they round sides up and add borders, so it lies above what is allowed."""
    return str(2 * max_pixels + 2**20)


def video_stream(container: InputContainer, index: int) -> VideoStream:
    """The video stream with this index in the file."""
    return next(stream for stream in container.streams.video if stream.index == index)


def tick_s(stream: Stream) -> Fraction:
    """Length of a tick of the stream's clock, seconds."""
    assert stream.time_base is not None, "every stream of an opened container has one"
    return stream.time_base
