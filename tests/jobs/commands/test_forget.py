"""Somebody leaves a data set: what stays is what it would be without them, byte for byte."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from dataset.index import read_index
from dataset.names import FORGETTING, INDEX, WITHDRAWN
from engine.audit import audit
from engine.ledger import Ledger
from jobs.commands.check import pipeline_legs
from jobs.commands.curate import Curate, curate
from jobs.commands.forget import Forget, forget
from jobs.commands.plan import PlanRun, forecast_of
from jobs.stored.curation import stored_in
from jobs.stored.set_facts import set_facts
from storage.disk import aside
from storage.place import Place
from tests.resume.job import contents, settings
from tests.resume.test_redo import state
from tests.stores import Store


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def broken(out: Path) -> dict[str, list[str]]:
    """What `check` finds wrong."""
    report = audit(out, pipeline_legs(), quick=False, workers=1, watch=lambda done, total: None)
    return {name: verdict.first for name, verdict in report.items() if verdict.failed}


def made_of(films: Path, videos: Path, out: Path) -> Path:
    job = Curate(videos=videos, out=out, settings=settings(films / "truths"))
    assert curate(job, Console(quiet=True)) == 0
    return out


def ask(films: Path, out: Path | str, *sources: str, **how: Any) -> str:
    """Let sources leave; what is printed."""
    console = Console(file=io.StringIO(), width=200)
    job = Forget(out=str(out), source=sources, why="asked for it", **({"strict": True} | how))
    assert forget(job, console, settings(films / "truths")) == 0
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture(scope="module")
def without(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data set that the first video was never in."""
    folder = tmp_path_factory.mktemp("without")
    uris = [str(films / "videos" / name) for name in ("2.mp4", "3.mp4")]
    (folder / "videos.csv").write_text("\n".join(["uri", *uris]))
    return made_of(films, folder / "videos.csv", folder / "set")


def traces(out: Path, sha256: str) -> Iterator[str]:
    """Files in which a digest, or what keys begin with, can be read as it is, or in a table's texts."""
    ledger = Ledger(out)
    for path in out.rglob("*"):
        if path.is_file() and sha256[:12].encode() in path.read_bytes():
            yield str(path)
        if sha256[:12] in path.name:
            yield str(path)
    for folder in (out / "landings").iterdir():
        for name in ledger.names(folder.name):
            for kind in ("part", "rejects"):
                if sha256[:12] in str(ledger.table(folder.name, kind, name).to_pylist()):
                    yield f"{folder.name} {name} {kind}"


def test_what_stays_is_what_would_be_without_them(films: Path, made: Path, without: Path) -> None:
    gone = digest_of(films / "videos" / "1.mp4")
    assert list(traces(made, gone))
    ask(films, made, gone)
    assert contents(made) == contents(without)
    assert list(traces(made, gone)) == []
    assert broken(made) == {}
    assert not (made / FORGETTING).exists()
    stones = json.loads((made / WITHDRAWN).read_text())["stones"]
    assert [stone["why"] for stone in stones] == ["asked for it"]


