"""What is told of a video goes through tables as it is, and rows of schema 1 are read."""

from __future__ import annotations

import pyarrow as pa

from schemas.arrow import decode, encode, schema_of, to_row
from schemas.columns import COLUMNS, index_schema
from schemas.index import IndexRow
from schemas.media import Listed, Source
from schemas.origin import Lens, Origin, extra_text


def test_all_that_is_told_comes_back() -> None:
    lens = Lens(focal_px=900.5, principal_x=319.5, principal_y=239.5)
    full = Origin(licence="CC0", subject="anna", take="t1", extra={"shoot": "5", "b": "ü"}, lens=lens)
    for origin in (full, Origin()):
        (found,) = decode(encode([Listed(key="k", uri="/v", origin=origin)], Listed), Listed)
        assert to_row(found.origin) == to_row(origin)


def test_rows_of_schema_1_are_read() -> None:
    old = pa.table({"key": ["k"], "uri": ["/v"], "sha256": ["0" * 64], "num_bytes": [7], "licence": ["CC0"]})
    (source,) = decode(old.append_column("domain", pa.array(["talk"])), Source)
    assert to_row(source.origin) == to_row(Origin(licence="CC0", domain="talk"))
    assert source.num_bytes == 7


def test_the_same_columns_are_the_same_text() -> None:
    assert extra_text({"b": "1", "a": "ü"}) == extra_text({"a": "ü", "b": "1"}) == '{"a":"ü","b":"1"}'


def test_every_column_of_an_index_says_what_it_is() -> None:
    schema = index_schema()
    assert list(COLUMNS) == schema.names == schema_of(IndexRow).names
    assert schema.field("motion").metadata[b"unit"] == b"torso/s"
    assert b"unit" not in schema.field("key").metadata
    assert all(field.metadata[b"description"] for field in schema)
