"""Tables of strangers: the rows of a Parquet file, with the memory that they take bounded before it is taken.

A megabyte of Parquet may ask for terabytes: a page that unpacks to zeros, a row of one long text that a run
repeats a million times. So pages are asked for their sizes first, and texts are held once, as codes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dataset.pages import unpacked_sizes
from schemas.index import MAX_TEXT_BYTES
from schemas.outcome import DamagedError
from schemas.version import SCHEMA
from storage.place import Place

T = TypeVar("T")

DIGEST_BYTES = 32
"""No row that holds a sha256 of its own is smaller in a file, however well the rest compresses."""
ROW_BYTES = 4096
"""Most bytes of a row in memory, in the mean: a sample's has some four hundred."""
SPARE_BYTES = 2**20
MAX_FILE_BYTES = 2**32
MAX_GROUPS = 2**16


def table_at(
    place: Place,
    name: str,
    schema: pa.Schema,
    columns: Sequence[str] | None = None,
    *,
    least_row_bytes: int = DIGEST_BYTES,
) -> pa.Table:
    """Rows of a Parquet file of a place: see `table_in`.

    Raises:
        DamagedError: as `table_in`; its text begins with the file's address.
        OSError: it cannot be read.
    """
    data = place.read(name, size=MAX_FILE_BYTES + 1)
    try:
        return table_in(data, schema, columns, least_row_bytes=least_row_bytes)
    except DamagedError as error:
        raise DamagedError(f"{place.uri_of(name)}: {error}") from error


def table_in(
    data: bytes,
    schema: pa.Schema,
    columns: Sequence[str] | None = None,
    *,
    least_row_bytes: int = DIGEST_BYTES,
) -> pa.Table:
    """The rows of a Parquet file of this flat schema, of all columns or of some; texts are codes.

    It takes some hundred times the memory of `data` at most, and no row fewer than `least_row_bytes` of it.

    Raises:
        DamagedError: it is none, holds other columns or too much for its size, or a value is missing.
    """
    if len(data) > MAX_FILE_BYTES:
        raise DamagedError(f"more than {MAX_FILE_BYTES} bytes are too many")
    wanted = list(schema.names if columns is None else columns)
    try:
        with pq.ParquetFile(pa.BufferReader(data)) as file:
            if not file.schema_arrow.equals(schema):
                raise DamagedError(f"its columns are not those of schema {SCHEMA}")
            refuse_large(data, file.metadata, [schema.names.index(name) for name in wanted], least_row_bytes)
        texts = [name for name in wanted if pa.types.is_string(schema.field(name).type)]
        with pq.ParquetFile(pa.BufferReader(data), read_dictionary=texts) as file:
            table = file.read(columns=wanted)
            table.validate(full=True)
            refuse_odd(table, file.metadata.num_rows)
    except (pa.ArrowException, OSError, OverflowError) as error:  # of bytes in memory: no disk is at fault
        raise DamagedError(f"no readable table: {error}") from error
    return table


def refuse_large(data: bytes, footer: pq.FileMetaData, columns: Sequence[int], least_row_bytes: int) -> None:
    """Returns where a file's rows fit its size, and the pages of its columns its rows.

    Raises:
        DamagedError: they do not.
    """
    if footer.num_rows * least_row_bytes > len(data) or footer.num_row_groups > MAX_GROUPS:
        raise DamagedError(f"{footer.num_rows} rows cannot be in so small a file")
    left = footer.num_rows * ROW_BYTES + SPARE_BYTES
    for start, stop in chunks(footer, columns):
        if not 0 < start <= stop <= len(data):
            raise DamagedError(f"a column from byte {start} to {stop} of {len(data)}")
        for size in unpacked_sizes(memoryview(data)[start:stop]):
            left -= size
            if left < 0:
                raise DamagedError(f"it unpacks to more than {ROW_BYTES} bytes for each of its rows")


def chunks(footer: pq.FileMetaData, columns: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Where the chunks of columns begin and end in a file, as Arrow reads them.

    Raises:
        DamagedError: the numbers of rows and values of the footer contradict each other.
    """
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    if sum(group.num_rows for group in groups) != footer.num_rows:
        raise DamagedError(f"its parts have other rows than its {footer.num_rows}")
    for group, number in itertools.product(groups, columns):
        column = group.column(number)
        if column.num_values != group.num_rows:  # by which Arrow reads
            raise DamagedError(f"{column.num_values} values in {group.num_rows} rows")
        start = column.data_page_offset
        if column.has_dictionary_page and 0 < column.dictionary_page_offset < start:
            start = column.dictionary_page_offset
        if column.num_values:
            yield start, start + column.total_compressed_size


def refuse_odd(table: pa.Table, rows: int) -> None:
    """Returns where a table has all of its values, and no text is long.

    Raises:
        DamagedError: a value is missing, or a text is longer than any that we write.
    """
    if table.num_rows != rows:
        raise DamagedError(f"{table.num_rows} rows where it says {rows}")
    for name, column in zip(table.column_names, table.columns, strict=True):
        if column.null_count:
            raise DamagedError(f"a value of {name} is missing")
        if pa.types.is_dictionary(column.type):
            lengths = [pc.max(pc.binary_length(chunk.dictionary)).as_py() or 0 for chunk in column.chunks]
            if max(lengths, default=0) > MAX_TEXT_BYTES:
                raise DamagedError(f"{name}: a text of {max(lengths)} bytes")


def records(table: pa.Table, cls: type[T]) -> list[T]:
    """The rows of a table as records of its columns; texts that are alike are one object."""
    columns = [values(column) for column in table.columns]
    return [cls(**dict(zip(table.column_names, row, strict=True))) for row in zip(*columns, strict=True)]


def values(column: pa.ChunkedArray) -> list[Any]:
    """The values of a column."""
    if not pa.types.is_dictionary(column.type):
        return list(column.to_numpy().tolist())
    found: list[Any] = []
    for chunk in column.chunks:
        words = np.array(chunk.dictionary.to_pylist(), object)
        found += words[chunk.indices.to_numpy()].tolist()
    return found
