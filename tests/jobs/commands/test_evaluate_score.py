"""`understudy evaluate score`: films of methods on disk, results that can be compared, and go on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from engine.ledger import Ledger
from jobs.cli import main
from jobs.evaluation import instruments
from jobs.evaluation.measured import FeatureRows, MeasuredFilm
from jobs.evaluation.outcome import FeatureFiles
from jobs.evaluation.scoring import FILMS
from tests.browser import answers
from tests.jobs.evaluation.made_up import FRAMES, benchmark, made, moving, write

PAIRS = ("a", "b")
NOISES = {"copy": 0.0, "good": 4.0, "bad": 40.0}
MORE_IS_BETTER = {"psnr": 1, "ssim_gauss_rgb": 1, "ssim_disco": 1, "vmaf": 1, "effnet_distance": -1}

TOLD = ("summary.json", "frames.parquet", "pairs.parquet", "index.html", "tables.tex")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench")
    benchmark(path, *PAIRS)
    return path


def score(folder: Path, out: Path, *films: str, more: tuple[str, ...] = ()) -> int:
    words = ["evaluate", "score", str(folder / "bench.json"), "--made", *films, "--out", str(out)]
    return int(main([*words, "--no-people", "--strict", *more]))


def summary(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "summary.json").read_text())
    return found


@pytest.fixture(scope="module")
def report(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of three methods."""
    out = tmp_path_factory.mktemp("report")
    assert score(folder, out, *(made(folder, name, PAIRS, noise) for name, noise in NOISES.items())) == 0
    return out


SORT = """(() => {
  const table = [...document.querySelectorAll("table")].find((one) => one.textContent.includes("ssim_disco"));
  const head = [...table.tHead.rows[0].cells].find((cell) => cell.textContent.startsWith("psnr"));
  const order = () => [...table.tBodies[0].rows].map((row) => row.cells[0].textContent).join(" ");
  head.click(); const up = order();
  head.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
  return [up, order()];
})()"""
PLAY = """(async () => {
  const group = document.querySelector(".pair"), films = [...group.querySelectorAll("video")];
  const ended = Promise.all(films.map((film) => new Promise((done) => film.addEventListener("ended", done))));
  group.querySelector("button").click();
  await ended;
  return [films.length, films.map((film) => film.error === null && film.videoWidth > 0),
          group.querySelector("img").naturalHeight, +group.querySelector("input").value > 0.5,
          getComputedStyle(group.querySelector(".cursor")).visibility];
})()"""


def test_the_page_loads_sorts_and_plays_in_a_browser_and_fetches_nothing(report: Path) -> None:
    (order, played), errors = answers(report / "index.html", [SORT, PLAY])
    assert errors == []
    assert order == ["bad good copy", "copy good bad"]
    assert played == [4, [True] * 4, 240, True, "visible"]
    assert (report / "index.html").stat().st_size < 20 * 2**20


def test_the_tables_are_told_in_latex(report: Path) -> None:
    text = (report / "tables.tex").read_text()
    assert r"ssim\_disco $\uparrow$" in text
    assert text.startswith("% manifest " + summary(report)["manifest_sha256"])
    assert "copy & 100.0000 & 1.0000 & 1.0000" in text
    assert r" & \scriptsize 100.0000 to 100.0000, $n$ = 2 & " in text
    assert r"\scriptsize withheld, $n$ = 12" in text


def test_a_copy_is_perfect_and_worse_ones_are_below(report: Path) -> None:
    methods = summary(report)["methods"]
    copy = methods["copy"]
    assert copy["psnr"]["value"] == 100.0
    assert copy["ssim_disco"]["value"] == pytest.approx(1.0)
    assert copy["effnet_distance"]["value"] == 0.0
    assert "12 rows of 16 features" in copy["effnet_frechet"]["withheld"]
    for metric, sign in MORE_IS_BETTER.items():
        values = [sign * methods[name][metric]["value"] for name in ("copy", "good", "bad")]
        assert values == sorted(values, reverse=True), metric
        assert values[1] - values[2] > 0.05, metric
    assert methods["driving"].keys() == {"flicker", "stillness_vbench", "dynamic_degree"}
    for name in ("frames.parquet", "pairs.parquet"):
        named = pq.read_schema(report / name).metadata[b"manifest_sha256"].decode()
        assert named == summary(report)["manifest_sha256"]
    frames = pq.read_table(report / "frames.parquet").to_pylist()
    shown = [row for row in frames if (row["method"], row["metric"], row["pair_id"]) == ("bad", "psnr", "b")]
    assert [row["frame"] for row in shown] == list(range(FRAMES))
    kept = pq.read_table(report / "pairs.parquet").to_pylist()
    values = [row["value"] for row in kept if (row["method"], row["metric"]) == ("bad", "psnr")]
    assert np.mean(values) == pytest.approx(methods["bad"]["psnr"]["value"])
    assert methods["bad"]["psnr"]["n"] == 2
    assert methods["bad"]["psnr"]["low"] == pytest.approx(min(values))
    assert summary(report)["lossy"]["bad"] == {"h264 yuv420p": 2}


