"""The index holds all rows once, in order, in the same bytes, and is refused when it is not one."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataset import index_writer
from dataset.index import read_index
from dataset.index_writer import Part, write_index
from dataset.names import INDEX
from schemas.arrow import encode
from schemas.index import IndexRow
from storage.disk import aside


def row(number: int, **changes: Any) -> IndexRow:
    """A row of a sample that is nowhere."""
    message: dict[str, Any] = {
        field.name: {"str": "", "int": number, "float": number / 3, "bool": True}.get(str(field.type), "full")
        for field in fields(IndexRow)
    }
    message |= {
        "key": f"{number:012x}-000000-0",
        "shard": "shards/640x960/000000.tar",
        "sha256": f"{number:064x}",
    }
    return IndexRow(**{**message, **changes})


def parts(*rows: IndexRow, size: int = 7) -> list[Part]:
    """The rows as shards land them: some together."""
    return [encode(rows[start : start + size], IndexRow).select for start in range(0, len(rows), size)]


def plain(rows: Any) -> list[dict[str, Any]]:
    return [{field.name: getattr(one, field.name) for field in fields(IndexRow)} for one in rows]


def test_rows_come_back_in_the_order_of_their_keys(tmp_path: Path) -> None:
    rows = [row(number) for number in range(300)]
    assert write_index(tmp_path, parts(*reversed(rows))) == 300
    assert plain(read_index(tmp_path, trusted=False).rows()) == plain(rows)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index", INDEX]


def test_bytes_do_not_depend_on_the_order_or_the_time(tmp_path: Path) -> None:
    rows = [row(number) for number in range(300)]
    written = []
    for name, order, size in (("a", rows, 300), ("b", rows[::-1], 7)):
        (tmp_path / name).mkdir()
        write_index(tmp_path / name, parts(*order, size=size))
        written.append((tmp_path / name / INDEX).read_bytes())
    assert written[0] == written[1]


def test_rows_of_many_parts_cross_the_tables_that_are_written(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(index_writer, "ROWS_AT_ONCE", 16)
    rows = [row(number) for number in range(100)]
    dealt = [row for start in range(9) for row in rows[start::9]]
    assert write_index(tmp_path, parts(*dealt)) == 100
    assert plain(read_index(tmp_path, trusted=False).rows()) == plain(rows)


def test_a_disk_that_gives_other_bytes_back_is_an_error(tmp_path: Path, monkeypatch: Any) -> None:
    class Flipping(pq.ParquetWriter):  # type: ignore[misc]
        def __init__(self, path: Path, *args: Any, **more: Any) -> None:
            super().__init__(path, *args, **more)
            self.path = path

        def close(self) -> None:
            super().close()
            data = bytearray(self.path.read_bytes())
            data[len(data) // 4] ^= 1
            self.path.write_bytes(data)

    monkeypatch.setattr(pq, "ParquetWriter", Flipping)
    with pytest.raises(OSError, match="CRC"):
        write_index(tmp_path, parts(*(row(number) for number in range(100))))
    assert not (tmp_path / INDEX).exists()


def test_an_index_is_kept_under_its_digest_when_the_next_one_comes(tmp_path: Path) -> None:
    write_index(tmp_path, parts(row(1)))
    first = read_index(tmp_path, trusted=False)
    write_index(tmp_path, parts(row(1), row(2)))
    assert read_index(tmp_path, trusted=False).digest != first.digest
    assert read_index(tmp_path, trusted=False, digest=first.digest).rows()[0].key == first.row(0).key
    assert len(list(tmp_path.glob("index/*.parquet"))) == 2


def test_an_index_of_nothing_is_an_index(tmp_path: Path) -> None:
    assert write_index(tmp_path, []) == 0
    assert read_index(tmp_path, trusted=False).rows() == []


def test_two_samples_of_one_key_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"the key 000000000007-000000-0: in .*/000000\.tar and in .*/000001\.tar"
    ):
        write_index(tmp_path, parts(row(7), row(8), row(7, shard="shards/640x960/000001.tar"), size=2))
    assert list(tmp_path.iterdir()) == []


def test_tars_of_an_earlier_plan_and_leftovers_go_and_nothing_else(tmp_path: Path) -> None:
    bucket = tmp_path / "shards" / "640x960"
    bucket.mkdir(parents=True)
    for name in ("000000.tar", "000001.tar", "notes.txt", "mine.tar"):
        (bucket / name).write_bytes(b"")
    aside(bucket / "000001.tar").write_bytes(b"half")
    write_index(tmp_path, parts(row(2)))
    aside(tmp_path / "index" / "0.parquet").write_bytes(b"half")
    write_index(tmp_path, parts(row(1)))
    assert [path.suffix for path in (tmp_path / "index").iterdir()] == [".parquet", ".parquet"]
    assert sorted(path.name for path in bucket.iterdir()) == ["000000.tar", "mine.tar", "notes.txt"]


def boasting(path: Path) -> None:
    """A small file of very many rows."""
    table = encode([row(1)], IndexRow)
    pq.write_table(pa.concat_tables([table] * 100_000).combine_chunks(), path, compression="zstd")


def with_null(path: Path) -> None:
    table = encode([row(1), row(2)], IndexRow)
    pq.write_table(table.set_column(0, table.schema.field(0), pa.array(["a", None])), path)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda path: path.write_bytes(b""), "index.parquet"),
        (lambda path: path.write_bytes(b"PAR1" + b"\xff" * 100 + b"PAR1"), "index.parquet"),
        (lambda path: path.write_bytes(path.read_bytes()[:-50]), "index.parquet"),
        (lambda path: pq.write_table(pa.table({"key": ["a"]}), path), "columns are not those of schema 3"),
        (with_null, "a value of key is missing"),
        (boasting, "100000 rows cannot be in so small a file"),
    ],
    ids=["empty", "noise", "cut", "columns", "null", "boast"],
)
def test_what_is_no_index_is_refused(damage: Any, words: str, tmp_path: Path) -> None:
    write_index(tmp_path, parts(row(1), row(2)))
    damage(tmp_path / INDEX)
    with pytest.raises(ValueError, match=words):
        read_index(tmp_path, trusted=False).rows()


def test_a_sample_lasts_from_its_start_to_its_stop() -> None:
    assert row(1, start_s=1.5, stop_s=4.0).duration_s == 2.5
