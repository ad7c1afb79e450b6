"""The one place where PyAV opens a file: local bytes only, of containers that are named, bounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

import av
from av.container import InputContainer

from media.tables import refuse_tables

BUFFER_BYTES = 2**16
"""What is read at a time."""


class Seeking:
    """A file as FFmpeg asks for it: a seek to where no byte can be is told by a code.

    PyAV prints a traceback of what a file raises there, and goes on.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.name = getattr(file, "name", "<none>")
        self.read, self.tell = file.read, file.tell

    def seek(self, offset: int, whence: int = 0) -> int:
        """The place sought, or -1."""
        try:
            return self.file.seek(offset, whence)
        except (OSError, ValueError):
            return -1


def open_media(
    file: BinaryIO, containers: Sequence[str], *, max_pixels: int, strict: bool = False
) -> InputContainer:
    """The opened file, to be closed by the caller; its name's suffix and its first bytes say what it is.

    Nothing else is opened: FFmpeg is given bytes and no protocol, so it can follow neither a playlist nor a
    reference. No decoder takes memory for a picture of more than `max_pixels`. Titles and the like, in any
    encoding, are read and not used. With `strict` damage is an error wherever FFmpeg can tell.

    Raises:
        TablesError: see `media.tables.refuse_tables`.
        av.FFmpegError, OSError: it cannot be read as one of `containers`, names of FFmpeg's demuxers.
    """
    refuse_tables(file)
    bound = {"max_pixels": str(max_pixels)}
    options = {
        **bound,
        "protocol_whitelist": "none",
        "format_whitelist": ",".join(containers),
        **({"err_detect": "explode"} if strict else {}),
    }
    container: InputContainer = av.open(
        Seeking(file),
        "r",
        format=containers[0] if len(containers) == 1 else None,
        options=options,
        metadata_errors="replace",
        buffer_size=BUFFER_BYTES,
    )
    for stream in container.streams.video:
        if stream.codec_context is not None:  # the decoder that looked at the header was another one
            stream.codec_context.options = dict(bound)
    return container
