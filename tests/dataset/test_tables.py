"""Tables of strangers take no more memory than their size allows, and what they break is named."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataset.pages import unpacked_sizes
from dataset.tables import records, table_in, values
from schemas.arrow import decode, encode, schema_of
from schemas.index import IndexRow
from schemas.outcome import DamagedError
from tests.mutants import mutant

SCHEMA = schema_of(IndexRow)
ROWS = 2000


def digest_of(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def cells_of(field: pa.Field, rows: int) -> Any:
    """A column of rows that differ in key and digest."""
    if field.name in {"key", "sha256"}:
        return [digest_of(number)[: 64 if field.name == "sha256" else 12] for number in range(rows)]
    return ["a" if pa.types.is_string(field.type) else field.type == pa.bool_() or 1] * rows


def parquet(columns: dict[str, Any] | None = None, rows: int = ROWS, **options: Any) -> bytes:
    """Rows of an index, some columns of which are others."""
    cells = {field.name: cells_of(field, rows) for field in SCHEMA} | (columns or {})
    arrays = [
        cells[field.name]
        if isinstance(cells[field.name], pa.Array)
        else pa.array(cells[field.name], field.type)
        for field in SCHEMA
    ]
    out = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(arrays, names=SCHEMA.names), out, compression="zstd", **options)
    data: bytes = out.getvalue().to_pybytes()
    return data


def test_rows_are_those_that_were_written() -> None:
    data = parquet(row_group_size=300)
    found = records(table_in(data, SCHEMA), IndexRow)
    expected = decode(pq.read_table(pa.BufferReader(data)), IndexRow)
    assert [str(one) for one in found] == [str(one) for one in expected]
    assert found[0].domain is found[1].domain
    assert encode(found, IndexRow).equals(pq.read_table(pa.BufferReader(data)))


def test_some_columns_are_enough() -> None:
    table = table_in(
        parquet({"uri" if "uri" in SCHEMA.names else "licence": ["x" * 9000] * ROWS}), SCHEMA, ["key"]
    )
    assert table.column_names == ["key"]
    assert values(table["key"])[7] == digest_of(7)[:12]


def test_no_rows_are_a_table() -> None:
    assert table_in(parquet(rows=0), SCHEMA).num_rows == 0


def test_pages_say_their_sizes() -> None:
    data = parquet(data_page_size=2000, write_batch_size=100, use_dictionary=False)
    column = pq.read_metadata(pa.BufferReader(data)).row_group(0).column(SCHEMA.get_field_index("sha256"))
    start = column.dictionary_page_offset or column.data_page_offset
    sizes = list(unpacked_sizes(memoryview(data)[start : start + column.total_compressed_size]))
    assert len(sizes) > 10
    headers = column.total_uncompressed_size - sum(sizes)
    assert 0 < headers < 300 * len(sizes)


BOMBS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a text for all rows": ({"domain": ["a" * 100_000] * ROWS}, {}, "domain: a text of 100000 bytes"),
    "one text": ({"licence": ["a", *["b" * 5000] * (ROWS - 1)]}, {}, "licence: a text of 5000 bytes"),
    "plain": ({"domain": ["a" * 9000] * ROWS}, {"use_dictionary": False}, "unpacks to more than 4096 bytes"),
    "rows of nothing": ({name: ["a"] * 50_000 for name in ("key", "sha256")}, {}, "so small a file"),
    "a gap": ({"domain": ["a", None] * (ROWS // 2)}, {}, "a value of domain is missing"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_more_than_the_size_allows_is_refused(name: str) -> None:
    columns, options, words = BOMBS[name]
    rows = len(next(iter(columns.values())))
    with pytest.raises(DamagedError, match=words):
        table_in(parquet(columns, rows, **options), SCHEMA)


def test_a_megabyte_that_asks_for_gigabytes_takes_few(tmp_path: Path) -> None:
    """A run repeats one long text: read as it says, it would take 3 GB."""
    rows = 30_000
    text = pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), ["a" * 100_000])
    (tmp_path / "index.parquet").write_bytes(parquet({"domain": text}, rows, store_schema=False))
    code = (
        "import resource, sys\n"
        "from dataset.index import read_index\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n"
        "    read_index(sys.argv[1])\n"
        "except ValueError as error:\n"
        "    print(error)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    refusal, grown = done.stdout.splitlines()
    assert "a text of 100000 bytes" in refusal
    assert int(grown) < 300_000


def varint(number: int) -> bytes:
    """A whole number as page headers have it."""
    bits = number << 1 if number >= 0 else (-number << 1) - 1
    digits = []
    while bits > 127:
        digits.append(bits & 127 | 128)
        bits >>= 7
    return bytes([*digits, bits])


def page(unpacked: int, packed: int, before: bytes = b"", body: bytes = bytes(10)) -> memoryview:
    """A page whose header says these sizes, its first field in the long form, after other fields."""
    numbers = b"\x05" + varint(1) + varint(0) + b"\x15" + varint(unpacked) + b"\x15" + varint(packed)
    return memoryview(numbers + before + b"\0" + body)


def test_page_headers_are_read_whatever_else_they_hold() -> None:
    assert list(unpacked_sizes(page(2**31 - 1, 10))) == [2**31 - 1]
    text, truth, double = b"\x18\x03abc", b"\x11\x12", b"\x17" + bytes(8)
    nested = b"\x1c" + text + b"\x19\x2c" + truth + b"\0" + double + b"\0" + b"\x29\x21\x01\x02" + b"\0"
    assert list(unpacked_sizes(page(5, 10, text + truth + double + nested + b"\x13\x07"))) == [5]


@pytest.mark.parametrize(
    "chunk",
    [
        page(5, 11),
        page(-5, 10),
        page(5, -10),
        page(5, 10)[:4],
        page(5, 10, b"\x18" + varint(10**9)),
        page(5, 10, b"\x1c" * 5000),
        page(5, 10, b"\x19\xf1" + b"\xff" * 9 + b"\x01"),
        page(5, 10, b"\x1d"),
        memoryview(b"\x15" + b"\xff" * 20),
        memoryview(bytes(10)),
    ],
)
def test_page_headers_that_cannot_be_are_refused(chunk: memoryview) -> None:
    with pytest.raises(DamagedError):
        list(unpacked_sizes(chunk))


def test_mutants_are_read_or_named() -> None:
    data = parquet(rows=40, row_group_size=16)
    for seed in range(150):
        with suppress(DamagedError):
            records(table_in(mutant("index.parquet", data, seed), SCHEMA), IndexRow)
