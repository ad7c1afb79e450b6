"""`understudy compare`: a verdict on two data sets, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from dataset.index import read_index
from jobs.cli import main
from schemas.arrow import encode
from schemas.index import IndexRow
from tests.resume.test_redo import state


@pytest.fixture
def other(own_set: Path) -> Path:
    """The data set with a sample less, and another whose yaw is told 0.1 rad otherwise."""
    rows = list(read_index(own_set).rows())
    changed = [replace(rows[1], yaw_max=rows[1].yaw_max + 0.1), *rows[2:]]
    pq.write_table(encode(changed, IndexRow), own_set / "index.parquet")
    return own_set


def test_the_same_sets_are_whole_and_stay_as_they_are(
    data_set: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = state(data_set)
    assert main(["compare", str(data_set), str(data_set)]) == 0
    assert state(data_set) == before, "nothing is written, so a kill leaves nothing"
    assert "16 samples are the same, 0 differ" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("limits", "code", "words"),
    [
        ((), 1, ("1 of 16 samples are in one data set only", "index.yaw_max: 5.73 degrees")),
        (("--max-degrees", "6"), 1, ("1 of 16 samples",)),
        (("--max-degrees", "6", "--max-missing", "0.1"), 0, ()),
        (("--max-degrees", "5", "--max-missing", "0.1"), 1, ("index.yaw_max: 5.73 degrees",)),
    ],
)
def test_limits_judge(
    limits: tuple[str, ...],
    code: int,
    words: tuple[str, ...],
    data_set: Path,
    other: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["compare", str(data_set), str(other), *limits]) == code
    text = capsys.readouterr().out
    assert "index.yaw_max" in text
    assert f"1 only in {data_set}" in text
    assert all(word in text for word in words)
    assert main(["compare", str(data_set), str(other), *limits, "--json"]) == code
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert [field["field"] for field in told["fields"]] == ["index.yaw_max"]
    assert len(told["beyond"]) == len(words)


def test_what_cannot_be_compared_is_a_sentence(data_set: Path, tmp_path: Path, capsys: Any) -> None:
    assert main(["compare", str(data_set), str(tmp_path)]) == 2
    assert "index.parquet" in capsys.readouterr().err
    assert main(["compare", str(data_set), str(data_set), "--samples", "-1"]) == 2
    assert "0 looks into all" in capsys.readouterr().err


def test_a_sample_that_cannot_be_read_is_an_item_that_failed(data_set: Path, own_set: Path) -> None:
    rows = list(read_index(own_set).rows())
    pq.write_table(
        encode([replace(rows[0], sha256="0" * 64), *rows[1:]], IndexRow), own_set / "index.parquet"
    )
    (own_set / rows[0].shard).unlink()
    assert main(["compare", str(data_set), str(own_set)]) == 3
