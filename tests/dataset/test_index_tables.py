"""Indexes of schema 1 are read as those of this one that say less."""

from __future__ import annotations

import math
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataset.index import read_index
from dataset.index_tables import SCHEMA_1, SCHEMA_2, SINCE_2, index_table_at
from dataset.verify.rows import row_faults
from schemas.arrow import schema_of
from schemas.index import IndexRow
from schemas.outcome import DamagedError
from storage.place import Place


def as_schema(number: int, columns: pa.Schema, out: Path, name: str = "index.parquet") -> None:
    """Make the index of a data set, or another table of its rows, one of an older schema."""
    table = pq.read_table(out / name).select(columns.names)
    ones = pa.array([number] * table.num_rows)
    table = table.set_column(table.schema.get_field_index("schema"), "schema", ones)
    pq.write_table(table.replace_schema_metadata(None), out / name)


def test_what_an_older_index_lacks_is_untold(own_set: Path) -> None:
    before = read_index(own_set).rows()
    as_schema(1, SCHEMA_1, own_set)
    index = read_index(own_set)
    assert index.table.column_names == schema_of(IndexRow).names
    for row, newer in zip(index.rows(), before, strict=True):
        assert all(getattr(row, name) == getattr(newer, name) for name in SCHEMA_1.names if name != "schema")
        assert (row.uri, row.subject, row.person, row.extra, row.usable_for) == ("", "", "", "{}", "unknown")
        assert math.isnan(row.head_score)
        assert row.schema == 1
        assert list(row_faults(row)) == []
    with pytest.raises(ValueError, match="no sample of 16"):
        index.where(["head_score>=0"])


def test_schema_2_lacks_little(own_set: Path) -> None:
    before = read_index(own_set).rows()
    as_schema(2, SCHEMA_2, own_set)
    for row, newer in zip(read_index(own_set).rows(), before, strict=True):
        assert all(getattr(row, name) == getattr(newer, name) for name in SCHEMA_2.names if name != "schema")
        assert math.isnan(row.face_distance)
        assert list(row_faults(row)) == []


def test_it_can_be_split_as_ever(own_set: Path) -> None:
    before = [part.table["key"].to_pylist() for part in read_index(own_set).split(0.5) if part]
    as_schema(1, SCHEMA_1, own_set)
    assert [part.table["key"].to_pylist() for part in read_index(own_set).split(0.5) if part] == before


def test_only_whole_schemas_are_read(own_set: Path) -> None:
    table = pq.read_table(own_set / "index.parquet")
    pq.write_table(table.drop_columns(["uri"]), own_set / "index.parquet")
    with pytest.raises(ValueError, match="its columns are not those of schema 3"):
        read_index(own_set)
    assert not SINCE_2 - set(table.column_names)


def test_an_index_that_is_none_is_told_with_its_address(tmp_path: Path) -> None:
    (tmp_path / "index.parquet").write_bytes(b"PAR1")
    with pytest.raises(DamagedError, match=f"{tmp_path}/index.parquet: "):
        index_table_at(Place.at(tmp_path), "index.parquet")
