"""What a file says of whether it may be learned from: reservations of its owners, read where they are kept.

Those are C2PA manifests (mp4, mov, avi), XMP packets (the same) with IPTC's data mining or TDM's reservation,
and the tags of any container. Nothing is fetched that a file refers to.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

from media.manifests import refused_uses
from media.tables import boxes

C2PA_ID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
XMP_ID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
PURPOSE_AT, MERKLE_BYTES = 4, 8
"""In the box of a manifest: a version, its purpose up to a zero, an offset, the store."""
MAX_PARTS = 2**14
"""Boxes of one level that are looked at."""
MOST = 16
"""Manifests and packets of a file that are read."""
MAX_BYTES = 2**24
"""Of one part that is read; a longer one is cut off there."""
MINING = re.compile(r"DataMining\b.{0,300}?\bDMI-(PROHIBITED[A-Z-]*)", re.IGNORECASE | re.DOTALL)
RESERVED = re.compile(r"\btdm[:_-]reservation\b[\"']?\s*[=>:]\s*[\"']?\s*1\b", re.IGNORECASE)


def reservations(file: BinaryIO, tags: dict[str, str]) -> list[str]:
    """What a file says against being learned from, a few words each; `tags` are those of its container."""
    found = [word for name, value in tags.items() for word in of_text(f"{name}={value}")]
    for kind, part in islice(parts(file), MOST):
        found += refused_uses(part) if kind == "c2pa" else of_text(part.decode(errors="replace"))
    return list(dict.fromkeys(found))


def of_text(text: str) -> Iterator[str]:
    """What an XMP packet, or a tag as `name=value`, says against it."""
    for value in sorted(set(MINING.findall(text))):
        yield f"DataMining DMI-{value}"
    if RESERVED.search(text):
        yield "tdm-reservation 1"


def parts(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """The manifest stores ("c2pa") and XMP packets ("xmp") of a file."""
    stop = file.seek(0, io.SEEK_END)
    file.seek(0)
    if file.read(4) == b"RIFF":
        yield from riff_parts(file, stop)
    else:
        yield from box_parts(file, stop)


def box_parts(file: BinaryIO, stop: int) -> Iterator[tuple[str, bytes]]:
    """Those of an mp4 or mov."""
    for kind, begin, end in first_boxes(file, 0, stop):
        if kind == b"uuid":
            name, first = part_of(file, begin, min(begin + 16, end)), begin + 16
            if name == XMP_ID:
                yield "xmp", part_of(file, first, end)
            elif name == C2PA_ID:
                data = part_of(file, first, end)
                yield "c2pa", data[data.find(b"\0", PURPOSE_AT) + 1 + MERKLE_BYTES :]
        elif kind == b"moov":
            for _, first, last in (one for one in first_boxes(file, begin, end) if one[0] == b"udta"):
                for name, start, close in first_boxes(file, first, last):
                    if name == b"XMP_":
                        yield "xmp", part_of(file, start, close)


def first_boxes(file: BinaryIO, start: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """The first boxes between two bytes."""
    return islice(boxes(file, start, stop), MAX_PARTS)


def riff_parts(file: BinaryIO, stop: int) -> Iterator[tuple[str, bytes]]:
    """Those of an avi."""
    at = 12
    for _ in range(MAX_PARTS):
        head = part_of(file, at, at + 8)
        if len(head) < 8:
            return
        name, size = struct.unpack("<4sI", head)
        end = min(at + 8 + size, stop)
        if name == b"C2PA":
            yield "c2pa", part_of(file, at + 8, end)
        elif name == b"_PMX":
            yield "xmp", part_of(file, at + 8, end)
        at += 8 + size + size % 2


def part_of(file: BinaryIO, begin: int, end: int) -> bytes:
    """The bytes between two places of a file, the first `MAX_BYTES` of them."""
    file.seek(begin)
    return file.read(min(end - begin, MAX_BYTES))