def test_one_that_was_killed_at_the_listing_leaves_nothing_behind(
    films: Path, made: Path, without: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = digest_of(films / "videos" / "1.mp4")
    marker, write = "listing/part-000000.done", Place.write

    def die(place: Place, name: str, data: bytes) -> None:
        if name == marker:
            raise KeyboardInterrupt
        write(place, name, data)

    with monkeypatch.context() as patched:
        patched.setattr(Place, "write", die)
        with pytest.raises(KeyboardInterrupt):
            ask(films, made, gone)
    assert (made / FORGETTING).exists()
    for name in (f"landings/{marker}", next(made.glob("index/*.parquet")).relative_to(made)):
        aside(made / name).write_bytes(b"half")
    ask(films, made, gone)
    assert broken(made) == {}
    assert contents(made) == contents(without)


def test_nothing_is_to_be_done_afterwards_and_they_do_not_come_back(films: Path, made: Path) -> None:
    before = state(made)
    ask(films, made, digest_of(films / "videos" / "1.mp4"))
    run = settings(films / "truths")
    stored = stored_in(Place.at(made))
    assert stored is not None
    found = forecast_of(PlanRun(out=str(made), settings=run), Place.at(made), stored)
    assert {leg.leg: len(leg.again) for leg in found.legs if leg.again} == {}
    index = (made / INDEX).read_bytes()
    made_of(films, films / "videos", made)
    assert (made / INDEX).read_bytes() == index
    told = Ledger(made)
    reasons = [row["reason"] for table in told.all_rejects("sources") for row in table.to_pylist()]
    assert reasons.count("withdrawn") == 4, "two files of that content, and the places where they were listed"
    assert broken(made) == {}
    assert before != state(made)


def test_a_dry_run_tells_and_writes_nothing(films: Path, made: Path) -> None:
    before = state(made)
    gone = str(films / "videos" / "1.mp4")
    output = ask(films, made, gone, dry_run=True)
    assert output.startswith("1 sources, 2 files, 1 clips, 1 samples, 1 tars, 0 sheets would leave")
    assert state(made) == before
    told = json.loads(ask(films, made, gone, dry_run=True, json=True))
    assert (told["sources"], told["samples"]) == (1, 1)


def test_another_sets_tombstones_are_refused(films: Path, made: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(made, tmp_path / "other"))
    ask(films, other, digest_of(films / "videos" / "1.mp4"))
    shutil.copy(other / WITHDRAWN, made)
    with pytest.raises(ValueError, match=r"withdrawn\.json: not the tombstones that run\.json knows"):
        ask(films, made, digest_of(films / "videos" / "2.mp4"))
    with pytest.raises(ValueError, match="another data set's, or lost"):
        made_of(films, films / "videos", made)
    (other / WITHDRAWN).unlink()
    with pytest.raises(ValueError, match="another data set's, or lost"):
        made_of(films, films / "videos", other)


def test_sheets_go_too(films: Path, made: Path, tmp_path: Path) -> None:
    gone = digest_of(films / "videos" / "1.mp4")
    names = ("sheet_000.png", f"{gone[:12]}-000000-0.mp4", "0123456789ab-000000-0.mp4", "notes.png")
    for name in names:
        (tmp_path / name).touch()
    assert "2 sheets would leave" in ask(films, made, gone, sheets=(tmp_path,), dry_run=True)
    ask(films, made, gone, sheets=(tmp_path,))
    assert [name for name in names if (tmp_path / name).exists()] == list(names[2:])


def test_an_order_that_a_training_began_with_holds(films: Path, made: Path) -> None:
    before = read_index(made)
    ask(films, made, digest_of(films / "videos" / "1.mp4"))
    after = read_index(made, digest=before.digest)
    assert len(after) == len(before)
    assert after.digest == before.digest
    for name in ("frames", "width", "height"):
        assert after.numbers(name).tolist() == before.numbers(name).tolist()
    assert after.is_nameless().sum() == 1


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"source": ("0" * 64,)}, "knows nothing of 000000"),
        ({"licence": ("none of ours",)}, "knows nothing of none of ours"),
        ({}, "name who is to leave"),
    ],
)
def test_who_is_not_there_is_said(films: Path, made: Path, how: dict[str, Any], message: str) -> None:
    before = state(made)
    job = Forget(out=str(made), why="x", dry_run=True, **how)
    with pytest.raises(ValueError, match=message):
        forget(job, Console(quiet=True), settings(films / "truths"))
    assert state(made) == before


def test_a_trace_is_a_fault(films: Path, undisturbed: Path, made: Path) -> None:
    ask(films, made, digest_of(films / "videos" / "1.mp4"))
    for path in (undisturbed / "landings" / "clips").iterdir():
        shutil.copy(path, made / "landings" / "clips")
    assert any("an item of a source that has left is in it" in fault for fault in broken(made)["withdrawn"])


def test_in_a_store_too(films: Path, made: Path, without: Path, cloud: Store) -> None:
    place = Place.at("s3://bucket/leaving")
    for path in made.rglob("*"):
        if path.is_file():
            place.put(path.relative_to(made).as_posix(), path)
    ask(films, place.uri, digest_of(films / "videos" / "1.mp4"))
    assert {
        entry.name: hashlib.sha256(place.read(entry.name)).hexdigest()
        for entry in place.files()
        if entry.name.startswith("shards/") or entry.name == INDEX
    } == contents(without)


