"""Rows of an index by their keys: a stretch of it is in memory, and not the whole."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dataset.index_tables import index_table_at
from dataset.names import INDEX
from dataset.tables import records
from schemas.arrow import schema_of
from schemas.index import IndexRow
from storage.place import Place, Where


class IndexRows:
    """The newest index of our own data set, as it was when it was first asked.

    Its rows are in the order of their keys, so those of one tar lie near each other. An index of an older
    schema is read whole.
    """

    def __init__(self, out: Where) -> None:
        self.place = Place.at(out)
        self.held: tuple[tuple[int, ...], pa.Table] | None = None

    @cached_property
    def file(self) -> pq.ParquetFile:
        """The file, open."""
        return pq.ParquetFile(self.place.open(INDEX))

    @cached_property
    def spans(self) -> list[tuple[str, str]]:
        """The least and the greatest key of each row group."""
        column = self.file.schema_arrow.names.index("key")
        groups = (self.file.metadata.row_group(number) for number in range(self.file.num_row_groups))
        found = (group.column(column).statistics for group in groups)
        return [(one.min, one.max) for one in found]

    def of(self, keys: Sequence[str]) -> list[IndexRow]:
        """The rows of samples, in this order, as far as there are any.

        Raises:
            DamagedError: an index of an older schema cannot be read.
            OSError: the place does not answer.
        """
        rows = self.stretch(min(keys), max(keys)) if keys else schema_of(IndexRow).empty_table()
        wanted = pc.is_in(rows["key"].cast(pa.string()), value_set=pa.array(keys, pa.string()))
        found = {row.key: row for row in records(rows.filter(wanted), IndexRow)}
        return [found[key] for key in keys if key in found]

    def stretch(self, least: str, greatest: str) -> pa.Table:
        """All rows whose keys may lie between two, these included."""
        if not self.file.schema_arrow.equals(schema_of(IndexRow)):
            groups: tuple[int, ...] = (-1,)
        else:
            spans = enumerate(self.spans)
            groups = tuple(at for at, (first, last) in spans if first <= greatest and least <= last)
        if self.held is None or self.held[0] != groups:
            whole = groups == (-1,)
            table = index_table_at(self.place, INDEX) if whole else self.file.read_row_groups(groups)
            self.held = groups, table
        return self.held[1]
