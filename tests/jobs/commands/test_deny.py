"""Samples of a deny list leave a data set with a reason, alone, and come back when they are taken off it."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from dataset.deny import keep_out, kept_out, let_go
from dataset.index import read_index
from dataset.names import DENIED
from engine.ledger import Ledger
from jobs.commands.curate import Curate, curate
from pipeline.flow import TARS
from storage.place import Place
from tests.jobs.commands.test_forget import broken
from tests.resume.job import contents, settings


def made(films: Path, out: Path, deny: str | None = None) -> str:
    console = Console(file=io.StringIO(), width=200)
    job = Curate(videos=films / "videos", out=out, settings=settings(films / "truths"), deny=deny)
    assert curate(job, console) == 0
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def tars(out: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (out / "shards").rglob("*.tar")}


def test_a_denied_sample_leaves_with_its_rules_and_comes_back_when_it_may(
    films: Path, undisturbed: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(undisturbed, tmp_path / "set"))
    gone, *stay = (row.key for row in read_index(out).rows())
    (tmp_path / "deny.txt").write_text(f"{gone}\tcopies,leak\nffffffffffff-000000-0\tleak\n")
    before = tars(out)
    assert "2 samples are kept out" in made(films, out, str(tmp_path / "deny.txt"))
    assert [row.key for row in read_index(out).rows()] == stay
    told = [row for table in Ledger(out).all_rejects(TARS) for row in table.to_pylist()]
    assert [(row["key"], row["reason"], row["detail"]) for row in told] == [
        (gone, "deny_listed", "copies,leak")
    ]
    assert broken(out) == {}
    assert all(before.get(name, when) == when for name, when in tars(out).items()), "others were made again"
    kept = contents(out)
    (tmp_path / "deny.txt").unlink()
    made(films, out)
    assert contents(out) == kept
    (out / DENIED).unlink()
    made(films, out)
    assert contents(out) == contents(undisturbed)


def test_what_is_no_list_is_told_before_anything_is_done(films: Path, tmp_path: Path) -> None:
    (tmp_path / "deny.txt").write_bytes(b"\xff")
    with pytest.raises(ValueError, match="no deny list"):
        made(films, tmp_path / "set", str(tmp_path / "deny.txt"))
    assert not (tmp_path / "set").exists()


def test_reasons_stay_as_they_were_first_told_and_go_with_their_source(tmp_path: Path) -> None:
    place = Place.at(tmp_path)
    keep_out(place, {"a" * 12 + "-000000-0": "copies"})
    keep_out(place, {"a" * 12 + "-000000-0": "leak", "b" * 12 + "-000000-0": "leak, copies"})
    assert list(kept_out(place).values()) == ["copies", "leak, copies"]
    let_go(place, {"a" * 12})
    assert list(kept_out(place)) == ["b" * 12 + "-000000-0"]
