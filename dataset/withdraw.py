"""Samples leave the files that readers see: tars made anew of their own bytes, indexes without names."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from dataset.index import WITHDRAWN_KEY, drawn_to_be_held_out, read_index
from dataset.names import INDEX_COPIES, INDEX_COPY, SHARD, SHARDS, SOURCE_DIGITS, tar_name
from dataset.reader import members_of
from dataset.tar import TAR_END, sample_digest
from schemas.arrow import encode
from schemas.index import IndexRow
from schemas.outcome import UnfitError
from storage.place import Place
from storage.scratch import workplace


def remade(out: Place, place: str, rows: Sequence[IndexRow]) -> list[IndexRow]:
    """Put the tar of a place together from where its samples lie now; its rows, as the shard stage has them.

    Bytes and order of a sample's members stay; nothing is decoded.

    Raises:
        UnfitError: a sample's bytes are not those of the index.
        OSError: a tar cannot be read or written.
    """
    found: list[IndexRow] = []
    with workplace() as folder:
        path = folder / "shard.tar"
        with path.open("wb") as tar:
            for row in rows:
                offset = tar.tell()
                tar.write(whole(out, row))
                found.append(replace(row, shard=f"{SHARDS}/{place}", offset=offset))
            tar.write(TAR_END)
            tar.write(bytes(-tar.tell() % tarfile.RECORDSIZE))
        if found:
            out.put(tar_name(f"{SHARDS}/{place}", (row.sha256 for row in found)), path)
    return found


def whole(out: Place, row: IndexRow) -> bytes:
    """A sample as it lies in its tar, headers and padding included.

    Raises:
        UnfitError: other bytes are there than were indexed.
        OSError: the tar cannot be read.
    """
    data = out.read(row.shard, row.offset, row.size)
    if sample_digest(row.key, members_of(row, data)) != row.sha256:
        raise UnfitError("wrong_digest", f"the bytes of {row.key} in {row.shard} are not those of the index")
    return data


def redact_copies(out: Place, prefixes: Collection[str]) -> int:
    """Take the names of sources out of all older indexes; in how many there were any.

    What the order of a training depends on stays: a row is there, under no name, of the same length, canvas
    and group, and held out or not as it was.
    """
    changed = 0
    for entry in out.files(INDEX_COPIES):
        found = INDEX_COPY.fullmatch(entry.name)
        if found is None:
            continue
        index = read_index(out, trusted=False, digest=found["digest"])  # which may be one of nobody
        rows, (group, names) = list(index.rows()), index.groups()
        if any(row.key[:SOURCE_DIGITS] in prefixes for row in rows):
            changed += 1
            write_copy(out, entry.name, nameless(rows, prefixes, [names[code] for code in group]))
    return changed


def write_copy(out: Place, name: str, rows: Sequence[IndexRow]) -> None:
    """Put an older index in its place."""
    with workplace() as folder:
        path = Path(folder) / "index.parquet"
        pq.write_table(encode(rows, IndexRow), path, compression="zstd", write_page_checksum=True)
        out.put(name, path)


def nameless(rows: Sequence[IndexRow], prefixes: Collection[str], groups: Sequence[str]) -> list[IndexRow]:
    """Rows of an index, those of some sources without what tells them; `groups` are held out as wholes."""
    tars = {row.shard: number for number, row in enumerate(rows) if tells(row.shard, prefixes)}
    return [
        replace(
            nameless_row(row, number, groups[number]) if row.key[:SOURCE_DIGITS] in prefixes else row,
            shard=f"{SHARDS}/{row.bucket}/{tars[row.shard]:06d}.tar" if row.shard in tars else row.shard,
        )
        for number, row in enumerate(rows)
    ]


def nameless_row(row: IndexRow, number: int, group: str) -> IndexRow:
    """A row without what tells its source; its pseudonym keeps the group's lot when some are held out."""
    return replace(
        row,
        key=f"{WITHDRAWN_KEY}-{number:06d}-0",
        source_sha256=drawn_to_be_held_out(group).hex(),
        uri="",
        subject="",
        take="",
        camera="",
        consent="",
        person="",
        extra="{}",
        sha256=hashlib.sha256(f"withdrawn {number}".encode()).hexdigest(),
    )


def tells(shard: str, prefixes: Collection[str]) -> bool:
    """Whether a tar's name begins with a key of some sources."""
    return bool(SHARD.fullmatch(shard)) and shard.rpartition("/")[2][:SOURCE_DIGITS] in prefixes
