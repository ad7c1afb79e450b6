"""What lies in a tar of samples, from its headers: bounded, strict, and nothing is ever extracted to disk.

`tarfile` gives the meaning of each header block; the walk from one to the next is ours, because a damaged or
hostile archive must be named: links, folders, long-name and sparse extensions, paths, gaps and early ends are
all refused here.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from dataset.names import KEY
from schemas.outcome import DamagedError

BLOCK = tarfile.BLOCKSIZE
TAR_END = bytes(2 * BLOCK)
"""What ends a tar."""
MAX_SAMPLE_BYTES = 2**28
"""A sample of more is not read: ten seconds of video at the canvas size weigh a tenth of it."""

MEMBER = re.compile(rf"(?P<key>{KEY.pattern})\.(?P<name>[a-z0-9_]+\.[a-z0-9]+)")


@dataclass(frozen=True)
class Member:
    """Where one file of a sample lies."""

    key: str
    name: str  # without the key
    header: int  # bytes from the start of the tar
    start: int  # of its bytes
    size: int

    @property
    def stop(self) -> int:
        """Where the next header begins."""
        return self.start + -(-self.size // BLOCK) * BLOCK


@dataclass(frozen=True)
class StoredSample:
    """Where one sample lies: members next to each other, in the order of the tar."""

    key: str
    members: tuple[Member, ...]

    @property
    def offset(self) -> int:
        """Of its first header, bytes."""
        return self.members[0].header

    @property
    def size(self) -> int:
        """Bytes in the tar, headers and padding included."""
        return self.members[-1].stop - self.offset


def samples_in(file: BinaryIO) -> list[StoredSample]:
    """The samples of a tar, opened for reading, in order.

    Raises:
        DamagedError: anything but whole files named `<key>.<name>`, those of a key together, then zeros.
    """
    members = members_in(file)
    samples = [StoredSample(key, tuple(group)) for key, group in itertools.groupby(members, lambda m: m.key)]
    seen: set[str] = set()
    for sample in samples:
        names = [member.name for member in sample.members]
        if sample.key in seen or len(set(names)) < len(names):
            raise DamagedError(f"the members of {sample.key} are not unique and next to each other")
        if sample.size > MAX_SAMPLE_BYTES:
            raise DamagedError(f"{sample.key} has {sample.size} bytes; {MAX_SAMPLE_BYTES} are read")
        seen.add(sample.key)
    return samples


def members_in(file: BinaryIO) -> Iterator[Member]:
    """The members of a tar, in order, up to its end."""
    length = file.seek(0, os.SEEK_END)
    place = 0
    while True:
        file.seek(place)
        block = file.read(BLOCK)
        if block == bytes(BLOCK):
            break
        try:
            header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            raise DamagedError(f"no tar header at byte {place}: {error}") from error
        found = MEMBER.fullmatch(header.name)
        if not header.isreg() or found is None:
            raise DamagedError(
                f"{header.name!r} (type {header.type!r}) at byte {place} is no member of a sample"
            )
        member = Member(found["key"], found["name"], place, place + BLOCK, header.size)
        if not 0 <= member.size <= MAX_SAMPLE_BYTES or member.stop > length:
            raise DamagedError(f"{header.name} says {header.size} bytes; the tar ends at byte {length}")
        yield member
        place = member.stop
    if (
        length % BLOCK
        or length - place < 2 * BLOCK
        or length - place > tarfile.RECORDSIZE + BLOCK
        or any(file.read())
    ):
        raise DamagedError(f"the end of the tar, from byte {place} to {length}, is damaged")


def read_members(file: BinaryIO, sample: StoredSample) -> dict[str, bytes]:
    """The bytes of a sample's members by name, in the order of the tar."""
    found = {}
    for member in sample.members:
        file.seek(member.start)
        found[member.name] = file.read(member.size)
    return found


def sample_digest(key: str, members: dict[str, bytes]) -> str:
    """sha256 of a sample: for each member its name in the tar, its length in digits, and its bytes.

    A zero byte ends name and length.
    """
    digest = hashlib.sha256()
    for name, data in members.items():
        digest.update(f"{key}.{name}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()
