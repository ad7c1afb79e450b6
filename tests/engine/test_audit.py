"""The audit finds nothing wrong with a good data set, and names whatever is damaged, one thing at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dataset.index import read_index
from dataset.verify.rows import row_faults
from engine.audit import MEANINGS, audit
from tests.engine.audited import (
    LEGS,
    failing,
    flip,
    report_of,
    with_fields,
)
from tests.stored import tar_in


def test_a_good_data_set_has_no_failure_and_everything_was_looked_at(made: Path) -> None:
    report = report_of(made)
    assert {name: verdict.first for name, verdict in report.items() if verdict.failed} == {}
    assert list(report) == list(MEANINGS)
    samples = (
        "seen",
        "digest",
        "members",
        "videos",
        "references",
        "sound",
        "tracks",
        "meta",
        "rows",
        "unique",
    )
    assert {report[name].looked_at for name in samples} == {3}
    assert (report["shards"].looked_at, report["landings"].looked_at) == (2, 2)


def test_the_result_does_not_depend_on_the_number_of_workers(made: Path) -> None:
    result: list[tuple[int, int]] = []
    one = audit(made, LEGS, quick=False, workers=1, watch=lambda done, of: result.append((done, of)))
    assert one == report_of(made)
    assert result == [(2, 3), (3, 3)]


def test_a_quick_audit_reads_headers_only(out: Path) -> None:
    report = report_of(out, quick=True)
    assert list(report) == ["index", "rows", "unique", "files", "shards", "seen"]
    flip(tar_in(out, "160x240/000000"), 30_000)
    assert failing(out, quick=True) == {}
    assert "digest" in failing(out)


def test_there_must_be_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere is no folder"):
        report_of(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"schema": 2}, "schema"),
        ({"key": "../../etc-000000-0"}, "key"),
        ({"key": "a.b"}, "key"),
        ({"shard": "shards/640x960/000000.tar"}, "shard"),
        ({"bucket": "240x160"}, "bucket"),
        ({"width": 168, "bucket": "168x240", "shard": "shards/168x240/000000.tar"}, "size of the canvas"),
        ({"width": 3200, "bucket": "3200x240", "shard": "shards/3200x240/000000.tar"}, "size of the canvas"),
        ({"frames": 24, "stop_s": 1.0}, "frames"),
        ({"frames": 241, "stop_s": 241 / 24}, "frames"),
        ({"stop_s": 1.0}, "span"),
        ({"start_s": float("nan")}, "span"),
        ({"start_s": 1 / 24, "stop_s": 26 / 24}, "span"),
        ({"offset": 100}, "place in the tar"),
        ({"size": 0}, "place in the tar"),
        ({"framing": "closeup"}, "framing"),
        ({"sha256": "0" * 63}, "sha256"),
        ({"yaw_min": 9.0}, "yaw"),
        ({"yaw_max": float("inf")}, "yaw"),
        ({"reference_similarity": 1.1}, "reference_similarity"),
        ({"num_references": 5}, "num_references"),
        ({"face_ratio": 1.01}, "face_ratio"),
        ({"left_hand_ratio": float("nan")}, "left_hand_ratio"),
        ({"motion": -1.0}, "motion"),
    ],
)
def test_a_row_that_cannot_be_is_named(changes: dict[str, Any], fault: str, made: Path) -> None:
    row = read_index(made).rows()[0]
    assert list(row_faults(row)) == []
    assert f"{fault} cannot be" in list(row_faults(with_fields(row, **changes)))
