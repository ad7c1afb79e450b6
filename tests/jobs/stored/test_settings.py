"""Settings as they are stored and read back, and what a command line that leaves them out goes on with."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dataset.names import NEXT, RUN
from engine.differences import Difference, as_plain, differences
from jobs.commands.curate import parse
from jobs.stored.addresses import storable
from jobs.stored.curation import NextIndex
from pipeline.backends import Backends
from pipeline.estimators.appearance.open_clip_embedder import OpenClip
from pipeline.flow import Curation
from pipeline.stages.corpus import CorpusSettings
from pipeline.stages.screen import ScreenSettings
from storage.place import Place

RUN_SETTINGS = Curation(
    screen=ScreenSettings(min_source_share=0.5),
    backends=Backends(appearance=OpenClip(weights=Path("/w.pt"), device="cuda:1")),
    samples_per_shard=3,
)

CORPUS = CorpusSettings(follow_links=True, licence="CC0")


def store(out: Path, videos: str = "/videos") -> None:
    made = NextIndex(out=Place.at(out), videos=videos, corpus=CORPUS, drop_gone=True, settings=RUN_SETTINGS)
    made.begin()
    (out / NEXT).rename(out / RUN)


def test_out_alone_goes_on_with_what_is_stored(tmp_path: Path) -> None:
    store(tmp_path)
    job = parse(["--out", str(tmp_path)])
    assert (job.settings, job.videos, job.corpus, job.drop_gone) == (RUN_SETTINGS, "/videos", CORPUS, True)
    job = parse([f"--out={tmp_path}", "--settings.samples-per-shard", "5", "--videos", "/others"])
    assert job.settings == replace(RUN_SETTINGS, samples_per_shard=5)
    assert job.videos == "/others"


def test_settings_of_another_set_are_taken_from_its_file(tmp_path: Path) -> None:
    store(tmp_path)
    job = parse(["--out", str(tmp_path / "new"), "--config", str(tmp_path / RUN), "--videos", "v"])
    assert (job.settings, job.corpus, job.videos) == (RUN_SETTINGS, CORPUS, "v")
    with pytest.raises(FileNotFoundError):
        parse(["--out", str(tmp_path / "new"), "--config", str(tmp_path / "none.json")])


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"settings": {"control": {"canvas_are": 24576}}}, "control.canvas_are: no such name"),
        ({"settings": {"samples_per_shard": 3}, "control": {"canvas_area": 24576}}, "control: no such name"),
        ({"settings": {"samples_per_shard": 3}, "corpus": {"license": "x"}}, "corpus.license: no such name"),
        ({"control": {"canvas_area": 24576}}, "control: no such name"),
        ({"videos": "v"}, "nothing under 'settings'"),
        ({}, "nothing under 'settings'"),
    ],
)
def test_a_file_of_settings_is_taken_at_its_word(tmp_path: Path, said: object, named: str) -> None:
    (tmp_path / "mine.json").write_text(json.dumps(said))
    with pytest.raises(ValueError, match=named):
        parse(["--out", str(tmp_path / "new"), "--config", str(tmp_path / "mine.json"), "--videos", "v"])


def test_settings_of_a_later_version_are_passed_over_in_its_own_set(tmp_path: Path) -> None:
    store(tmp_path)
    content = json.loads((tmp_path / RUN).read_text())
    content["settings"]["of_tomorrow"] = content["tomorrow"] = 1
    (tmp_path / RUN).write_text(json.dumps(content))
    assert parse(["--out", str(tmp_path)]).settings == RUN_SETTINGS


def test_a_redo_under_way_is_what_goes_on(tmp_path: Path) -> None:
    store(tmp_path)
    content = json.loads((tmp_path / RUN).read_text())
    content["settings"]["samples_per_shard"] = 9
    (tmp_path / NEXT).write_text(json.dumps(content))
    assert parse(["--out", str(tmp_path)]).settings.samples_per_shard == 9


def test_a_new_folder_has_the_defaults_and_asks_for_videos(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert parse(["--out", str(tmp_path), "--videos", "v"]).settings == Curation()
    with pytest.raises(SystemExit):
        parse(["--out", str(tmp_path)])
    assert "--videos" in capsys.readouterr().err


def test_a_data_set_keeps_no_server(tmp_path: Path) -> None:
    assert storable("s3://bucket/videos") == "s3://bucket/videos"
    assert storable("s3://bucket/videos?endpoint_override=127.0.0.1:9&scheme=http") == ""
    assert storable("what?") == str(Path("what?").absolute())
    assert storable("abfs://account@elsewhere.example/videos") == ""
    assert storable("abfs://videos@account.dfs.core.windows.net/v") != ""
    store(tmp_path, "s3://bucket/videos?region=x")
    with pytest.raises(SystemExit):
        parse(["--out", str(tmp_path)])


@pytest.mark.parametrize("address", ["s3://x/v?endpoint_override=evil", "abfs://account@evil:9/c/v"])
@pytest.mark.parametrize("how", ["--out", "--config"])
def test_a_strangers_file_names_no_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str, address: str
) -> None:
    store(tmp_path, "s3://bucket/videos")
    words = ["--out", str(tmp_path), *(("--config", str(tmp_path / RUN)) if how == "--config" else ())]
    assert parse(words).videos == "s3://bucket/videos"
    content = (tmp_path / RUN).read_text()
    (tmp_path / RUN).write_text(content.replace("s3://bucket/videos", address))
    with pytest.raises(SystemExit):
        parse(words)
    assert "--videos" in capsys.readouterr().err


def test_a_strange_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / RUN).write_text('{"settings": {"samples_per_shard": "many"}}')
    with pytest.raises(ValueError, match=r"not the settings of a run \(samples_per_shard: .*\)$"):
        parse(["--out", str(tmp_path)])


def test_differences_are_told_by_their_flags() -> None:
    stored = as_plain(RUN_SETTINGS)
    assert differences(stored, RUN_SETTINGS) == []
    other = replace(RUN_SETTINGS, backends=Backends(), samples_per_shard=4)
    found = differences(stored, other)
    assert Difference(path="samples_per_shard", was=3, now=4) in found
    assert {one.path for one in found if "appearance" in one.path} >= {
        "backends.appearance.weights",
        "backends.appearance.model",
    }
    assert str(found[-1]).startswith("--settings.")
