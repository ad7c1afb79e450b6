"""A sample's members, from its place in a tar: on a disk or in an object store, bounded and strict."""

from __future__ import annotations

import tarfile
from collections import OrderedDict

import pyarrow as pa

from dataset.tar import BLOCK, sample_digest
from schemas.index import IndexRow
from schemas.latents import LatentRow
from schemas.outcome import UnfitError
from storage.place import Place
from storage.store import store_errors

Members = dict[str, bytes]
Stretch = IndexRow | LatentRow
"""A row that says where members of one key lie next to each other in a tar, and their digest."""

MAX_OPEN = 64
"""Tars that are held open at a time."""


class Reader:
    """Reads samples of a data set, each by one range of its tar; opens a tar where it is first used."""

    def __init__(self, root: str, *, verify: bool) -> None:
        self.place = Place.at(root)
        self.verify = verify
        self.files: OrderedDict[str, pa.NativeFile] = OrderedDict()

    def read(self, row: Stretch) -> Members:
        """The members of a sample by name, in the order of the tar.

        Raises:
            UnfitError: missing_shard, truncated, damaged_tar, or wrong_digest where digests are verified.
            OSError: the storage does not answer.
        """
        try:
            file = self.opened(row.shard)
        except FileNotFoundError as error:
            raise UnfitError("missing_shard", row.shard) from error
        if file.size() < row.offset + row.size:
            raise UnfitError(
                "truncated",
                f"{row.shard} ends at byte {file.size()}, the sample at {row.offset + row.size}",
            )
        with store_errors("read", self.place.uri_of(row.shard)):
            data = file.read_at(row.size, row.offset)
        members = members_of(row, data)
        if self.verify and sample_digest(row.key, members) != row.sha256:
            raise UnfitError("wrong_digest", f"the bytes of {row.key} are not those that the index names")
        return members

    def opened(self, shard: str) -> pa.NativeFile:
        """An open tar."""
        if shard not in self.files:
            self.files[shard] = self.place.open(shard)
            if len(self.files) > MAX_OPEN:
                self.files.popitem(last=False)[1].close()
        self.files.move_to_end(shard)
        return self.files[shard]


def members_of(row: Stretch, data: bytes) -> Members:
    """The members in a sample's stretch of a tar: plain files named after it that fill the stretch.

    Raises:
        UnfitError: damaged_tar.
    """
    members: Members = {}
    at = 0
    while at < len(data):
        try:
            header = tarfile.TarInfo.frombuf(data[at : at + BLOCK], "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            raise UnfitError("damaged_tar", f"{row.shard}, byte {row.offset + at}: {error}") from error
        key, _, name = header.name.partition(".")
        start = at + BLOCK
        at = start + -(-header.size // BLOCK) * BLOCK
        if not header.isreg() or key != row.key or name in members or header.size < 0 or at > len(data):
            raise UnfitError(
                "damaged_tar",
                f"{row.shard}, byte {row.offset + start - BLOCK}: {header.name!r} is no member of {row.key}",
            )
        members[name] = data[start : start + header.size]
    return members
