"""`index.parquet`: which samples there are, and where each lies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dataset.names import INDEX, SHARD
from dataset.tables import MAX_FILE_BYTES, table_in
from dataset.tar import BLOCK, MAX_SAMPLE_BYTES
from model.data.epoch_order import Group, SamplingTable
from model.data.rng import Words
from schemas.arrow import decode, schema_of
from schemas.index import IndexRow
from schemas.media import MAX_CLIP_FRAMES, MIN_CLIP_FRAMES
from schemas.outcome import DamagedError
from schemas.sample import MAX_REFERENCES
from schemas.version import SCHEMA
from storage.place import Place

MAX_SIDE_PX = 4096
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
        return codes_of(self.table[name])

    def by_shard(self) -> Iterator[tuple[str, Index]]:
        """Each tar, and the rows of its samples."""
        code, names = self.codes("shard")
        for number, name in enumerate(names):
            yield name, replace(self, table=self.table.filter(pa.array(code == number)))

    def split(self, held_out: float) -> tuple[Index, Index | None]:
        """Samples to train on, and those of a share of the sources: at least of one, if the share is above 0.

        A source is held out as a whole, for its clips show the same people. Which ones are follows from their
        bytes. A single source is not held out, and the second part is None where nothing is.
        """
        source, digests = self.codes("source_sha256")
        lots = {
            code: hashlib.sha256(f"held out {digests[code]}".encode()).digest() for code in np.unique(source)
        }
        num = max(1, round(held_out * len(lots))) if held_out > 0 else 0
        if not 0 < num < len(lots):
            return self, None
        held = np.isin(source, sorted(lots, key=lots.__getitem__)[:num])
        kept, tried = (replace(self, table=self.table.filter(pa.array(part))) for part in (~held, held))
        return kept, tried

    def stock(self, groups: Sequence[Group]) -> SamplingTable:
        """What the order of samples depends on."""
        return SamplingTable(
            digest=self.digest,
            ident=idents(self.table["sha256"]),
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


def idents(sha256: pa.ChunkedArray) -> Words:
    """A number for each digest: its first 64 bits."""
    digits = "".join(pc.utf8_slice_codeunits(sha256.cast(pa.string()), 0, 16).to_pylist())
    return np.frombuffer(bytes.fromhex(digits), ">u8").astype(np.uint64)


def open_index(root: str) -> Index:
    """The index of a data set, checked.

    Raises:
        ValueError: it is no index of this schema, or a number is outside its limits.
        OSError: it cannot be read.
    """
    data = Place.at(root).read(INDEX, size=MAX_FILE_BYTES + 1)
    table = rows_in(f"{root}/{INDEX}", data, IndexRow, LIMITS)
    return Index(root, hashlib.sha256(data).hexdigest(), table)


def rows_in(where: str, data: bytes, cls: type, limits: Mapping[str, tuple[int, int]]) -> pa.Table:
    """The rows of a Parquet file of records, at least one, texts as codes: see `dataset.tables`.

    Every number may be trusted with memory as far as the limits say, every path lies below the data set, no
    key is there twice, and no stretch of a tar is in two rows.

    Raises:
        ValueError: it holds others, or a number or a path may not be trusted.
    """
    try:
        table = table_in(data, schema_of(cls))
        refuse_odd(table, limits)
    except DamagedError as error:
        raise DamagedError(f"{where}: {error}") from error
    return table


def refuse_odd(table: pa.Table, limits: Mapping[str, tuple[int, int]]) -> None:
    """Returns where rows can be trusted, as `rows_in` says.

    Raises:
        DamagedError: one cannot, or there is none.
    """
    if table.num_rows == 0:
        raise DamagedError("no samples")
    for name, (least, largest) in limits.items():
        low, high = pc.min_max(table[name]).values()
        if low.as_py() < least or high.as_py() > largest:
            raise DamagedError(f"{name} is {low} to {high}, {least} to {largest} are read")
    if not pc.all(pc.match_substring_regex(table["sha256"].cast(pa.string()), "^[0-9a-f]{64}$")).as_py():
        raise DamagedError("a value of sha256 is no digest")
    for shard in codes_of(table["shard"])[1]:
        if not SHARD.fullmatch(shard):
            raise DamagedError(f"{shard[:99]!r} is no path of a shard")
    repeated = table.num_rows - pc.count_distinct(table["key"].cast(pa.string())).as_py()
    if repeated:
        raise DamagedError(f"{repeated} keys are there twice")
    refuse_overlaps(table)


def refuse_overlaps(table: pa.Table) -> None:
    """Returns where rows are stretches of whole blocks of their tars, none of which lies over another.

    Raises:
        DamagedError: one does.
    """
    shard, names = codes_of(table["shard"])
    start, size = (np.asarray(table[name].to_numpy(), np.int64) for name in ("offset", "size"))
    order = np.lexsort((start, shard))
    shard, start, stop = shard[order], start[order], (start + size)[order]
    over = (shard[1:] == shard[:-1]) & (start[1:] < stop[:-1])
    if over.any():
        at = int(over.argmax())
        raise DamagedError(f"{names[shard[at]]}: two samples lie over each other at byte {start[at + 1]}")
    if (start % BLOCK).any() or (stop % BLOCK).any():
        raise DamagedError("a sample is no stretch of whole blocks of a tar")


def codes_of(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], list[str]]:
    """Of a column of few different words: a code for each row, and the words."""
    whole = column.unify_dictionaries().combine_chunks()
    return np.asarray(whole.indices.to_numpy(), np.int64), whole.dictionary.to_pylist()


def unfit_shards(index: Index) -> list[str]:
    """A sentence for each tar that is missing or ends before its last sample does."""
    shard, names = index.codes("shard")
    ends = np.zeros(len(names), np.int64)
    np.maximum.at(ends, shard, index.numbers("offset") + index.numbers("size"))
    sizes = {file.name: file.size for file in Place.at(index.root).files("shards")}
    return [
        f"{name} ends at byte {sizes[name]} of {end}" if name in sizes else f"{name} is missing"
        for name, end in zip(names, ends.tolist(), strict=True)
        if sizes.get(name, 0) < end
    ]
