"""`understudy nersemble`: a manifest that `curate` takes."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.cli import main
from pipeline.corpora.nersemble.layout import FRONTAL, SERIALS
from pipeline.stages.corpus import list_corpus
from schemas.licences import usage_of
from tests.nersemble import SIZE, write_take

FEW = (SERIALS[7], FRONTAL, SERIALS[9])


def noise(serial: str) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(SERIALS.index(serial))
    return np.kron(rng.integers(60, 200, (12, 11, 16, 3), np.uint8), np.ones((1, 20, 20, 1), np.uint8))[
        :, : SIZE[1], : SIZE[0]
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_take(tmp_path / "data", noise, version=2, serials=FEW, sequence="EXP-3-cheeks+nose")


def test_the_manifest_is_one_of_ours(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["nersemble", str(folder), "--out", str(out)]) == 0
    assert "3 videos: 3 to be learned, 0 for looks alone" in capsys.readouterr().out
    rows = list_corpus(out / "manifest.csv")
    assert all(Path(row.uri).exists() for row in rows)
    assert {row.origin.camera for row in rows} == set(FEW)
    assert {row.origin.take for row in rows} == {"nersemble/017/EXP-3-cheeks+nose"}
    assert {row.origin.subject for row in rows} == {"nersemble/017"}
    assert {row.origin.extra["part"] for row in rows} == {"target"}
    assert all(row.origin.lens for row in rows)
    assert {usage_of(row.origin.licence) for row in rows} == {"research"}
    before = (out / "manifest.csv").read_bytes()
    assert main(["nersemble", str(folder), "--out", str(out)]) == 0
    assert (out / "manifest.csv").read_bytes() == before


def test_a_missing_camera_is_named_and_the_code_says_so(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "017" / "sequences" / "EXP-3-cheeks+nose" / "images" / f"cam_{FEW[0]}.mp4").unlink()
    assert main(["nersemble", str(folder), "--out", str(tmp_path / "out")]) == 3
    assert f"cam_{FEW[0]}: missing: camera {FEW[0]} of" in capsys.readouterr().out.replace("\n", "")
    with (tmp_path / "out" / "rejects.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["reason"] == "missing"


def test_a_folder_without_takes_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nersemble", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "no take of NeRSemble there" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_takes_of_which_nothing_can_be_used_are_one_too(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "017" / "calibration" / "camera_params.json").unlink()
    assert main(["nersemble", str(folder), "--out", str(tmp_path / "out")]) == 2
    assert "no camera of 1 takes can be used" in capsys.readouterr().err
