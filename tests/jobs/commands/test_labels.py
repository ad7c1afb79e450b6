"""`understudy labels`: a folder of pictures and clips that names what lies in it, and nothing else."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import cv2
import pytest

from dataset.index import read_index
from jobs.cli import main
from tests.stored import tar_in


def test_pictures_and_clips_are_those_that_the_tables_name(
    data_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "labels"
    assert main(["labels", str(data_set), "--out", str(out), "--where", "bucket=96x144", "frames<40"]) == 0
    rows = {row.key: row for row in read_index(data_set).rows() if row.width == 96 and row.frames < 40}
    said = json.loads((out / "labels.json").read_text())
    assert {path.name for path in (out / "data").iterdir()} == {one["file_name"] for one in said["images"]}
    assert len(said["images"]) == sum(-(-row.frames // 12) for row in rows.values()) > 0
    assert [one["image_id"] for one in said["annotations"]] == [one["id"] for one in said["images"]]
    picture = cv2.imread(str(out / "data" / said["images"][0]["file_name"]))
    assert picture is not None
    assert picture.shape == (144, 96, 3)
    with (out / "clips" / "labels.csv").open() as file:
        told = list(csv.DictReader(file))
    assert [one["filepath"] for one in told] == [f"{key}.mp4" for key in rows]
    assert {path.name for path in (out / "clips" / "data").iterdir()} == {one["filepath"] for one in told}
    assert {one["framing"] for one in told} <= {"full", "half"}
    assert float(told[0]["duration_s"]) == rows[told[0]["key"]].duration_s
    kinds = json.loads((out / "clips" / "fields.json").read_text())
    assert {
        "num_frames": "int",
        "has_audio": "bool",
        "yaw_min": "float",
        "framing": "str",
    }.items() <= kinds.items()
    assert "frames" not in told[0], "FiftyOne keeps that name of videos for itself"
    loads_with_its_videos(out / "clips", [*rows], tmp_path, monkeypatch)


def loads_with_its_videos(clips: Path, keys: list[str], cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is a table with a column of media for `datasets`, as the Hub's viewer shows it."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    how = {"data_dir": str(clips), "split": "train", "cache_dir": str(cache / "cache")}
    loaded = datasets.load_dataset("videofolder", **how).cast_column("video", datasets.Video(decode=False))
    assert loaded["key"][:] == keys
    assert [Path(one["path"]).name for one in loaded["video"]] == [f"{key}.mp4" for key in keys]
    assert set(loaded["framing"]) <= {"full", "half"}


def test_a_sample_that_cannot_be_read_is_named_and_in_no_table(
    own_set: Path, tmp_path: Path, capsys: Any
) -> None:
    tar_in(own_set, "96x144/000000").write_bytes(b"")
    out = tmp_path / "labels"
    assert main(["labels", str(own_set), "--out", str(out), "--fps", "1", "--no-clips"]) == 3
    gone = {row.key for row in read_index(own_set).rows() if row.shard.startswith("shards/96x144/000000")}
    told = capsys.readouterr().out
    assert gone
    assert all(key in told for key in gone)
    named = {one["file_name"][:21] for one in json.loads((out / "labels.json").read_text())["images"]}
    assert named
    assert not named & gone
    assert not (out / "clips").exists()


def test_a_rate_that_does_not_divide_24_is_a_sentence(data_set: Path, tmp_path: Path, capsys: Any) -> None:
    assert main(["labels", str(data_set), "--out", str(tmp_path / "labels"), "--fps", "5"]) == 2
    assert "--fps 5: it has to divide 24" in capsys.readouterr().err
