"""Opening a stranger's file: at hand, of a known container, and bounded before memory is taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from media.content import irregular_rejected
from media.fetch import at_hand
from media.opening import open_media
from media.tables import TablesError
from schemas.media import Source
from schemas.outcome import Rejected
from storage.regular_file import open_regular

CONTAINERS = ("mov", "matroska", "avi", "mpeg", "mpegts", "flv", "ogg", "asf", "gif")
"""Demuxers whose files hold their pictures themselves. Playlists (hls, concat, dash, sdp, image sequences) do
not: FFmpeg refuses what is not on this list by its first bytes, before it follows a name."""


@contextmanager
def open_source(source: Source, *, max_pixels: int) -> Iterator[InputContainer]:
    """The opened file of a source, wherever that lies.

    Raises:
        Rejected, OSError: as `media.fetch.at_hand` and `open_container`.
    """
    with at_hand(source) as path, open_container(path, max_pixels=max_pixels) as container:
        yield container


@contextmanager
def open_container(
    path: Path, *, max_pixels: int, containers: Sequence[str] = CONTAINERS
) -> Iterator[InputContainer]:
    """The opened file on this machine, for reading; FFmpeg's errors inside the block become rejects too.

    A decoder takes no memory for a picture much larger than `max_pixels`: see `decoder_bound`.

    Raises:
        Rejected: "not_a_file", "oversized_tables", "invalid_data", "unsupported_container", "unreadable" or
            "undecodable".
    """
    with opened_file(path) as file:
        try:
            container = open_media(file, containers, max_pixels=decoder_bound(max_pixels))
        except TablesError as error:
            raise Rejected("oversized_tables", str(error)) from error
        except av.InvalidDataError as error:
            raise Rejected("invalid_data", "text, noise, or a file cut off before its index") from error
        except av.ArgumentError as error:  # what FFmpeg answers for a container that is not on the list
            raise Rejected("unsupported_container", f"none of {', '.join(containers)}") from error
        except (av.FFmpegError, OSError) as error:
            raise Rejected("unreadable", str(error)) from error
        with container:
            try:
                yield container
            except av.FFmpegError as error:
                raise Rejected("undecodable", str(error)) from error


@contextmanager
def opened_file(path: Path) -> Iterator[BinaryIO]:
    """A regular file, opened.

    Raises:
        Rejected: "not_a_file" or "unreadable".
    """
    try:
        with irregular_rejected():
            file = open_regular(path)
    except OSError as error:
        raise Rejected("unreadable", str(error)) from error
    with file:
        yield file


def decoder_bound(max_pixels: int) -> int:
    """Where decoders refuse: they round sides up and add borders, so it lies above what is allowed."""
    return 2 * max_pixels + 2**20


def video_stream(container: InputContainer, index: int) -> VideoStream:
    """The video stream with this index in the file."""
    return next(stream for stream in container.streams.video if stream.index == index)


def tick_s(stream: Stream) -> Fraction:
    """Length of a tick of the stream's clock, seconds."""
    assert stream.time_base is not None, "every stream of an opened container has one"
    return stream.time_base
