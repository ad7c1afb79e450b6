"""Seeded mutants of files: what a bad disk, a cut transfer, another writer or an attacker makes of them.

The same name, bytes and seed give the same mutant. Half of all mutants know the format that the name's suffix
tells (`tests.formats`); the others, and those of unknown formats, change bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from random import Random
from typing import Literal

from tests.formats import FORMATS, Change

NUMBERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**63, 2**64 - 1)
"""Those at which readers' arithmetic ends."""
HEAD, TAIL = 4096, 1024
"""Bytes in which most formats say what comes: half of all changes fall there."""


def mutant(name: str, data: bytes, seed: int) -> bytes:
    """A changed copy of a file of this name; other bytes than the file's, unless that is empty."""
    random = Random(f"{name} {seed}")
    known = FORMATS.get(PurePath(name).suffix, ())
    while data:
        changes = known if known and random.random() < 0.5 else BYTES
        changed = random.choice(changes)(data, random)
        if changed != data:
            return changed
    return data


def mutants(members: Mapping[str, bytes], count: int, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """Names and changed bytes of one file each, the files in turns."""
    names = sorted(members)
    for number in range(count):
        name = names[number % len(names)]
        yield name, mutant(name, members[name], seed * count + number)


def place(data: bytes, random: Random) -> int:
    """Somewhere in a file, mostly where headers lie."""
    part = random.choice(("head", "tail", "any", "any"))
    low = max(len(data) - TAIL, 0) if part == "tail" else 0
    return random.randrange(low, min(HEAD, len(data)) if part == "head" else len(data))


def flipped(data: bytes, random: Random) -> bytes:
    """One to eight bytes are others."""
    changed = bytearray(data)
    for _ in range(random.randint(1, 8)):
        changed[place(data, random)] ^= random.randint(1, 255)
    return bytes(changed)


def overwritten(data: bytes, random: Random) -> bytes:
    """A number of two, four or eight bytes is an extreme one."""
    at, size = place(data, random), random.choice((2, 4, 8))
    number = random.choice(NUMBERS) & ((1 << 8 * size) - 1)
    order: Literal["big", "little"] = random.choice(("big", "little"))
    written = number.to_bytes(size, order)
    return (data[:at] + written + data[at + size :])[: len(data)]


def cut_off(data: bytes, random: Random) -> bytes:
    """The end is missing."""
    return data[: place(data, random)]


def zeroed(data: bytes, random: Random) -> bytes:
    """A stretch is zeros, as on a disk that lost a block."""
    at = place(data, random)
    size = min(random.choice((16, 512, 4096)), len(data) - at)
    return data[:at] + bytes(size) + data[at + size :]


def without(data: bytes, random: Random) -> bytes:
    """A stretch is missing."""
    at = place(data, random)
    return data[:at] + data[at + random.randint(1, 600) :]


def repeated(data: bytes, random: Random) -> bytes:
    """A stretch is there twice."""
    at = place(data, random)
    stop = at + random.randint(1, 600)
    return data[:stop] + data[at:stop] + data[stop:]


def followed(data: bytes, random: Random) -> bytes:
    """Noise follows the end."""
    return data + random.randbytes(random.randint(1, 2048))


def digits(data: bytes, random: Random) -> bytes:
    """A digit of a text is another sign."""
    places = [at for at, byte in enumerate(data[:HEAD]) if 48 <= byte <= 57]
    if not places:
        return flipped(data, random)
    at = random.choice(places)
    return data[:at] + random.choice((b"9", b"0", b"-", b",", b" ", b"\x00", b"99999")) + data[at + 1 :]


BYTES: tuple[Change, ...] = (
    flipped,
    overwritten,
    overwritten,
    cut_off,
    zeroed,
    without,
    repeated,
    followed,
    digits,
)
