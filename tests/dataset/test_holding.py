"""Rows that share a person or a take stand on one side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from dataset.holding import groups
from dataset.index import read_index
from schemas.arrow import encode
from schemas.index import IndexRow


def named(*rows: tuple[str, str, str]) -> tuple[list[int], list[str]]:
    """The groups of rows of subject, take and source."""
    codes, words = [], []
    for column in zip(*rows, strict=True):
        texts = sorted(set(column))
        words.append(texts)
        codes.append(np.array([texts.index(text) for text in column], np.int64))
    group, names = groups(codes, words)
    return group.tolist(), [names[at] for at in group.tolist()]


def test_a_source_of_which_nothing_is_told_is_called_by_its_digest() -> None:
    assert named(("", "", "a"), ("", "", "b"), ("", "", "a"))[1] == ["a", "b", "a"]


def test_subject_joins_before_take_and_take_before_source() -> None:
    rows = [("", "", "a"), ("S", "", "b"), ("", "T", "c"), ("", "U", "d"), ("Q", "T", "e"), ("S", "", "f")]
    assert named(*rows)[1] == ["a", "subject S", "subject Q", "take U", "subject Q", "subject S"]


def test_what_joins_goes_on_from_row_to_row() -> None:
    rows = [(f"S{n}", f"T{n // 2}", f"a{n}") for n in range(6)] + [("S1", "T1", "z"), ("S3", "T2", "y")]
    group, _ = named(*rows)
    assert len(set(group)) == 1


def told(out: Path, **columns: Any) -> None:
    """Say these texts of the rows of each source, by the order of the sources."""
    rows = list(read_index(out).rows())
    sources = sorted({row.source_sha256 for row in rows})
    changed = [
        replace(row, **{name: texts[sources.index(row.source_sha256)] for name, texts in columns.items()})
        for row in rows
    ]
    pq.write_table(encode(changed, IndexRow), out / "index.parquet")


def test_nobody_stands_on_both_sides(own_set: Path) -> None:
    told(own_set, subject=["anna", "ben", "anna", ""], take=["", "t", "", "t"])
    for share in (0.01, 0.5, 0.7):
        kept, held = read_index(own_set).split(share)
        assert held is not None
        people = [set(map(str.strip, part.table["subject"].to_pylist())) for part in (kept, held)]
        takes = [set(part.table["take"].to_pylist()) - {""} for part in (kept, held)]
        assert not people[0] & people[1]
        assert not takes[0] & takes[1]


def test_one_take_of_all_is_not_held_out(own_set: Path) -> None:
    told(own_set, take=["studio"] * 4)
    index = read_index(own_set)
    assert index.split(0.5) == (index, None)
