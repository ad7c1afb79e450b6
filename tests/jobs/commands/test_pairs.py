"""`understudy pairs`: from a data set to a table, a loader and other trainers' manifests."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from torch.utils.data import DataLoader

from dataset.index import read_index
from dataset.pairs import yaw_difference
from jobs.cli import main
from media.decode import decode
from media.probe import probe
from model.data.pairs import Pairs
from schemas.arrow import decode as records_of
from schemas.arrow import encode
from schemas.index import IndexRow
from schemas.pairs import PairRow
from tests.films import source_of

SHORT = ("--frames", "25", "--strict")


def made(out: Path, kind: str, table: Path, *more: str, per_person: int = 2) -> list[PairRow]:
    words = ["--kind", kind, "--per-person", str(per_person), *SHORT, *more]
    assert main(["pairs", str(out), "--out", str(table), *words]) == 0
    return records_of(pq.read_table(table), PairRow)


def test_pairs_are_measured_and_the_same_again(data_set: Path, tmp_path: Path) -> None:
    rows = made(data_set, "cross_identity", tmp_path / "a.parquet")
    made(data_set, "cross_identity", tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert len(rows) == 8
    index = {row.key: row for row in read_index(data_set).rows()}
    for row in rows:
        assert index[row.driver_key].person == row.driver_person != row.target_person
        assert 0 <= row.yaw_difference_deg <= 180
        assert np.isnan(row.similarity), "there is no landing that tells looks"


def test_looks_come_from_the_landings(undisturbed: Path, tmp_path: Path) -> None:
    rows = made(undisturbed, "cross_identity", tmp_path / "a.parquet")
    assert all(-1.001 <= row.similarity <= 1.001 for row in rows)


def test_how_far_two_are_turned_goes_around() -> None:
    driver, target = np.radians([170.0, 10.0]), np.radians([-170.0, -10.0])
    assert yaw_difference(driver, target) == pytest.approx(20.0)


def test_a_loader_reads_them(data_set: Path, tmp_path: Path) -> None:
    rows = made(data_set, "cross_identity", tmp_path / "a.parquet")
    data = Pairs(str(data_set), str(tmp_path / "a.parquet"))
    assert len(data) == len(rows) > 0
    index = {row.key: row for row in read_index(data_set).rows()}
    loader = DataLoader(data, batch_size=None, num_workers=1, multiprocessing_context="forkserver")
    for row, item in zip(rows, loader, strict=True):
        target = index[row.target_key]
        assert item["key"] == row.key
        assert item["target_video"].shape == (25, target.height, target.width, 3)
        assert item["driver_skeleton"].shape[0] == len(item["driver_face"]) == 25
        assert item["driver_skeleton"].any()
        assert item["references"].shape[0] == index[row.reference_key].num_references


def test_nobody_who_is_held_out_is_in_a_pair(data_set: Path, tmp_path: Path) -> None:
    rows = made(data_set, "cross_identity", tmp_path / "a.parquet", per_person=8)
    kept, held = read_index(data_set).split(0.5)
    assert held is not None
    data = Pairs(str(data_set), str(tmp_path / "a.parquet"), held_out=0.5)
    learned = set(kept.table["key"].to_pylist())
    assert 0 < len(data) < len(rows)
    assert all({pair.driver_key, pair.target_key, pair.reference_key} <= learned for pair in data.pairs)


def test_other_trainers_read_files(data_set: Path, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    rows = made(data_set, "cross_identity", tmp_path / "a.parquet", "--manifests", str(folder))
    with (folder / "metadata.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert table == [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]
    assert len(table) == len(rows)
    index = {row.key: row for row in read_index(data_set).rows()}
    for row, files in zip(rows, table, strict=True):
        assert (folder / files["reference"]).read_bytes()[:2] == b"\xff\xd8"
        source = source_of(folder / files["target_video"])
        video = probe(source, max_pixels=2**22, max_duration_s=60, max_pixel_stretch=0.1)
        target = index[row.target_key]
        assert (video.width, video.height, video.num_frames) == (target.width, target.height, 25)
        data = Pairs(str(data_set), str(tmp_path / "a.parquet"))[rows.index(row)]["target_video"]
        found = np.concatenate(list(decode(video, 0, 25, window=25)))
        assert np.abs(found.astype(int) - data).mean() < 3
    assert sorted(path.suffix for path in (folder / "videos").iterdir()) == [".mp4"] * len(
        list((folder / "videos").iterdir())
    )


Change = Callable[[PairRow], dict[str, Any]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda row: {"target_key": "0" * 12 + "-000000-0"},
            "the data set has no sample 0000",
        ),
        (lambda row: {"target_start": 10**6}, "frames 1000000 to"),
        (lambda row: {"driver_start": -1}, "frames -1 to"),
        (lambda row: {"frames": 10**6}, "windows of 1000000 frames"),
        (lambda row: {"driver_key": row.target_key, "driver_start": row.target_start}, "its own target"),
        (lambda row: {"schema": 7}, "pairs of another schema"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(
    change: Change, message: str, data_set: Path, tmp_path: Path
) -> None:
    rows = made(data_set, "cross_identity", tmp_path / "a.parquet")
    pq.write_table(encode([replace(rows[0], **change(rows[0])), *rows[1:]], PairRow), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=message):
        Pairs(str(data_set), str(tmp_path / "a.parquet"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--kind", "cross_view", "--frames", "25"),
            "no take is told: cross_view needs the columns take and subject",
        ),
        (("--kind", "cross_clip", "--frames", "200"), "no sample of 16 has 200 frames"),
        (("--kind", "cross_clip", "--frames", "7"), "a sample has 25 to 240"),
        (("--kind", "cross_clip", "--per-person", "0"), "at least one"),
    ],
)
def test_what_cannot_be_is_a_sentence(
    words: tuple[str, ...], message: str, data_set: Path, tmp_path: Path, capsys: Any
) -> None:
    assert main(["pairs", str(data_set), "--out", str(tmp_path / "a.parquet"), *words]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "a.parquet").exists()


def test_a_set_that_tells_nobody_apart_is_refused(own_set: Path, tmp_path: Path, capsys: Any) -> None:
    rows = [replace(row, person="") for row in read_index(own_set).rows()]
    pq.write_table(encode(rows, IndexRow), own_set / "index.parquet")
    assert main(["pairs", str(own_set), "--out", str(tmp_path / "a.parquet"), "--kind", "cross_clip"]) == 2
    assert "tells nobody apart" in capsys.readouterr().err