def test_all_may_leave(films: Path, made: Path) -> None:
    ask(films, made, *{digest_of(path) for path in (films / "videos").glob("*.mp4")})
    assert broken(made) == {}
    assert set_facts(Place.at(made))["samples"] == 0


@pytest.fixture(scope="module")
def named(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set whose manifest says who is in its videos, one of which is not there."""
    folder = tmp_path_factory.mktemp("named")
    people = {"1.mp4": "anna", "2.mp4": "ben", "3.mp4": "", "lost.mp4": "anna"}
    lines = [f"{films / 'videos' / name},{person}" for name, person in people.items()]
    (folder / "videos.csv").write_text("\n".join(["uri,subject", *lines]))
    job = Curate(
        videos=folder / "videos.csv", out=folder / "set", settings=settings(films / "truths"), strict=True
    )
    assert curate(job, Console(quiet=True)) == 0
    return folder


def naming(out: Path, name: str) -> list[str]:
    """Files in which a name can be read, as it is or in a table."""
    tables = [path for path in out.rglob("*.parquet") if name in str(pq.read_table(path).to_pylist())]
    return [
        str(path) for path in {*tables, *(p for p in out.rglob("*.*") if name.encode() in p.read_bytes())}
    ]


def test_a_person_leaves_by_name_wherever_they_are_and_does_not_come_back(
    films: Path, named: Path, without: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(named / "set", tmp_path / "set"))
    assert naming(out, "anna")
    assert "1 sources, 2 files" in ask(films, out, subject=("anna",))
    assert {row.subject for row in read_index(out).rows()} == {"ben"}
    assert naming(out, "anna") == []
    assert list(traces(out, digest_of(films / "videos" / "1.mp4"))) == []
    assert broken(out) == {}
    shutil.copy(films / "videos" / "2.mp4", tmp_path / "new.mp4")
    with (tmp_path / "new.mp4").open("ab") as file:
        file.write(b"\0\0\0\x08free")
    (tmp_path / "videos.csv").write_text(f"uri,subject\n{tmp_path / 'new.mp4'},anna")
    job = Curate(videos=tmp_path / "videos.csv", out=out, settings=settings(films / "truths"), strict=True)
    assert curate(job, Console(quiet=True)) == 0
    reasons = [row for table in Ledger(out).all_rejects("sources") for row in table.to_pylist()]
    assert any(row["reason"] == "withdrawn" and row["uri"].endswith("new.mp4") for row in reasons)
    assert {row.subject for row in read_index(out).rows()} == {"ben"}


def test_a_name_that_was_left_behind_is_told_by_check(films: Path, named: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(named / "set", tmp_path / "set"))
    listing = {path.name: path.read_bytes() for path in (out / "landings" / "listing").glob("part-*")}
    ask(films, out, subject=("anna",))
    for name, data in listing.items():
        (out / "landings" / "listing" / name).write_bytes(data)
    assert any("a person who has left is named in it" in told for told in broken(out)["withdrawn"])


def test_a_person_leaves_by_the_key_of_the_index(films: Path, made: Path, without: Path) -> None:
    gone = digest_of(films / "videos" / "1.mp4")
    (person,) = {row.person for row in read_index(made).rows() if row.source_sha256 == gone}
    assert "of others" not in ask(films, made, person=(person,), dry_run=True)
    ask(films, made, person=(person,))
    assert contents(made) == contents(without)


@pytest.mark.parametrize("how", [{"subject": ("carl",)}, {"person": ("nobody-0",)}, {"subject": ("",)}])
def test_nobody_of_that_name_is_one_sentence(films: Path, named: Path, how: dict[str, Any]) -> None:
    before = state(named / "set")
    (name,) = next(iter(how.values()))
    with pytest.raises(ValueError, match=rf"knows nothing of {name}; nobody has left"):
        ask(films, named / "set", **how)
    assert state(named / "set") == before
