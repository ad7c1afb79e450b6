from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataset.index import read_index, unfit_shards
from schemas.arrow import encode
from schemas.index import IndexRow
from tests.stored import tar_in


def rewrite(out: Path, rows: list[IndexRow]) -> None:
    pq.write_table(encode(rows, IndexRow), out / "index.parquet")


def test_rows_are_those_the_pipeline_wrote(data_set):
    index, rows = read_index(data_set), read_index(data_set).rows()
    assert len(index) == 16
    for number, row in enumerate(rows):
        mine = index.row(number)
        assert all(getattr(mine, name) == getattr(row, name) for name in IndexRow.__annotations__)


def test_the_digest_is_that_of_the_bytes(own_set):
    before = read_index(own_set).digest
    assert read_index(own_set).digest == before
    rows = list(read_index(own_set).rows())
    rewrite(own_set, [replace(rows[0], motion=0.5), *rows[1:]])
    assert read_index(own_set).digest != before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 4}, "schema is 3 to 4, 1 to 3 are read"),
        ({"size": 2**40}, "size is"),
        ({"offset": -512}, "offset is -512"),
        ({"frames": 10**6}, "frames is"),
        ({"width": 10**5}, "width is"),
        ({"num_references": 9}, "num_references is"),
        ({"shard": "../../etc/passwd"}, "is no path of a shard"),
        ({"offset": 512}, "two samples lie over each other at byte"),
        ({"size": 513}, "no stretch of whole blocks"),
        ({"sha256": "g" * 64}, "no digest"),
    ],
)
def test_numbers_that_take_memory_and_paths_are_checked(own_set, change, message):
    rows = list(read_index(own_set).rows())
    rewrite(own_set, [replace(rows[0], **change), *rows[1:]])
    with pytest.raises(ValueError, match=message):
        read_index(own_set)


def test_what_is_no_index_is_refused(own_set):
    path = own_set / "index.parquet"
    path.write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(ValueError, match=r"index\.parquet"):
        read_index(own_set)
    pq.write_table(pa.table({"key": ["a"]}), path)
    with pytest.raises(ValueError, match="its columns are not those of schema 3"):
        read_index(own_set)
    rewrite(own_set, [])
    with pytest.raises(ValueError, match="no samples"):
        read_index(own_set)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        read_index(own_set)


def test_missing_and_short_tars_are_named(own_set):
    assert unfit_shards(read_index(own_set)) == []
    gone, path = tar_in(own_set, "96x144/000000"), tar_in(own_set, "144x96/000001")
    gone.unlink()
    path.write_bytes(path.read_bytes()[:5000])
    result = sorted(unfit_shards(read_index(own_set)))
    assert result[0].startswith(f"shards/144x96/{path.name} ends at byte 5000 of ")
    assert result[1:] == [f"shards/96x144/{gone.name} is missing"]


def test_sources_are_held_out_whole(data_set):
    index = read_index(data_set)
    assert index.split(0.0) == (index, None)
    kept, held = index.split(0.3)
    assert held is not None
    sources = [set(part.table["source_sha256"].to_pylist()) for part in (index, kept, held)]
    assert sources[1] | sources[2] == sources[0]
    assert not sources[1] & sources[2]
    assert len(sources[2]) == max(1, round(0.3 * len(sources[0])))
    assert (
        sorted(kept.table["key"].to_pylist() + held.table["key"].to_pylist())
        == index.table["key"].to_pylist()
    )
    assert kept.digest == index.digest


def test_of_a_share_the_nearest_number_of_sources_is_held_out(data_set):
    index = read_index(data_set)
    parts = [index.split(share)[1] for share in (0.3, 0.4, 0.6, 0.7)]
    held = [part.table["source_sha256"].to_pylist() for part in parts if part is not None]
    assert [len(set(sources)) for sources in held] == [1, 2, 2, 3]


def test_a_little_is_a_source_and_a_single_one_stays(data_set):
    index = read_index(data_set)
    _, held = index.split(1e-9)
    assert held is not None
    assert len(set(held.table["source_sha256"].to_pylist())) == 1
    alone = replace(index, table=held.table)
    assert alone.split(0.5) == (alone, None)


def test_a_key_is_there_once(own_set):
    rows = list(read_index(own_set).rows())
    twice = replace(rows[0], offset=2**40)
    rewrite(own_set, [rows[0], twice, *rows[1:]])
    with pytest.raises(ValueError, match="1 keys are there twice"):
        read_index(own_set)


def test_whoever_judges_rows_reads_them_untrusted(own_set):
    rows = read_index(own_set).rows()
    rewrite(own_set, [replace(rows[0], shard="../../etc/passwd"), *rows[1:]])
    assert read_index(own_set, trusted=False).row(0).shard == "../../etc/passwd"
    rewrite(own_set, [])
    assert read_index(own_set, trusted=False).rows() == []
