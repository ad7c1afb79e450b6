"""What was not kept, listed; a manifest of a folder; and what a set or a run is."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

from dataset.index import read_index
from dataset.names import NEXT
from jobs.cli import main
from model.train.starts import Start, note_start


def said(capsys: pytest.CaptureFixture[str], *args: object) -> str:
    assert main([str(arg) for arg in args]) == 0
    out: str = capsys.readouterr().out
    return out


def test_every_reject_is_a_line_with_file_reason_detail_and_key(
    undisturbed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = said(capsys, "rejects", undisturbed).splitlines()
    (nobody,) = (line for line in lines if line.startswith("nobody "))
    (copy,) = (line for line in lines if line.startswith("duplicate "))
    assert "/3.mp4: " in nobody
    assert "(one_person, key " in nobody
    assert "/copy.mp4: " in copy
    assert "2 rejects: " in lines[-2]
    assert lines[-1] == f"one alone, with its full error: understudy replay {undisturbed} KEY"


def test_rejects_of_one_reason_as_records(undisturbed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = json.loads(said(capsys, "rejects", undisturbed, "--reason", "nobody", "--json"))
    assert row["replay"] == f"understudy replay {undisturbed} {row['key']}"
    assert {"key", "uri", "reason", "detail", "step", "leg"} < row.keys()
    assert main(["rejects", str(undisturbed), "--reason", "nobdy"]) == 2
    assert "did you mean nobody?" in capsys.readouterr().err
    assert main(["rejects", str(undisturbed / "none")]) == 2
    assert "no data set" in capsys.readouterr().err


def test_a_manifest_holds_every_video_and_is_not_written_over(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "videos.csv"
    out = said(capsys, "manifest", films / "videos", "--out", table, "--licence", "CC0", "--domain", "talk")
    assert f"next: understudy curate --videos {table} --out SET" in out
    rows = list(csv.DictReader(StringIO(table.read_text())))
    assert {Path(row["uri"]).name for row in rows} == {"1.mp4", "2.mp4", "3.mp4", "copy.mp4"}
    assert {(row["licence"], row["domain"]) for row in rows} == {("CC0", "talk")}
    assert main(["manifest", str(films / "videos"), "--out", str(table)]) == 2
    assert "--force writes over it" in capsys.readouterr().err


def test_what_a_data_set_is(undisturbed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = json.loads(said(capsys, "info", undisturbed, "--json"))
    assert facts["samples"] == len(read_index(undisturbed).rows())
    assert (facts["state"], facts["sources"], facts["licences"]) == (
        "whole",
        2,
        {"unknown": facts["samples"]},
    )
    assert facts["rejects"] == {"nobody": 1, "duplicate": 1}
    lines = said(capsys, "info", undisturbed).splitlines()
    assert 10 <= len(lines) <= 16
    assert f"samples     {facts['samples']}" in lines


def test_a_set_that_is_being_changed_says_so(own_set: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (own_set / NEXT).write_text("{}")
    assert "run to its next index" in said(capsys, "info", own_set)


def test_what_a_run_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start = Start(
        data=("/set",),
        index_sha256=("",),
        canvas_area=4096,
        recipe="tiny",
        settings={"phases": [{"name": "body", "steps": 3}], "vae": None},
        ranks=1,
        device="cpu",
        code="",
        versions={"torch": "2"},
    )
    note_start(tmp_path, start)
    facts = json.loads(said(capsys, "info", tmp_path, "--json"))
    assert (facts["recipe"], facts["phases"], facts["done"]) == ("tiny", {"body": "3 steps"}, "nothing yet")
    assert main(["info", str(tmp_path / "none")]) == 2
    assert "neither a data set nor a run" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "status"])
def test_verdicts_for_programs(undisturbed: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    facts = json.loads(said(capsys, command, undisturbed, "--json"))
    if command == "check":
        assert facts["whole"] is True
        assert facts["checks"]["digest"]["failed"] == 0
    else:
        assert facts["at_work"] is False
        assert [leg["leg"] for leg in facts["legs"]][-1] == "shards"


def test_estimates_and_doctor_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    cost = json.loads(said(capsys, "estimate-cost", "--hours", 5, "--machines", "cpu=1x8@0.5", "--json"))
    assert cost["wall_s"] > 0
    assert cost["price"] == pytest.approx(sum(machine["price"] for machine in cost["machines"]))
    training = json.loads(said(capsys, "estimate-training", "--recipe", "wan_1b", "--json"))
    assert {row["phase"] for row in training["batches"]} == {"body", "face", "everything"}
    assert all(isinstance(row["peak_GiB"], (int, float)) for row in training["batches"])
    assert json.loads(said(capsys, "doctor", "--json"))["missing"] == []


def test_a_wrong_folder_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path)]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == f"understudy: {tmp_path}: no data set there: neither index.parquet nor run.json\n"
