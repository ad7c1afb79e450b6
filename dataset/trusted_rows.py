"""Rows of strangers that say where samples lie: numbers and paths are checked before they are followed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dataset.names import SHARD
from dataset.tables import table_at
from dataset.tar import BLOCK
from schemas.arrow import schema_of
from schemas.outcome import DamagedError
from storage.place import Place

MAX_SIDE_PX = 4096
Limits = Mapping[str, tuple[int, int]]
"""Least and largest value of each number that memory is taken by."""


def trusted_rows(place: Place, name: str, cls: type, limits: Limits) -> pa.Table:
    """The rows of a Parquet file of records, texts as codes, each to be trusted: see `refuse_untrusted`.

    Raises:
        DamagedError: it holds no such rows; the text begins with the file's address.
        OSError: it cannot be read.
    """
    table = table_at(place, name, schema_of(cls))
    try:
        refuse_untrusted(table, limits)
    except DamagedError as error:
        raise DamagedError(f"{place.uri_of(name)}: {error}") from error
    return table


def refuse_untrusted(table: pa.Table, limits: Limits) -> None:
    """Returns where rows can be trusted, of which there is at least one.

    Every number may be trusted with memory as far as the limits say, every path lies below the data set, no
    key is there twice, and no stretch of a tar is in two rows.

    Raises:
        DamagedError: a row cannot be trusted, or there is none.
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
