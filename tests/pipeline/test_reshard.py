"""What of a sample's old members would be made the same, and what would not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dataset.index_rows import IndexRows
from dataset.reader import Reader
from engine.ledger import Ledger
from jobs.stored.curation import has_todays_videos
from pipeline.reshard import same_videos
from pipeline.stages.control import ControlSettings
from schemas.sample import FACE, VIDEO, Sample
from storage.place import Place
from tests.resume.job import settings

Known = tuple[Sample, dict[str, bytes]]


@pytest.fixture(scope="module")
def known(undisturbed: Path) -> Known:
    """A sample and its members as they lie."""
    ledger = Ledger(undisturbed)
    sample = next(one for name in ledger.names("samples") for one in ledger.rows("samples", name, Sample))
    (row,) = IndexRows(undisturbed).of([sample.key])
    return sample, Reader(str(undisturbed), verify=True).read(row)


def test_videos_of_a_sample_that_is_as_it_was_are_those_that_lie_there(known: Known) -> None:
    sample, old = known
    assert same_videos(sample, old) == {name: old[name] for name in (VIDEO, FACE)}
    other_looks = replace(sample, references=sample.references[:1], person="somebody else")
    assert set(same_videos(other_looks, old)) == {VIDEO, FACE}


def test_faces_elsewhere_are_cut_again(known: Known) -> None:
    sample, old = known
    controls = sample.scene.controls
    boxes = controls.face_box.copy()
    boxes[3] += np.float32(0.01)
    moved = replace(sample, scene=replace(sample.scene, controls=replace(controls, face_box=boxes)))
    assert set(same_videos(moved, old)) == {VIDEO}


def test_other_pictures_are_encoded(known: Known) -> None:
    sample, old = known
    scene, clip = sample.scene, sample.scene.clip
    source = replace(clip.video.source, sha256="0" * 64)
    for other in (
        replace(scene, to_canvas=scene.to_canvas * (1 + 1e-12)),
        replace(scene, clip=replace(clip, video=replace(clip.video, source=source))),
    ):
        assert same_videos(replace(sample, scene=other), old) == {}


def test_old_tars_count_where_the_index_is_the_one_that_such_settings_made(films: Path, made: Path) -> None:
    run, place = settings(films / "truths"), Place.at(made)
    assert has_todays_videos(place, run)
    assert has_todays_videos(place, replace(run, control=ControlSettings(canvas_area=30_000)))
    other = replace(run, shard=replace(run.shard, video=replace(run.shard.video, crf=30)))
    assert not has_todays_videos(place, other)
    assert not has_todays_videos(place, replace(run, probe=replace(run.probe, max_source_pixels=2**20)))
    (made / "index.parquet").write_bytes((made / "index.parquet").read_bytes() + b"0")
    assert not has_todays_videos(place, run), "a run was killed before it said what made this one"
