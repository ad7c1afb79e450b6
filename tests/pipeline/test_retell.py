"""Other things are told of a finished set's files: it becomes what it would be, and no video is opened."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from dataset.index import read_index
from dataset.names import INDEX, RETELLING
from dataset.tombstones import NOBODY
from engine import withdraw
from engine.audit import audit
from engine.ledger import Ledger
from jobs.commands.check import pipeline_legs
from jobs.commands.curate import Curate, curate
from jobs.commands.plan import PlanRun, forecast_of
from jobs.stored.curation import stored_in
from pipeline import retell
from pipeline.flow import legs
from pipeline.stages.corpus import Corpus
from pipeline.stages.estimate import Estimate
from pipeline.stages.probe import Probe
from schemas.origin import Origin
from storage.place import Place
from tests.resume.job import contents, landed, settings

TOLD = ("uri,licence,subject,camera,site", "{}/1.mp4,CC0,ann,,roof", "{}/copy.mp4,CC0,ann,left,roof")
LENS = ("uri,focal_px,principal_x,principal_y", "{}/2.mp4,300,80,120")


def ask(films: Path, videos: Path, out: Path, **how: Any) -> str:
    """Run the job in this process; what it says."""
    console = Console(file=io.StringIO(), width=200)
    usual: dict[str, Any] = {"settings": settings(films / "truths"), "strict": True}
    assert curate(Curate(videos=videos, out=out, **(usual | how)), console) == 0
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def manifest(films: Path, folder: Path, lines: Sequence[str]) -> Path:
    """A manifest of all films in which some lines tell more than an address."""
    videos = films / "videos"
    told = [line.format(videos) for line in lines]
    named = {line.partition(",")[0] for line in told}
    rest = [str(path) for path in videos.iterdir() if str(path) not in named]
    path = folder / "videos.csv"
    path.write_text("\n".join([*told, *(name + "," * lines[0].count(",") for name in rest)]))
    return path


@pytest.fixture(scope="module")
def fresh(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of films of which everything was told from the beginning; its manifest lies beside it."""
    folder = tmp_path_factory.mktemp("fresh")
    ask(films, manifest(films, folder, TOLD), folder / "set")
    return folder / "set"


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """No video is read, decoded or looked at."""

    def fails(*_: Any) -> None:
        raise AssertionError("a video was opened")

    for stage in (Corpus, Probe, Estimate):
        monkeypatch.setattr(stage, "__call__", fails)
    monkeypatch.setattr("pipeline.stages.shard.encode", fails)


def broken(out: Path) -> dict[str, list[str]]:
    """What `check` finds wrong."""
    report = audit(out, pipeline_legs(), quick=False, workers=1, watch=lambda done, total: None)
    return {name: verdict.first for name, verdict in report.items() if verdict.failed}


@pytest.mark.usefixtures("blind")
def test_a_set_is_what_it_would_be_had_it_been_told_before(films: Path, made: Path, fresh: Path) -> None:
    videos = fresh.parent / "videos.csv"
    before = (made / INDEX).read_bytes()
    said = ask(films, videos, made)
    command = f"understudy curate --videos {videos} --out {made} --redo"
    told = "2 known files are told otherwise (camera, extra, licence, subject)"
    assert f"{told}: {command} takes that over, without reading a video\n" in said
    assert (made / INDEX).read_bytes() == before
    ask(films, videos, made, redo=True)
    assert contents(made) == contents(fresh)
    assert landed(made) == landed(fresh)
    assert {row.licence for row in read_index(made).rows()} == {"CC0", "unknown"}
    assert broken(made) == {}
    assert not (made / RETELLING).exists()
    assert "told otherwise" not in ask(films, films / "videos", made), "a folder says nothing else"


@pytest.mark.usefixtures("blind")
@pytest.mark.parametrize("at", [0, 3])
def test_what_was_stopped_goes_on(
    films: Path, made: Path, fresh: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    videos, carry, calls = fresh.parent / "videos.csv", withdraw.restated, list[str]()

    def stopped(*what: Any) -> Any:
        if len(calls) == at:
            raise KeyboardInterrupt
        calls.append(what[2].name)
        return carry(*what)

    with monkeypatch.context() as patch:
        patch.setattr(retell, "restated", stopped)
        with pytest.raises(KeyboardInterrupt):
            ask(films, videos, made, redo=True)
    assert (made / RETELLING).exists()
    ask(films, videos, made)
    assert contents(made) == contents(fresh)
    assert not (made / RETELLING).exists()


def test_a_camera_is_looked_through_again(films: Path, made: Path, tmp_path: Path) -> None:
    videos = manifest(films, tmp_path, LENS)
    run = settings(films / "truths")
    stored = stored_in(Place.at(made))
    assert stored is not None
    found = forecast_of(PlanRun(out=str(made), videos=str(videos), settings=run), Place.at(made), stored)
    (said,) = found.reasons
    assert said.startswith("1 known files are told otherwise (lens): understudy curate --videos ")
    assert said.endswith(" --redo takes that over, looking again at clips of other cameras")
    ask(films, videos, made, redo=True)
    ask(films, videos, tmp_path / "set")
    assert contents(made) == contents(tmp_path / "set")
    assert [row.calibrated for row in read_index(made).rows()].count(True) == 1


def test_what_cannot_be_told_is_said(films: Path, made: Path, tmp_path: Path) -> None:
    videos = manifest(films, tmp_path, TOLD)
    other = replace(settings(films / "truths"), samples_per_shard=1)
    with pytest.raises(ValueError, match=r"first what is told of files, then other settings"):
        ask(films, videos, made, settings=other, redo=True)
    stones = NOBODY.with_subjects(["ann"])
    house = legs(settings(films / "truths"), made)
    with pytest.raises(ValueError, match=r"x\.mp4: is told to show ann, who has left: understudy forget"):
        retell.retelling_of(Ledger(made), house, {"x.mp4": Origin(subject="ann")}, stones)
