"""What the tables of an mp4 make FFmpeg hold, found by reading its boxes alone, before FFmpeg does.

Twenty bytes can promise four billion samples of one size, and FFmpeg writes an entry of some 40 bytes for
each as it opens the file. The boxes are walked as FFmpeg walks them: by size, clipped to the box around.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

MAX_ENTRIES = 12 * 3600 * 240
"""Twelve hours of 240 packets a second, all streams together."""
MAX_HEADER_BYTES = 2**26
"""Of a header that is stored compressed, unpacked."""
UNIT_SAMPLES = 160
"""FFmpeg takes that many or more of sound whose samples last one tick of their clock for one packet."""

HEAD_BYTES = 8
MAX_DEPTH = 12
"""FFmpeg gives up at boxes that lie deeper."""

CONTAINERS = frozenset(
    (
        *(b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"udta", b"dinf", b"meta", b"tref", b"wave"),
        *(b"moof", b"traf", b"mvex", b"mfra", b"hoov", b"sinf", b"schi", b"ilst", b"gmhd", b"iprp", b"ipco"),
    )
)
"""Boxes that hold boxes."""
LEAVES = frozenset((b"stsz", b"stz2", b"stts", b"sbgp", b"elst", b"trun", b"cmov", b"stsd", b"hdlr"))


class TablesError(ValueError):
    """The tables of a file promise more than it can hold, or than is read."""


def refuse_tables(file: BinaryIO) -> None:
    """Raise TablesError where an mp4's tables promise more entries than the file has bytes, or too many.

    A file of any other kind has no such boxes and passes. The file is left at its start.
    """
    num_bytes = file.seek(0, io.SEEK_END)
    promised = entries(file, 0, num_bytes)
    file.seek(0)
    if promised > min(num_bytes, MAX_ENTRIES):
        raise TablesError(
            f"they promise {promised} packets in {num_bytes} bytes; at most {MAX_ENTRIES} are read"
        )


@dataclass
class Track:
    """What the tables of one track say."""

    samples: int = 0
    edits: int = 1
    grouped: int = 0
    is_sound: bool = False
    in_ticks: bool = False  # each sample lasts one tick

    @property
    def entries(self) -> int:
        """What FFmpeg would hold: once through the samples for each edit, and a list of groups."""
        packets = self.samples // UNIT_SAMPLES if self.is_sound and self.in_ticks else self.samples
        return max(packets * self.edits, self.grouped)


def entries(file: BinaryIO, start: int, stop: int, depth: int = 0) -> int:
    """Entries that FFmpeg would make of the boxes between two bytes of a file."""
    track, total = Track(), 0
    for kind, begin, end in leaves(file, start, stop, depth):
        if kind == b"trak":
            total += track.entries
            track = Track()
        elif kind == b"trun":
            total += number(file, begin + 4, end)
        elif kind == b"cmov":
            total += packed_entries(file, begin, end, depth + 1)
        else:
            read_leaf(track, kind, file, begin, end)
    return total + track.entries


def read_leaf(track: Track, kind: bytes, file: BinaryIO, begin: int, end: int) -> None:
    """Note what a box says of its track."""
    match kind:
        case b"stsz" | b"stz2":
            track.samples = max(track.samples, number(file, begin + 8, end))
        case b"elst":
            track.edits = max(track.edits, min(number(file, begin + 4, end), (end - begin) // 12))
        case b"stts":
            track.in_ticks = (number(file, begin + 4, end), number(file, begin + 12, end)) == (1, 1)
        case b"sbgp":
            track.grouped = max(track.grouped, grouped(body(file, begin, end)))
        case b"hdlr" if (result := body(file, begin + 8, min(end, begin + 12))) in (b"soun", b"vide"):
            track.is_sound = result == b"soun"


def grouped(data: bytes) -> int:
    """Samples that the body of a box "sbgp" puts into groups."""
    runs = data[16:] if data[:1] == b"\1" else data[12:]
    return int(np.frombuffer(runs[: len(runs) // 8 * 8], ">u4")[::2].sum(dtype=np.int64))


def packed_entries(file: BinaryIO, begin: int, end: int, depth: int) -> int:
    """As `entries`, of a header that is stored compressed.

    Raises:
        TablesError: it unpacks to more than `MAX_HEADER_BYTES`.
    """
    for kind, start, stop in boxes(file, begin, end):
        if kind == b"cmvd":
            unpacking = zlib.decompressobj()
            try:
                header = unpacking.decompress(body(file, start + 4, stop), MAX_HEADER_BYTES)
            except zlib.error:
                return 0  # FFmpeg cannot read it either
            if max(len(header), number(file, start, stop)) >= MAX_HEADER_BYTES:
                raise TablesError(f"a header of {MAX_HEADER_BYTES} bytes or more, unpacked")
            return entries(io.BytesIO(header), 0, len(header), depth)
    return 0


def leaves(file: BinaryIO, start: int, stop: int, depth: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, first byte of the body and the byte past it, of each box of interest and each track, in order."""
    for kind, begin, end in boxes(file, start, stop):
        if kind == b"stsd":
            yield from hidden(file, begin, end)
        elif kind in LEAVES:
            yield kind, begin, end
        elif kind in CONTAINERS and depth < MAX_DEPTH:
            if kind == b"trak":
                yield kind, begin, end
            yield from leaves(file, first_child(kind, file, begin, end), end, depth + 1)


def boxes(file: BinaryIO, start: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """As `leaves`, of the boxes side by side between two bytes."""
    while stop - start >= HEAD_BYTES:
        head = body(file, start, min(start + 2 * HEAD_BYTES, stop))
        if len(head) < HEAD_BYTES:
            return
        size, kind = struct.unpack_from(">I4s", head)
        begin = start + HEAD_BYTES
        if size == 1 and len(head) == 2 * HEAD_BYTES:
            size, begin = struct.unpack_from(">Q", head, HEAD_BYTES)[0], begin + HEAD_BYTES
        elif size == 0:
            size = stop - start
        if size < begin - start:
            return
        if kind == b"free" and head[12:] in (b"mvhd", b"cmov"):
            kind = b"moov"  # FFmpeg looks there where it finds no other
        end = min(start + size, stop)
        yield kind, begin, end
        start = end


def first_child(kind: bytes, file: BinaryIO, begin: int, end: int) -> int:
    """Where the boxes inside a box begin. In "meta" FFmpeg looks for the first "hdlr"."""
    if kind != b"meta":
        return begin
    data = body(file, begin, end)
    at = data.find(b"hdlr")
    while at >= 0 and at % 4:
        at = data.find(b"hdlr", at + 1)
    return begin + at - 4 if at >= 4 else end


def hidden(file: BinaryIO, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """As `leaves`, of boxes by their names alone: where they begin in "stsd" depends on the codec."""
    data = body(file, begin, min(end, begin + MAX_HEADER_BYTES))
    for kind in LEAVES:
        at = data.find(kind)
        while at >= 0:
            yield kind, begin + at + 4, end
            at = data.find(kind, at + 1)


def number(file: BinaryIO, at: int, end: int) -> int:
    """The four bytes at a place as a number; 0 where the box ends before."""
    return int.from_bytes(body(file, at, at + 4)) if at + 4 <= end else 0


def body(file: BinaryIO, begin: int, end: int) -> bytes:
    """The bytes between two places."""
    file.seek(begin)
    return file.read(end - begin)
