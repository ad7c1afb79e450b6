"""Rows are joined by their keys, whatever their order, and each column is compared by what it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from dataset.index import Index, read_index
from dataset.joined import column_distances, joined
from schemas.arrow import encode
from schemas.index import IndexRow


@pytest.fixture
def index(data_set: Path) -> Index:
    return read_index(data_set)


def told(index: Index, folder: Path, order: list[int], **columns: Any) -> Index:
    """Rows of an index in another order, with other values, as a file of groups of three rows has them."""
    rows = list(index.rows())
    for name, values in columns.items():
        rows = [replace(row, **{name: value}) for row, value in zip(rows, values, strict=True)]
    pq.write_table(encode([rows[at] for at in order], IndexRow), folder / "index.parquet", row_group_size=3)
    return read_index(folder)


def test_rows_meet_by_their_keys(index: Index, tmp_path: Path) -> None:
    other = told(index, tmp_path, [9, 2, 7, 4, 1, 0])
    both = joined(index, other)
    keys = index.table["key"].to_pylist()
    assert [both.key(number) for number in range(len(both))] == [keys[at] for at in (0, 1, 2, 4, 7, 9)]
    assert both.mine.tolist() == [0, 1, 2, 4, 7, 9]
    assert both.other.tolist() == [5, 4, 1, 3, 2, 0]
    assert both.only_left == tuple(keys[at] for at in range(16) if at not in (0, 1, 2, 4, 7, 9))
    assert both.only_right == joined(other, index).only_left == ()
    assert [row.key for row in both.rows(3)] == [keys[4]] * 2
    assert list(column_distances(both)) == [], "a row is compared with the one of its own key"


def test_columns_tell_what_differs(index: Index, tmp_path: Path) -> None:
    rows, places = list(index.rows()), np.arange(16)
    other = told(
        index,
        tmp_path,
        list(range(15, -1, -1)),
        frames=[row.frames + 2 * (at == 3) for at, row in enumerate(rows)],
        jitter=[float("nan") if at == 5 else row.jitter + (at == 6) for at, row in enumerate(rows)],
        yaw_min=[row.yaw_min - np.pi * (at == 8) for at, row in enumerate(rows)],
        calibrated=[row.calibrated ^ (at == 9) for at, row in enumerate(rows)],
        subject=[f"s{at}" if at % 2 else "" for at in places],
        sha256=["0" * 64] * 16,
    )
    found = {one.field: one for one in column_distances(joined(index, other))}
    assert {name: one.numbers.tolist() for name, one in found.items()} == {
        "index.frames": [3],
        "index.jitter": [6],
        "index.yaw_min": [8],
        "index.calibrated": [9],
        "index.subject": [1, 3, 5, 7, 9, 11, 13, 15],
    }
    assert found["index.frames"].distance.tolist() == [2]
    assert (found["index.yaw_min"].unit, found["index.yaw_min"].distance[0]) == (
        "degrees",
        pytest.approx(180),
    )
    assert found["index.subject"].unit == found["index.calibrated"].unit == ""
    assert np.isnan(found["index.subject"].distance).all()
    assert joined(index, other).other_words("sha256").all()


def test_sets_without_a_common_key_are_joined_to_nothing(index: Index) -> None:
    first, rest = (index.rows_at(np.arange(16)[part]) for part in (slice(1), slice(1, None)))
    both = joined(first, rest)
    assert (len(both), len(both.only_left), len(both.only_right)) == (0, 1, 15)
    assert list(column_distances(both)) == []
