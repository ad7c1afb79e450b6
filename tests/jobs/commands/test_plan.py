"""What the next run would do, told before it: the table of what changes redo, on a set that really landed."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from engine.differences import Difference, as_plain, leaves, placements
from jobs.cli import main
from jobs.commands.curate import Curate, curate
from jobs.commands.plan import PlanRun, forecast_of, plan
from jobs.stored.curation import digests, stored_in
from jobs.stored.redo import with_value
from pipeline.backends import Backends
from pipeline.estimators.appearance.open_clip_embedder import OpenClip
from pipeline.estimators.faceverse.head import FaceVerseHead
from pipeline.estimators.fakes import FakeBody
from pipeline.estimators.hmr.body import HmrBody
from pipeline.estimators.hmr.hands import HmrHands
from pipeline.estimators.rtmpose.person import RtmPerson
from pipeline.flow import Curation
from pipeline.stages.estimate import Estimate
from pipeline.stages.reference import PickReferences
from storage.place import Place
from tests.resume.job import settings
from tests.resume.test_redo import state
from tests.stores import Store


@pytest.fixture
def run(films: Path, tmp_path: Path) -> Curation:
    """The settings of a small job whose truths are its own."""
    truths = Path(shutil.copytree(films / "truths", tmp_path / "truths"))
    return settings(truths)


def redone(out: Path, run: Curation) -> dict[str, int]:
    """Laps that would run, by leg."""
    place = Place.at(out)
    stored = stored_in(place)
    assert stored is not None
    found = forecast_of(PlanRun(out=str(out), settings=run), place, stored)
    return {leg.leg: len(leg.again) for leg in found.legs if leg.again}


def said(out: Path, run: Curation, **how: Any) -> str:
    """What the command prints."""
    console = Console(file=io.StringIO(), width=200)
    assert plan(PlanRun(out=str(out), settings=run, **how), console) == 0
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_nothing_is_done_again_where_nothing_changed_or_only_where_and_how_fast(
    undisturbed: Path, run: Curation
) -> None:
    assert redone(undisturbed, run) == {}
    placed = replace(run, gpu_share=0.25, shard=replace(run.shard, window=3))
    assert redone(undisturbed, placed) == {}
    output = said(undisturbed, run)
    assert "nothing would be done\n" in output
    corpus = stored_in(Place.at(undisturbed))
    assert corpus is not None
    looked = f"new files were not looked for: understudy plan {undisturbed} --videos {corpus.videos}\n"
    assert looked in output
    assert "not looked for" not in said(undisturbed, run, videos=corpus.videos)


PLACED = re.compile(r"(^|[._])(device|batch|gpu_share|workers|memory|mib|limit_s)$|^shard\.window$")
"""Settings whose names say where and how fast."""


def test_device_batch_and_memory_redo_nothing_whatever_the_estimators() -> None:
    """Of all settings those with such names, and no others, are known by no leg."""
    research = Backends(
        person=RtmPerson(), body=HmrBody(), hands=HmrHands(), head=FaceVerseHead(), appearance=OpenClip()
    )
    for run in (Curation(), Curation(backends=research)):
        paths = [path for path, _ in leaves(as_plain(run))]
        asked = {"backends.appearance.sha256"} & set(paths)  # what its file must be
        assert {path for path in paths if PLACED.search(path)} | asked == set(placements(run))
        for path in placements(run):
            other = with_value(run, Difference(path=path, was=1, now=None))
            assert (other != run, digests(other)) == (True, digests(run))
        assert digests(replace(run, sources_per_lap=7)) != digests(run)


def test_other_weights_under_the_same_name_are_estimated_with_again(undisturbed: Path, run: Curation) -> None:
    assert isinstance(run.backends.body, FakeBody)
    weights = next(run.backends.body.truths.glob("*.npz"))
    with weights.open("ab") as file:
        file.write(b"other weights")
    os.utime(weights, ns=(1, 1))
    assert list(redone(undisturbed, run)) == ["tracks", "samples", "shards"]
    assert "backends.body.truths: " in said(undisturbed, run)


@pytest.mark.parametrize(
    ("stage", "legs"),
    [(PickReferences, ["samples", "shards"]), (Estimate, ["tracks", "samples", "shards"])],
)
def test_a_rule_of_a_stage_redoes_its_leg_and_what_reads_it(
    undisturbed: Path, run: Curation, monkeypatch: pytest.MonkeyPatch, stage: type, legs: list[str]
) -> None:
    monkeypatch.setattr(stage, "version", 99)
    assert list(redone(undisturbed, run)) == legs
    output = said(undisturbed, run)
    assert re.search(r"version \d+ before, version 99 now", output)
    assert f"reads {legs[-2]}" in output


def test_how_videos_are_encoded_redoes_tars_alone(undisturbed: Path, run: Curation) -> None:
    other = replace(run, shard=replace(run.shard, video=replace(run.shard.video, crf=30)))
    assert list(redone(undisturbed, other)) == ["shards"]
    assert "--settings.shard.video.crf: " in said(undisturbed, other)


def test_what_is_told_is_what_is_done_and_nothing_is_written(
    films: Path, undisturbed: Path, tmp_path: Path, run: Curation
) -> None:
    made = Path(shutil.copytree(undisturbed, tmp_path / "set"))
    other = replace(run, shard=replace(run.shard, video=replace(run.shard.video, crf=30)))
    before = state(made)
    told = redone(made, other)
    assert state(made) == before
    markers = {name: at for name, (at, _) in before.items() if name.endswith(".done")}
    curate(Curate(videos=films / "videos", out=made, settings=other, redo=True), Console(quiet=True))
    after = {name: at for name, (at, _) in state(made).items() if name.endswith(".done")}
    written = [name.split("/")[1] for name, at in after.items() if markers.get(name) != at]
    assert {leg: written.count(leg) for leg in written} == told
    assert redone(made, other) == {}


def test_new_files_and_machines_are_told(
    films: Path, undisturbed: Path, tmp_path: Path, run: Curation
) -> None:
    videos = Path(shutil.copytree(films / "videos", tmp_path / "videos"))
    other = replace(run, shard=replace(run.shard, video=replace(run.shard.video, crf=30)))
    output = said(undisturbed, other, videos=str(videos), machines=("cpu=1x4@0.5",))
    assert "4 new files: about " in output
    assert "machine-hours" in output
    assert "in money" in output


def test_for_programs(undisturbed: Path, run: Curation) -> None:
    told = json.loads(said(undisturbed, replace(run, samples_per_shard=1), json=True))
    assert told["work_s"] > 0
    assert [leg["leg"] for leg in told["legs"] if leg["again"]] == ["shards"]


def test_where_there_is_no_set_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(tmp_path / "none")]) == 2
    assert "no data set" in capsys.readouterr().err


def test_a_set_in_the_store_is_asked_as_one_on_disk(
    cloud: Store, undisturbed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, here = Place.at("s3://bucket/asked"), str(undisturbed)
    for path in (path for path in undisturbed.rglob("*") if path.is_file()):
        place.put(path.relative_to(undisturbed).as_posix(), path)
    how = ("--kind", "cross_identity", "--frames", "25")
    assert main(["pairs", here, "--out", str(tmp_path / "here.parquet"), *how]) == 0
    assert main(["pairs", place.uri, "--out", "s3://bucket/there.parquet", *how]) == 0
    assert Place.at("s3://bucket").read("there.parquet") == (tmp_path / "here.parquet").read_bytes()
    assert main(["compare", here, place.uri, "--max-missing", "0"]) == 0
    told = []
    for out in (here, place.uri):
        capsys.readouterr()
        assert main(["plan", out, "--json"]) == 0
        told.append(json.loads(capsys.readouterr().out))
    assert told[0] == told[1]
    assert [leg["leg"] for leg in told[0]["legs"] if leg["again"]] == ["tracks", "samples", "shards"]
