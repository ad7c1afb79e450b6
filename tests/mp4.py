"""Boxes of mp4 files, made and taken apart by hand."""

from __future__ import annotations

import struct
from collections.abc import Iterable


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box around its parts."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    """Kind and body of the boxes side by side."""
    found, at = [], 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        found.append((kind, data[at + 8 : at + size]))
        at += size
    return found


def with_box(data: bytes, inside: Iterable[bytes], kind: bytes, new: bytes) -> bytes:
    """An mp4 with every box of a kind replaced by the box `new`; where `moov` lies last no offset moves."""
    return b"".join(
        new if found == kind else box(found, with_box(body, inside, kind, new) if found in inside else body)
        for found, body in boxes(data)
    )
