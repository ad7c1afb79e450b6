"""Writes the index of a data set: one row a sample, last; what it does not name does not exist."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from dataset.names import INDEX, INDEX_COPIES, SHARD, SHARDS, index_copy, tar_name, tar_place
from schemas.columns import index_schema
from storage.place import Place, Where
from storage.scratch import workplace

ROWS_AT_ONCE = 2**16
"""Rows in memory while an index is written, and in one row group."""
PARTS_AT_ONCE = 1024
"""Parts that wait to be put together: small ones take more memory than their keys."""

Part = Callable[[Sequence[str]], pa.Table]
"""Gives the named columns of some of an index's rows: asked once for their order, once to be written."""


def write_index(out: Where, parts: Sequence[Part]) -> int:
    """Write `index.parquet` from the rows of all shards, in the order of their keys; gives their number.

    The same rows, in any order and in any parts, give the same bytes. An earlier index holds until this one
    takes its place; then tars that no row names are removed. A copy stays under its digest. In memory are the
    keys of all rows, and the parts that `ROWS_AT_ONCE` rows lie in: few where each part is a shard, as shards
    follow their keys.

    Raises:
        ValueError: two rows have one key.
        OSError: the place cannot be written, or gives other bytes back.
    """
    order, named = order_of(parts)
    place = Place.at(out)
    with workplace() as folder:
        path = folder / INDEX
        with pq.ParquetWriter(path, index_schema(), compression="zstd", write_page_checksum=True) as writer:
            for table in tables_in(order, parts):
                writer.write_table(table.cast(index_schema()), row_group_size=ROWS_AT_ONCE)
        read_back(path, len(order.row))
        with path.open("rb") as written:
            place.put(index_copy(hashlib.file_digest(written, "sha256").hexdigest()), path)
        place.put(INDEX, path)
    remove_unnamed(place, named)
    return len(order.row)


def of_tar(part: Part) -> Part:
    """The rows of one tar, as its stage gave them, under the name that the tar has for its contents."""

    def columns_of(columns: Sequence[str]) -> pa.Table:
        return with_tar_name(part(sorted({*columns, "shard", "sha256"}))).select(list(columns))

    return columns_of


def with_tar_name(rows: pa.Table) -> pa.Table:
    """The rows of one tar, none or some, with its name in place of its place."""
    if not rows.num_rows:
        return rows
    name = tar_name(tar_place(rows["shard"][0].as_py()), rows["sha256"].to_pylist())
    names = pa.array([name] * rows.num_rows, rows.schema.field("shard").type)
    return rows.set_column(rows.column_names.index("shard"), "shard", names)


@dataclass(frozen=True)
class RowOrder:
    """Where the rows of an index lie, in the order of their keys."""

    part: NDArray[np.int64]  # index of the part
    row: NDArray[np.int64]  # within it


def order_of(parts: Sequence[Part]) -> tuple[RowOrder, set[str]]:
    """Where each row of the index comes from, and the tars that they name."""
    keys, sizes, named = all_keys(parts)
    ranks = pc.sort_indices(keys)
    rank = ranks.to_numpy().astype(np.int64)
    part = np.repeat(np.arange(len(parts)), sizes)[rank]
    order = RowOrder(part, rank - (np.cumsum(sizes) - sizes)[part])
    refuse_repeats(keys.take(ranks), order, parts)
    return order, named


def all_keys(parts: Sequence[Part]) -> tuple[pa.Array, NDArray[np.int64], set[str]]:
    """The keys of all rows, part after part; how many each part has; the tars that they name."""
    blocks, sizes, named = [pa.array([], pa.string())], [], set()
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(parts), PARTS_AT_ONCE):
            tables = list(pool.map(lambda part: part(["key", "shard"]), parts[start : start + PARTS_AT_ONCE]))
            whole = pa.concat_tables(tables)
            blocks.append(whole["key"].combine_chunks())
            sizes += [table.num_rows for table in tables]
            named.update(whole["shard"].unique().to_pylist())
    return pa.concat_arrays(blocks), np.array(sizes, dtype=np.int64), named


def refuse_repeats(keys: pa.Array, order: RowOrder, parts: Sequence[Part]) -> None:
    """Raises: ValueError: two of the ordered keys are one."""
    same = pc.equal(keys[:-1], keys[1:]).to_numpy(zero_copy_only=False)
    if same.any():
        first = int(same.argmax())
        one, other = (
            parts[order.part[at]](["shard"])["shard"][order.row[at]].as_py() for at in (first, first + 1)
        )
        raise ValueError(f"two samples have the key {keys[first].as_py()}: in {one} and in {other}")


def tables_in(order: RowOrder, parts: Sequence[Part]) -> Iterator[pa.Table]:
    """The rows in order, `ROWS_AT_ONCE` in a table; a part is read when its first row is due."""
    last = np.zeros(len(parts), dtype=np.int64)
    np.maximum.at(last, order.part, np.arange(len(order.part)))
    loaded: dict[int, pa.Table] = {}
    for start in range(0, len(order.part), ROWS_AT_ONCE):
        block = order.part[start : start + ROWS_AT_ONCE]
        needed, which = np.unique(block, return_inverse=True)
        loaded |= {part: parts[part](index_schema().names) for part in needed.tolist() if part not in loaded}
        tables = [loaded[part] for part in needed.tolist()]
        sizes = np.array([table.num_rows for table in tables])
        rows = (np.cumsum(sizes) - sizes)[which] + order.row[start : start + ROWS_AT_ONCE]
        yield pa.concat_tables(tables).combine_chunks().take(rows).combine_chunks()
        loaded = {part: table for part, table in loaded.items() if last[part] >= start + len(block)}


def read_back(path: Path, rows: int) -> None:
    """Read a written index whole: every page has the checksum of what was to be written.

    Raises:
        OSError: the disk gives other bytes back.
    """
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        found = sum(batch.num_rows for batch in file.iter_batches())
    if found != rows:
        raise OSError(f"{path}: wrote {rows} rows, read back {found}")


def remove_unnamed(out: Place, named: set[str]) -> None:
    """Remove tars that are not named, and what killed attempts left beside tars and copies of indexes."""
    out.sweep(INDEX_COPIES)
    for entry in out.files(SHARDS):
        if SHARD.fullmatch(entry.name) and entry.name not in named:
            out.remove(entry.name)
    if out.folder is not None:
        for folder in sorted((out.folder / SHARDS).glob("*x*")):
            (out / SHARDS).sweep(folder.name)
            if not any(folder.iterdir()):
                folder.rmdir()