def test_missing_and_broken_films_are_named_and_never_scored(
    folder: Path, tmp_path: Path, capfd: Any
) -> None:
    made(folder, "gaps", ("a",), 4.0)
    (folder / "gaps" / "b.mp4").write_text("no film")
    assert score(folder, tmp_path, f"gaps={folder / 'gaps'}") == 3
    found = summary(tmp_path)
    (row,) = found["missing"]
    assert (row["method"], row["pair_id"]) == ("gaps", "b")
    assert "invalid_data" in row["reason"]
    assert found["methods"]["gaps"]["psnr"]["n"] == 1
    assert found["methods"]["gaps"]["effnet_frechet"]["withheld"] == "1 pairs are missing"
    assert "missing: gaps, b" in capfd.readouterr().out
    (key,) = (row["key"] for table in Ledger(tmp_path).all_rejects(FILMS) for row in table.to_pylist())
    assert main(["replay", str(tmp_path), key]) == 1
    assert "rejected again: invalid_data" in capfd.readouterr().out
    (folder / "none").mkdir()
    assert score(folder, tmp_path, f"none={folder / 'none'}") == 3
    output = capfd.readouterr().out
    assert "no film of it could be measured" in output
    assert f"missing: none, a: missing: {folder / 'none'}: no film called a" in output.replace("\n", "")


def test_films_that_cannot_be_compared_say_why(folder: Path, tmp_path: Path) -> None:
    for name, frames in {"short": moving(FRAMES - 1), "large": np.repeat(moving(), 2, axis=1)}.items():
        for pair in PAIRS:
            write(folder / name / f"{pair}.mp4", frames)
    table = folder / "slow.csv"
    table.write_text("pair_id,result,fps\na,true/a.mp4,12\nb,true/b.mp4,24\n")
    films = [f"{name}={folder / name}" for name in ("short", "large")]
    assert score(folder, tmp_path, *films, f"slow={table}") == 3
    why = {(row["method"], row["pair_id"]): row["reason"] for row in summary(tmp_path)["missing"]}
    assert "differ in length: the made one ends after 5 frames" in why["short", "a"]
    assert "differ in size: 96x128 and 96x64 px; understudy evaluate manifest --resize" in why["large", "a"]
    assert "differ in rate: 12 and 24 frames a second" in why["slow", "a"]
    assert ("slow", "b") not in why


def test_two_runs_give_the_same_bytes_and_a_third_measures_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = made(folder, "good", PAIRS, 4.0)
    one, two = tmp_path / "one", tmp_path / "two"
    assert score(folder, one, film) == score(folder, two, film) == 0
    before = {name: (one / name).read_bytes() for name in TOLD}
    assert before == {name: (two / name).read_bytes() for name in TOLD}
    monkeypatch.setattr(instruments.Instruments, "measured", None)
    (one / "summary.json").unlink()
    assert score(folder, one, film) == 0
    assert before == {name: (one / name).read_bytes() for name in TOLD}


def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = made(folder, "good", PAIRS, 4.0)
    assert score(folder, tmp_path / "whole", film) == 0
    inner, calls = instruments.Instruments.measured, []

    def killed(self: Any, *args: Any) -> Any:
        calls.append(args)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return inner(self, *args)

    monkeypatch.setattr(instruments.Instruments, "measured", killed)
    assert score(folder, tmp_path / "out", film) == 130
    assert not (tmp_path / "out" / "summary.json").exists()
    assert score(folder, tmp_path / "out", film) == 0
    assert len(calls) == 5, "three were measured before, the fourth and no other is measured again"
    for name in TOLD:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_cross_driven_pair_has_no_truth_and_no_numbers_of_one(tmp_path: Path) -> None:
    benchmark(tmp_path, "a", kind="cross")
    write(tmp_path / "short" / "a.mp4", moving(FRAMES - 1))
    films = (made(tmp_path, "good", ("a",), 4.0), f"short={tmp_path / 'short'}")
    assert score(tmp_path, tmp_path / "out", *films) == 3
    (missing,) = summary(tmp_path / "out")["missing"]
    assert missing["reason"] == "not_comparable: the films differ in length: 5 and 6 frames"
    found = summary(tmp_path / "out")["methods"]["good"]
    assert "psnr" not in found
    assert "dynamic_degree" in found
    assert "effnet_frechet" not in found


def test_what_cannot_be_used_is_told_before_anything_is_measured(
    folder: Path, tmp_path: Path, capsys: Any
) -> None:
    film = made(folder, "good", PAIRS, 4.0)
    (tmp_path / "file").touch()
    assert score(folder, tmp_path / "file", film) == 2
    assert "file: a file; --out names a folder" in capsys.readouterr().err
    weights = tmp_path / "i3d.pt"
    weights.write_bytes(b"weights")
    assert score(folder, tmp_path / "out", film, more=("--weights.i3d", str(weights))) == 2
    assert "--weights.i3d: the manifest names no such file" in capsys.readouterr().err
    os.mkfifo(tmp_path / "pipe.json")
    assert (
        main(["evaluate", "score", str(tmp_path / "pipe.json"), "--made", film, "--out", str(tmp_path / "o")])
        == 2
    )
    assert "a FIFO; only regular files are read" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_features_are_on_the_disk_and_not_in_memory(tmp_path: Path) -> None:
    files = FeatureFiles(tmp_path)
    assert files.rows("x", "i3d") is None
    for start in (0, 3):
        rows = np.arange(start, start + 3, dtype=np.float32)[:, None] * np.ones(4, np.float32)
        told: dict[str, Any] = {
            "key": "x/a",
            "uri": "",
            "method": "x",
            "pair_id": "a",
            "loss": "",
            "curves": (),
            "numbers": {},
        }
        files.add(MeasuredFilm(**told, features=(FeatureRows(name="i3d", rows=rows),)))
    found = files.rows("x", "i3d")
    assert isinstance(found, np.memmap)
    assert found[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
