"""`measures.parquet`: a row a sample, a column a measure, null where it does not apply."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.measures.measure import Measure
from schemas.measures import TABLE, MeasuredSample
from schemas.outcome import DamagedError
from storage.place import Place
from storage.scratch import workplace

KEYS = ("key", "sample_sha256", "fingerprint", "mouth")
ROWS_AT_ONCE = 2**14


def table_schema(measures: Sequence[Measure]) -> pa.Schema:
    """Columns of the table; each measure's carries its unit, definition and source."""
    columns = [
        pa.field(one.name, pa.float64(), metadata={"unit": one.unit, "says": one.says, "source": one.source})
        for one in measures
    ]
    return pa.schema([*(pa.field(name, pa.string(), nullable=False) for name in KEYS), *columns])


def write_table(place: Place, rows: Iterable[MeasuredSample], measures: Sequence[Measure]) -> int:
    """Write the table, in the order in which rows come; gives their number.

    Raises:
        OSError: the place cannot be written.
    """
    schema, count = table_schema(measures), 0
    with workplace() as folder:
        path = folder / TABLE
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for batch in batches(rows):
                plain = [{name: getattr(row, name) for name in KEYS} | row.numbers for row in batch]
                writer.write_table(pa.Table.from_pylist(plain, schema=schema))
                count += len(batch)
        place.put(TABLE, path)
    return count


def batches(rows: Iterable[MeasuredSample]) -> Iterable[list[MeasuredSample]]:
    """The rows, some at a time."""
    batch = list[MeasuredSample]()
    for row in rows:
        batch.append(row)
        if len(batch) == ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def read_table(place: Place) -> pa.Table | None:
    """The table of a place, None where nothing was measured.

    Raises:
        DamagedError: it is none of ours.
        OSError: it cannot be read.
    """
    if place.size(TABLE) is None:
        return None
    try:
        with place.open(TABLE) as opened, pq.ParquetFile(opened) as file:
            if file.schema_arrow.names[: len(KEYS)] != list(KEYS):
                raise DamagedError(
                    f"{place.uri_of(TABLE)}: its columns are not those of measures; audit the set again"
                )
            return file.read()
    except pa.ArrowException as error:
        raise DamagedError(f"{place.uri_of(TABLE)}: no readable table: {error}") from error
