"""`index.parquet`: which samples there are, and where each lies."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyarrow import fs

from model.data.deal import Group, Stock
from schemas.arrow import decode, schema_of
from schemas.index import IndexRow
from schemas.media import MAX_CLIP_FRAMES, MIN_CLIP_FRAMES
from schemas.sample import MAX_REFERENCES
from schemas.version import SCHEMA

INDEX = "index.parquet"
SHARD = re.compile(r"shards/[0-9]+x[0-9]+/[0-9]{6}\.tar")
REPETITIVE = ["shard", "bucket", "framing", "domain", "licence", "source_sha256"]
"""Columns with few different values: held as codes."""

MAX_SIDE_PX = 4096
MAX_SAMPLE_BYTES = 2**30
LIMITS = {
    "schema": (SCHEMA, SCHEMA),
    "offset": (0, 2**50),
    "size": (1, MAX_SAMPLE_BYTES),
    "width": (16, MAX_SIDE_PX),
    "height": (16, MAX_SIDE_PX),
    "frames": (MIN_CLIP_FRAMES, MAX_CLIP_FRAMES),
    "num_references": (1, MAX_REFERENCES),
}
"""Least and largest value of each number that memory is taken by."""


@dataclass(frozen=True)
class Index:
    """The rows of a data set, in the order of their keys."""

    root: str  # folder or bucket prefix, as given
    digest: str  # sha256 of the file
    table: pa.Table

    def __len__(self) -> int:
        """Number of samples."""
        return int(self.table.num_rows)

    def row(self, number: int) -> IndexRow:
        """One row."""
        return decode(self.table.slice(number, 1), IndexRow)[0]

    def numbers(self, name: str) -> NDArray[np.int64]:
        """A column of whole numbers."""
        return np.asarray(self.table[name].to_numpy(), np.int64)

    def codes(self, name: str) -> tuple[NDArray[np.int64], list[str]]:
        """A column of few different words: a code for each row, and the words."""
        column = self.table[name].unify_dictionaries().combine_chunks()
        return np.asarray(column.indices.to_numpy(), np.int64), column.dictionary.to_pylist()

    def stock(self, groups: Sequence[Group]) -> Stock:
        """What the order of samples depends on."""
        digests = "".join(pc.utf8_slice_codeunits(self.table["sha256"], 0, 16).to_pylist())
        return Stock(
            digest=self.digest,
            ident=np.frombuffer(bytes.fromhex(digests), ">u8").astype(np.uint64),
            shard=self.codes("shard")[0],
            width=self.numbers("width"),
            height=self.numbers("height"),
            frames=self.numbers("frames"),
            group=self.grouped(groups),
        )

    def grouped(self, groups: Sequence[Group]) -> NDArray[np.int64]:
        """For each row, the first group that takes it, -1 where none does."""
        (framing, framings), (domain, domains) = self.codes("framing"), self.codes("domain")
        found = np.full(len(self), -1, np.int64)
        for number, group in reversed(list(enumerate(groups))):
            taken = np.isin(framing, [framings.index(name) for name in group.framings if name in framings])
            if group.domains:
                taken &= np.isin(domain, [domains.index(name) for name in group.domains if name in domains])
            found[taken] = number
        return found


def place(root: str) -> tuple[fs.FileSystem, str]:
    """The file system and the path on it of a folder or of a URI such as `s3://bucket/prefix`."""
    system, path = fs.FileSystem.from_uri(root if "://" in root else Path(root).resolve().as_uri())
    return system, path


def open_index(root: str) -> Index:
    """The index of a data set, checked.

    Raises:
        ValueError: it is no index of this schema, or a number is outside its limits.
        OSError: it cannot be read.
    """
    system, path = place(root)
    with system.open_input_file(f"{path}/{INDEX}") as file:
        data = file.read_buffer()
    digest = hashlib.sha256(data).hexdigest()
    try:
        if not pq.read_schema(pa.BufferReader(data)).equals(schema_of(IndexRow)):
            raise ValueError(f"{root}/{INDEX}: its columns are not those of an index of schema {SCHEMA}")
        with pq.ParquetFile(pa.BufferReader(data), read_dictionary=REPETITIVE) as parquet:
            table = parquet.read()
            table.validate(full=True)
    except pa.ArrowException as error:
        raise ValueError(f"{root}/{INDEX}: {error}") from error
    index = Index(root, digest, table)
    refuse_odd(index)
    return index


def refuse_odd(index: Index) -> None:
    """Returns where every number may be trusted with memory, and every path lies below the data set.

    Raises:
        ValueError: one may not.
    """
    where = f"{index.root}/{INDEX}"
    if len(index) == 0:
        raise ValueError(f"{where}: no samples")
    for column in index.table.column_names:
        if index.table[column].null_count:
            raise ValueError(f"{where}: a value of {column} is missing")
    for name, (least, largest) in LIMITS.items():
        values = index.numbers(name)
        if values.min() < least or values.max() > largest:
            raise ValueError(
                f"{where}: {name} is {values.min()} to {values.max()}, {least} to {largest} are read"
            )
    for shard in index.codes("shard")[1]:
        if not SHARD.fullmatch(shard):
            raise ValueError(f"{where}: {shard!r} is no path of a shard")


def unfit_shards(index: Index) -> list[str]:
    """A sentence for each tar that is missing or ends before its last sample does."""
    system, path = place(index.root)
    shard, names = index.codes("shard")
    ends = np.zeros(len(names), np.int64)
    np.maximum.at(ends, shard, index.numbers("offset") + index.numbers("size"))
    listed = system.get_file_info(fs.FileSelector(f"{path}/shards", recursive=True, allow_not_found=True))
    sizes = {info.path.removeprefix(f"{path}/"): info.size for info in listed if info.is_file}
    return [
        f"{name} ends at byte {sizes[name]} of {end}" if name in sizes else f"{name} is missing"
        for name, end in zip(names, ends.tolist(), strict=True)
        if sizes.get(name, 0) < end
    ]
