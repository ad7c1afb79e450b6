"""The index of a data set: one row a sample, written last; what it does not name does not exist."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.scratch import workplace
from schemas.arrow import decode, encode, schema_of
from schemas.index import IndexRow
from schemas.place import Place, Where

INDEX = "index.parquet"
SHARD = re.compile(r"shards/(?P<bucket>[0-9]+x[0-9]+)/(?P<number>[0-9]{6})\.tar")
"""Path of a tar below the data set's folder."""

ROW_BYTES = 32
"""A row's digest alone needs these, however well the rest compresses: an index that says more is refused."""


def write_index(out: Where, rows: Iterable[IndexRow]) -> int:
    """Write `index.parquet` from the rows of all shards, in the order of their keys; gives their number.

    The same rows, in any order, give the same bytes. Tars that no row names, left by an earlier plan, are
    removed first.

    Raises:
        ValueError: two rows have one key.
        OSError: the place cannot be written, or gives other bytes back.
    """
    ordered = sorted(rows, key=lambda row: row.key)
    for row, after in itertools.pairwise(ordered):
        if row.key == after.key:
            raise ValueError(f"two samples have the key {row.key}: in {row.shard} and in {after.shard}")
    place = Place.at(out)
    remove_unnamed(place, {row.shard for row in ordered})
    table = encode(ordered, IndexRow)
    with workplace() as folder:
        path = folder / INDEX
        pq.write_table(table, path, compression="zstd", row_group_size=2**16)
        if not pq.read_table(path).equals(table):
            raise OSError(f"{path}: the rows read back are not those that were written")
        place.put(INDEX, path)
    return len(ordered)


def remove_unnamed(out: Place, named: set[str]) -> None:
    """Remove tars below `out/shards` that are not named, and what killed attempts left beside them."""
    for entry in out.files("shards"):
        if SHARD.fullmatch(entry.name) and entry.name not in named:
            out.remove(entry.name)
    if out.folder is not None:
        for folder in sorted((out.folder / "shards").glob("*x*")):
            (out / "shards").sweep(folder.name)
            if not any(folder.iterdir()):
                folder.rmdir()


def read_index(out: Where) -> Sequence[IndexRow]:
    """The rows of a data set's index.

    Raises:
        ValueError: it is no index of this schema.
        OSError: it cannot be read.
    """
    place = Place.at(out)
    where = place.uri_of(INDEX)
    try:
        with place.open(INDEX) as opened, pq.ParquetFile(opened) as file:
            if not file.schema_arrow.equals(schema_of(IndexRow)):
                raise ValueError(f"{where}: its columns are not those of an index")
            if file.metadata.num_rows * ROW_BYTES > opened.size():
                raise ValueError(f"{where}: {file.metadata.num_rows} rows cannot be in so small a file")
            table = file.read()
            table.validate(full=True)
    except pa.ArrowException as error:
        raise ValueError(f"{where}: {error}") from error
    if any(column.null_count for column in table.columns):
        raise ValueError(f"{where}: a value is missing")
    return decode(table, IndexRow)
