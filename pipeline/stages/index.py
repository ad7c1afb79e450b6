"""The index of a data set: one row a sample, written last; what it does not name does not exist."""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.arrow import decode, encode, schema_of
from schemas.index import IndexRow

INDEX = "index.parquet"
SHARD = re.compile(r"shards/(?P<bucket>[0-9]+x[0-9]+)/(?P<number>[0-9]{6})\.tar")
"""Path of a tar below the data set's folder."""

ROW_BYTES = 32
"""A row's digest alone needs these, however well the rest compresses: an index that says more is refused."""


def write_index(out: Path, rows: Iterable[IndexRow]) -> int:
    """Write `index.parquet` from the rows of all shards, in the order of their keys; gives their number.

    The same rows, in any order, give the same bytes. Tars that no row names, left by an earlier plan, are
    removed first.

    Raises:
        ValueError: two rows have one key.
        OSError: the folder cannot be written, or gives other bytes back.
    """
    ordered = sorted(rows, key=lambda row: row.key)
    for row, after in itertools.pairwise(ordered):
        if row.key == after.key:
            raise ValueError(f"two samples have the key {row.key}: in {row.shard} and in {after.shard}")
    remove_unnamed(out, {row.shard for row in ordered})
    table, path, aside = encode(ordered, IndexRow), out / INDEX, out / f".{INDEX}.tmp"
    pq.write_table(table, aside, compression="zstd", row_group_size=2**16)
    if not pq.read_table(aside).equals(table):
        raise OSError(f"{path}: the rows read back are not those that were written")
    with aside.open("rb+") as file:
        os.fsync(file.fileno())
    aside.replace(path)
    return len(ordered)


def remove_unnamed(out: Path, named: set[str]) -> None:
    """Remove tars below `out/shards` that are not named, and what killed attempts left beside them."""
    for path in sorted((out / "shards").glob("*x*/*.tar")):
        place = path.relative_to(out).as_posix()
        if SHARD.fullmatch(place) and place not in named:
            path.unlink()
    for folder in sorted((out / "shards").glob("*x*")):
        for left in folder.glob(".*.tmp"):
            shutil.rmtree(left)
        if not any(folder.iterdir()):
            folder.rmdir()


def read_index(out: Path) -> Sequence[IndexRow]:
    """The rows of a data set's index.

    Raises:
        ValueError: it is no index of this schema.
        OSError: it cannot be read.
    """
    path = out / INDEX
    try:
        with pq.ParquetFile(path) as file:
            if not file.schema_arrow.equals(schema_of(IndexRow)):
                raise ValueError(f"{path}: its columns are not those of an index")
            if file.metadata.num_rows * ROW_BYTES > path.stat().st_size:
                raise ValueError(f"{path}: {file.metadata.num_rows} rows cannot be in so small a file")
            table = file.read()
            table.validate(full=True)
    except pa.ArrowException as error:
        raise ValueError(f"{path}: {error}") from error
    if any(column.null_count for column in table.columns):
        raise ValueError(f"{path}: a value is missing")
    return decode(table, IndexRow)
