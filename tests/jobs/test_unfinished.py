"""A data set that a stopped job has begun: every command says that it is not finished, and what goes on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from dataset.names import INDEX, NEXT, RUN
from jobs.cli import main


@pytest.fixture
def begun(undisturbed: Path, tmp_path: Path) -> Path:
    """A data set whose index and last tars are still to come."""
    out = Path(shutil.copytree(undisturbed, tmp_path / "set"))
    (out / RUN).rename(out / NEXT)
    (out / INDEX).unlink()
    shutil.rmtree(out / "landings" / "shards")
    return out


@pytest.mark.parametrize(
    "words",
    [
        ("preview", "OUT", "--out", "sheets"),
        ("show", "OUT", "--picture", "batch.png"),
        ("query", "OUT", "select 1"),
        ("card", "OUT"),
        ("audit", "OUT", "--out", "report"),
        ("pairs", "OUT", "--out", "pairs.parquet", "--kind", "cross_clip"),
        ("compare", "OUT", "OUT"),
        ("evaluate", "manifest", "--data", "OUT", "--out", "bench.json"),
        ("encode", "OUT", "--out", "latents"),
        ("forget", "OUT", "--licence", "unknown", "--why", "asked"),
    ],
    ids=lambda words: words[0],
)
def test_it_is_said_to_be_unfinished(
    words: tuple[str, ...],
    begun: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([str(begun) if word == "OUT" else word for word in words]) == 2
    sentence = f"understudy: {begun}: is not finished: understudy curate --out {begun} goes on"
    assert capsys.readouterr().err.startswith(sentence)
    assert {path.name for path in tmp_path.iterdir()} == {"set"}


def test_what_there_is_can_be_asked(begun: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(begun), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["samples"], facts["state"][:12]) == (0, "not finished")
    assert main(["rejects", str(begun)]) == 0
    assert "not finished" in capsys.readouterr().out
    assert main(["plan", str(begun)]) == 0
    result = capsys.readouterr().out
    assert "nothing would be done" not in result
    assert "in all " in result


def test_a_folder_of_anything_is_no_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", str(tmp_path), "--out", str(tmp_path / "sheets")]) == 2
    assert capsys.readouterr().err == f"understudy: {tmp_path}: no data set there: it has no index.parquet\n"
