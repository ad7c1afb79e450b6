"""Bytes changed as accidents and enemies change them: pure functions of the bytes and of a seeded draw."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable, Sequence
from random import Random

EXTREMES = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x01000000, 20_000_000)
"""Numbers that counts, sizes and offsets of four bytes are set to."""
WORDS = (b"\xe9\xe8\xff\xfe", b"\0\0\0\0", b"\x1b[2J", b"%n%s", b"../.", b"file:", b"[/b]")
MOST_RUN = 4096
"""Longest run of bytes that is zeroed, removed, repeated or moved."""


def flip(data: bytearray, at: int, draw: Random) -> None:
    """A bit."""
    data[at] ^= 1 << draw.randrange(8)


def scatter(data: bytearray, at: int, draw: Random) -> None:
    """Single bytes near each other."""
    for place in range(at, min(at + 64, len(data)), draw.randint(1, 16)):
        data[place] = draw.randrange(256)


def extreme(data: bytearray, at: int, draw: Random) -> None:
    """A number of four bytes, of either order, at a multiple of one, two or four."""
    step = draw.choice((1, 2, 4))
    at = min(at // step * step, max(len(data) - 4, 0))
    data[at : at + 4] = struct.pack(draw.choice((">I", "<I")), draw.choice(EXTREMES))


def word(data: bytearray, at: int, draw: Random) -> None:
    """Text of a wrong kind."""
    said = draw.choice(WORDS)
    data[at : at + len(said)] = said


def zero(data: bytearray, at: int, draw: Random) -> None:
    """A run of zeros."""
    stop = min(at + draw.randint(1, MOST_RUN), len(data))
    data[at:stop] = bytes(stop - at)


def remove(data: bytearray, at: int, draw: Random) -> None:
    """A run is missing."""
    del data[at : at + draw.randint(1, MOST_RUN)]


def repeat(data: bytearray, at: int, draw: Random) -> None:
    """A run comes twice."""
    data[at:at] = data[at : at + draw.randint(1, MOST_RUN)]


def move(data: bytearray, at: int, draw: Random) -> None:
    """A run of somewhere else."""
    start, length = draw.randrange(len(data)), draw.randint(1, MOST_RUN)
    run = data[start : start + length]
    data[at : at + len(run)] = run


def cut(data: bytearray, at: int, draw: Random) -> None:  # noqa: ARG001  the others draw
    """The rest is missing."""
    del data[at:]


CHANGES: Sequence[Callable[[bytearray, int, Random], None]] = (
    *(flip, scatter, extreme, extreme, extreme, word, zero, remove, repeat, move, cut),
)


def mutated(data: bytes, draw: Random, places: Sequence[range] = ()) -> tuple[str, bytes]:
    """The names of one to three changes and the bytes after them, all begun in `places` or anywhere."""
    changed, names = bytearray(data), []
    for _ in range(draw.choice((1, 1, 2, 3))):
        change = draw.choice(CHANGES)
        if not changed:
            break
        change(changed, min(place_in(len(data), draw, places), len(changed) - 1), draw)
        names.append(change.__name__)
    return " ".join(names), bytes(changed)


def place_in(length: int, draw: Random, places: Sequence[range]) -> int:
    """A byte of one of the ranges, each byte as likely as any other; of all bytes where there is no range."""
    sizes = [len(place) for place in places]
    if not sum(sizes):
        return draw.randrange(max(length, 1))
    number = draw.randrange(sum(sizes))
    for place, end in zip(places, itertools.accumulate(sizes), strict=True):
        if number < end:
            return place[number - end + len(place)]
    raise AssertionError(number)
