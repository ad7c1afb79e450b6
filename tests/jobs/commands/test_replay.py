"""A rejected item runs again alone, with its own error, and nothing of the data set changes."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from engine.ledger import Ledger
from engine.replay import find, replay
from jobs.commands.replay import Replay
from jobs.commands.replay import replay as run_replay
from jobs.stored.curation import settings_of
from pipeline.backends import Backends
from pipeline.corpora.listing import enlist
from pipeline.estimators.appearance.open_clip_embedder import OpenClip
from pipeline.flow import Curation, legs
from pipeline.stages.screen import ScreenSettings
from schemas.media import Clip, Listed, Source
from schemas.origin import Origin
from schemas.outcome import Reject, Rejected
from storage.place import Place
from tests.resume.job import make_films, run_job, settings
from tests.stores import Store


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_films(tmp_path_factory.mktemp("films"))
    (folder / "videos" / "noise.mp4").write_bytes(b"no video " * 100)
    return folder


@pytest.fixture(scope="module")
def made(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "set"
    done = run_job(films, out)
    assert done.returncode == 0, done.stderr
    return out


def rejects(out: Path) -> dict[str, dict[str, Any]]:
    ledger = Ledger(out)
    found: dict[str, dict[str, Any]] = {}
    for leg in legs(Curation(), out):
        for name in ledger.names(leg.name):
            found |= {row["reason"]: row for row in ledger.rejects(leg.name, name).to_pylist()}
    return found


def state(out: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in out.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("reason", ["invalid_data", "duplicate", "nobody"])
def test_a_reject_is_rejected_again(reason: str, films: Path, made: Path, tmp_path: Path) -> None:
    key, before = rejects(made)[reason]["key"], state(made)
    house, ledger = legs(settings(films / "truths"), made), Ledger(made)
    found = find(ledger, house, key)
    assert found is not None
    assert found.reject.reason == reason
    heard: list[str] = []
    with pytest.raises(Rejected, match=reason):
        replay(found, ledger, found.leg, heard.append)
    assert f"step {found.reject.step}" in heard[-1]
    assert state(made) == before


def test_what_is_mended_goes_through(films: Path, made: Path) -> None:
    """The item alone, through its leg as it is now: here with a gate that is open."""
    key = rejects(made)["nobody"]["key"]
    house, ledger = legs(settings(films / "truths"), made), Ledger(made)
    found = find(ledger, house, key)
    assert found is not None
    (clips,) = [leg for leg in house if leg.name == "clips"]
    source = found.reject.uri
    from dataclasses import replace

    other = replace(found, leg=clips, lap=next(n for n in ledger.names("clips") if holds(ledger, n, source)))
    given = replay(other, ledger, clips, lambda where: None)
    assert [clip.key for clip in given] == [key]


def holds(ledger: Ledger, lap: str, uri: str) -> bool:
    return uri in [clip.uri for clip in ledger.rows("clips", lap, Clip)]


def test_the_command_reads_the_settings_of_the_run(films: Path, tmp_path: Path) -> None:
    from jobs.commands.curate import Curate, curate

    out = tmp_path / "set"
    few = films / "videos" / "noise.mp4"
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "noise.mp4").write_bytes(few.read_bytes())
    job = Curate(videos=str(tmp_path / "videos"), out=str(out))
    assert curate(job, Console(quiet=True)) == 1
    console = Console(file=io.StringIO(), width=200)
    key = rejects(out)["invalid_data"]["key"]
    assert run_replay(Replay(out=str(out), key=key), console) == 1
    assert isinstance(console.file, io.StringIO)
    output = console.file.getvalue()
    assert f"step probe, item {key}" in output
    assert "rejected again: invalid_data" in output
    with pytest.raises(ValueError, match="nothing was rejected under the key 'abc'"):
        run_replay(Replay(out=str(out), key="abc"), console)


def test_settings_come_back_as_they_were(tmp_path: Path) -> None:
    run = Curation(
        screen=ScreenSettings(min_source_share=0.5),
        backends=Backends(appearance=OpenClip(weights=Path("/w.pt"), device="cuda:1")),
        samples_per_shard=3,
    )
    content = json.loads(json.dumps({"settings": asdict(run)}, default=str))
    (tmp_path / "run.json").write_text(json.dumps(content))
    assert settings_of(Place.at(tmp_path)) == run
    (tmp_path / "run.json").write_text(json.dumps({"settings": asdict(Curation())}, default=str))
    assert settings_of(Place.at(tmp_path)) == Curation()
    with pytest.raises(ValueError, match="no data set"):
        settings_of(Place.at(tmp_path / "none"))
    (tmp_path / "run.json").write_text('{"settings": {"samples_per_shard": "many"}}')
    with pytest.raises(ValueError, match="not the settings of a run"):
        settings_of(Place.at(tmp_path))


def test_a_strangers_data_set_chooses_no_server(cloud: Store, tmp_path: Path) -> None:
    """Its rows may name any server; only one that the user names too is asked."""
    uri = f"s3://bucket/gone.mp4?endpoint_override=127.0.0.1%3A{cloud.port}&scheme=http"
    ledger = Ledger(tmp_path)
    enlist(ledger, [Listed(key="k", uri=uri, origin=Origin())], lambda: None)
    (sources, *_) = house = legs(Curation(), tmp_path)
    (lap,) = sources.laps(ledger)
    gone = Reject(key="k", step="corpus", reason="missing", detail="", uri=uri)
    ledger.land(lap, [gone], Source, ())
    found = find(ledger, house, "k")
    assert found is not None
    cloud.asked()
    with pytest.raises(ValueError, match=r"gone\.mp4.* chooses its server; .*--videos"):
        replay(found, ledger, sources, lambda where: None)
    assert cloud.asked() == []
    with pytest.raises(Rejected, match="missing"):
        replay(found, ledger, sources, lambda where: None, videos=uri)
    assert cloud.asked() != []
