"""The audit finds nothing wrong with a good data set, and names whatever is damaged, one thing at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.audit import MEANINGS, audit
from tests.engine.audited import (
    LEGS,
    failing,
    flip,
    report_of,
)
from tests.stored import tar_in


def test_a_good_data_set_has_no_failure_and_everything_was_looked_at(made: Path) -> None:
    report = report_of(made)
    assert {name: verdict.first for name, verdict in report.items() if verdict.failed} == {}
    assert list(report) == [check for check in MEANINGS if check != "withdrawn"], "nobody has left"
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
