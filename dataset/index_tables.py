"""Tables of index rows, of this schema or an older one: whoever reads them sees this one's columns."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dataset.tables import MAX_FILE_BYTES, table_in
from schemas.arrow import schema_of
from schemas.index import SINCE_3, IndexRow
from schemas.outcome import DamagedError
from storage.place import Place

SINCE_2 = frozenset(
    (
        *("uri", "subject", "take", "camera", "consent", "extra", "person", "usable_for"),
        *("head_ratio", "head_in_view", "left_hand_in_view", "right_hand_in_view"),
        *("head_score", "left_hand_score", "right_hand_score"),
        *("jitter", "odd_ratio", "face_px", "truncation", "hands_dropped", "audio_share"),
        *("camera_focal", "principal_x", "principal_y", "calibrated"),
        *("reference_candidates", "reference_gates"),
    )
)
"""Columns that schema 1 had not."""
SCHEMA_2 = pa.schema([field for field in schema_of(IndexRow) if field.name not in SINCE_3])
SCHEMA_1 = pa.schema([field for field in SCHEMA_2 if field.name not in SINCE_2])
UNTOLD: dict[str, Any] = {"string": "", "double": float("nan"), "bool": False}
"""What stands for what an older row does not say, by type; in two columns another word does."""
UNTOLD_WORDS = {"extra": "{}", "usable_for": "unknown"}


def index_table_at(place: Place, name: str) -> pa.Table:
    """The rows of an index, or of a tar's landing: see `index_table`.

    Raises:
        DamagedError: as `index_table`; its text begins with the file's address.
        OSError: it cannot be read.
    """
    data = place.read(name, size=MAX_FILE_BYTES + 1)
    try:
        return index_table(data)
    except DamagedError as error:
        raise DamagedError(f"{place.uri_of(name)}: {error}") from error


def index_table(data: bytes) -> pa.Table:
    """The rows of a Parquet file of index rows, texts as codes; what an older schema had not is untold.

    Raises:
        DamagedError: it is none, or holds too much for its size.
    """
    found = columns_of(data)
    for older in (SCHEMA_1, SCHEMA_2):
        if found == older.names:
            return completed(table_in(data, older))
    return table_in(data, schema_of(IndexRow))


def columns_of(data: bytes) -> list[str]:
    """Names of the columns of a Parquet file; none where it is none, which its reader tells of."""
    try:
        return list(pq.read_schema(pa.BufferReader(data)).names)
    except (pa.ArrowException, OSError):
        return []


def completed(table: pa.Table) -> pa.Table:
    """A table of an older schema with the columns of this one, in its order."""
    rows, present = table.num_rows, set(table.column_names)
    names = schema_of(IndexRow).names
    return pa.table({name: table[name] if name in present else untold(name, rows) for name in names})


def untold(name: str, rows: int) -> pa.ChunkedArray:
    """A column that says nothing, texts as codes."""
    kind = schema_of(IndexRow).field(name).type
    value = UNTOLD_WORDS.get(name, UNTOLD[str(kind)])
    if not pa.types.is_string(kind):
        return pa.chunked_array([pa.repeat(pa.scalar(value, kind), rows)])
    codes = pa.repeat(pa.scalar(0, pa.int32()), rows)
    return pa.chunked_array([pa.DictionaryArray.from_arrays(codes, pa.array([value]))])
