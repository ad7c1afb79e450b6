"""A finished data set under other settings: refused, or made anew while the old one holds, killed or not."""

from __future__ import annotations

import io
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from dataset.index import read_index
from dataset.names import NEXT, RUN, RUNNING
from engine.audit import audit
from jobs.commands.check import pipeline_legs
from jobs.commands.curate import Curate, curate
from jobs.stored.commands import NeedsRedo
from jobs.stored.curation import StoredCuration, digests, stored_in
from pipeline.backends import Backends
from pipeline.estimators.appearance.open_clip_embedder import OpenClip
from pipeline.flow import Curation
from storage.place import Place
from tests.resume.job import contents, run_job, settings, with_area

AREA = 160 * 240


def broken(out: Path) -> dict[str, list[str]]:
    """What `check` finds wrong."""
    report = audit(out, pipeline_legs(), quick=False, workers=1, watch=lambda done, total: None)
    return {name: verdict.first for name, verdict in report.items() if verdict.failed}


def state(out: Path) -> dict[str, tuple[int, bytes]]:
    files = [path for path in out.rglob("*") if path.is_file() and path.name != RUNNING]
    return {str(path.relative_to(out)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def ask(films: Path, out: Path, **how: Any) -> tuple[int, str]:
    """Run the job here; its exit code and what it says."""
    console = Console(file=io.StringIO(), width=200)
    usual: dict[str, Any] = {"videos": films / "videos", "settings": settings(films / "truths")}
    job = Curate(out=out, **(usual | how))
    code = curate(job, console)
    assert isinstance(console.file, io.StringIO)
    return code, console.file.getvalue()


@pytest.fixture(scope="module")
def anew(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What other settings make of the films in a folder of their own."""
    out = tmp_path_factory.mktemp("anew") / "set"
    done = run_job(films, out, area=AREA)
    assert done.returncode == 0, done.stderr
    return out


def test_a_changed_flag_alone_changes_nothing(films: Path, made: Path) -> None:
    before = state(made)
    console = Console(file=io.StringIO(), width=200)
    other = with_area(settings(films / "truths"), AREA)
    with pytest.raises(
        NeedsRedo, match=r"^\S+: was made with other settings; .*--redo makes \d+ laps? again"
    ):
        curate(Curate(videos=films / "videos", out=made, settings=other), console)
    assert isinstance(console.file, io.StringIO)
    output = console.file.getvalue()
    area = settings(films / "truths").control.canvas_area
    assert f"--settings.control.canvas-area: {area} before, {AREA} now; redoes samples, shards\n" in output
    assert "samples again: 4 laps" in output
    assert f"in money: understudy estimate-cost --hours 0.000903 --measured {made} --machines" in output
    assert state(made) == before


def test_a_redo_gives_what_those_settings_give_and_leaves_no_trace(
    films: Path, made: Path, anew: Path
) -> None:
    old = {row.shard for row in read_index(made).rows()}
    code, printed = ask(films, made, settings=with_area(settings(films / "truths"), AREA), redo=True)
    assert (code, "redoes samples, shards" in printed) == (0, True)
    assert contents(made) == contents(anew)
    assert not any((made / shard).exists() for shard in old)
    assert broken(made) == {}
    assert (made / RUN).read_text() == (anew / RUN).read_text()


@pytest.mark.parametrize("kill_at", [5, 25, 45])
def test_killed_in_the_middle_the_old_set_holds_and_the_same_command_goes_on(
    films: Path, undisturbed: Path, made: Path, anew: Path, kill_at: int
) -> None:
    """Of 73 changes of files and more."""
    killed = run_job(films, made, kill_at=kill_at, area=AREA)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert (made / "index.parquet").read_bytes() == (undisturbed / "index.parquet").read_bytes()
    assert broken(made) == {}
    done = run_job(films, made, area=AREA)
    assert done.returncode == 0, done.stderr
    assert contents(made) == contents(anew)
    assert broken(made) == {}
    assert not (made / NEXT).exists()


def test_killed_behind_the_new_index_the_new_set_holds(
    films: Path, made: Path, anew: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove = Place.remove

    def dying(place: Place, name: str) -> None:
        if name == NEXT:
            raise KeyboardInterrupt
        remove(place, name)

    how: dict[str, Any] = {"settings": with_area(settings(films / "truths"), AREA), "redo": True}
    with monkeypatch.context() as killing:
        killing.setattr(Place, "remove", dying)
        with pytest.raises(KeyboardInterrupt):
            ask(films, made, **how)
    assert contents(made) == contents(anew)
    assert (made / NEXT).exists()
    assert broken(made) == {}
    assert ask(films, made, **how)[0] == 0
    assert contents(made) == contents(anew)
    assert not (made / NEXT).exists()


def test_what_keeps_too_little_takes_no_sets_place(films: Path, made: Path) -> None:
    index = (made / "index.parquet").read_bytes()
    blind = replace(settings(films / "truths"), min_kept_share=0.5)
    blind = replace(blind, screen=replace(blind.screen, min_clip_frames=200))
    code, printed = ask(films, made, settings=blind, redo=True)
    assert (code, "the old index holds" in printed) == (1, True)
    assert (made / "index.parquet").read_bytes() == index
    assert broken(made) == {}


def test_a_gate_that_no_leg_knows_is_no_redo(films: Path, made: Path) -> None:
    code, printed = ask(films, made, settings=replace(settings(films / "truths"), min_kept_share=0.0))
    assert code == 0
    assert "--settings.min-kept-share: 0.01 before, 0.0 now; redoes nothing" in printed
    stored = stored_in(Place.at(made))
    assert stored is not None
    assert stored.settings["min_kept_share"] == 0.0


def test_where_and_how_fast_is_no_difference(films: Path, made: Path) -> None:
    before = state(made)
    run = settings(films / "truths")
    run = replace(run, gpu_share=0.25, shard=replace(run.shard, window=3))
    code, printed = ask(films, made, settings=run)
    assert (code, "redoes" in printed) == (0, False)
    after = state(made)
    assert {name for name in after if after[name] != before.get(name)} == {RUN}
    here, there = (
        Curation(backends=Backends(appearance=OpenClip(weights=Path("w.pt"), device=device, batch=batch)))
        for device, batch in (("cpu", 16), ("cuda:1", 64))
    )
    assert digests(here) == digests(there)
    other = Curation(backends=Backends(appearance=OpenClip(weights=Path("v.pt"))))
    assert [leg for leg in digests(here) if digests(here)[leg] != digests(other)[leg]] == ["tracks"]


def test_samples_of_files_that_are_gone_stay_or_leave_as_asked(
    films: Path, made: Path, tmp_path: Path
) -> None:
    videos = Path(shutil.copytree(films / "videos", tmp_path / "videos"))
    out, before = tmp_path / "own", len(read_index(made))
    code, _ = ask(films, out, videos=videos)
    assert (code, len(read_index(out))) == (0, before)
    (videos / "2.mp4").unlink()
    code, printed = ask(films, out, videos=videos)
    assert (code, len(read_index(out))) == (0, before)
    assert (
        "0 new files, 3 known, 1 gone\nthe samples of files that are gone stay, unless --drop-gone" in printed
    )
    code, printed = ask(films, out, videos=videos, drop_gone=True)
    assert code == 0
    assert "gone 1" in printed
    assert 0 < len(read_index(out)) < before
    assert broken(out) == {}


def test_nothing_is_written_where_there_is_no_video(films: Path, tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "notes.txt").write_text("a")
    with pytest.raises(ValueError, match=r"videos: no video there; 1 files \.txt are no videos by their"):
        ask(films, tmp_path / "set", videos=tmp_path / "videos")
    assert not (tmp_path / "set").exists()
    with pytest.raises(ValueError, match=r"notes\.txt: a file; --out names the folder"):
        ask(films, tmp_path / "videos" / "notes.txt")


def test_a_set_of_another_version_is_asked_for_too(films: Path, made: Path) -> None:
    (made / RUN).write_text('{"schema": 1}')
    assert stored_in(Place.at(made)) == StoredCuration(schema=1)
    with pytest.raises(NeedsRedo):
        ask(films, made)
