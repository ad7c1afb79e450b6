"""`understudy evaluate`: films on disk, a table of pairs, results that can be compared."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from jobs import cli
from media.encode import VideoSettings, write_video


def moving(frames: int, noise: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(7)
    picture = np.kron(rng.integers(0, 256, (8, 12, 3)), np.ones((8, 8, 1), int))
    film = np.stack([np.roll(picture, 2 * t, axis=1) for t in range(frames)]).astype(float)
    return np.clip(film + noise * rng.normal(size=film.shape), 0, 255).astype(np.uint8)


@pytest.fixture
def films(tmp_path: Path) -> Path:
    for name, frames in {"truth": moving(20), "good": moving(20, 4.0), "bad": moving(20, 40.0)}.items():
        write_video(tmp_path / f"{name}.mp4", [frames], VideoSettings(crf=5))
    (tmp_path / "text.mp4").write_text("no film")
    return tmp_path


def run(films: Path, out: str, *rows: tuple[str, str, str, str]) -> tuple[int, dict[str, Any]]:
    table = films / "pairs.csv"
    table.write_text("pair_id,method,made,truth\n" + "".join(",".join(row) + "\n" for row in rows))
    code = cli.main(["evaluate", str(table), "--out", str(films / out)])
    return code, json.loads((films / out / "summary.json").read_text())


def test_a_copy_is_perfect_and_worse_films_are_ranked_below_it(films: Path, capsys: Any) -> None:
    rows = [("a", name, f"{name}.mp4", "truth.mp4") for name in ("truth", "good", "bad")]
    code, summary = run(films, "out", *rows)
    assert code == 0
    methods = summary["methods"]
    assert methods["truth"]["psnr"]["value"] == 100.0
    assert methods["truth"]["ssim_disco"]["value"] == pytest.approx(1.0)
    for metric in ("psnr", "ssim_gauss_rgb", "ssim_disco"):
        values = [methods[name][metric]["value"] for name in ("truth", "good", "bad")]
        assert values == sorted(values, reverse=True), metric
        assert values[1] - values[2] > 0.05, metric
    frames = pq.read_table(films / "out" / "frames.parquet").to_pylist()
    assert len(frames) == 3 * 3 * 20
    kept = pq.read_table(films / "out" / "pairs.parquet").to_pylist()
    pairs = {(row["method"], row["metric"]): row["value"] for row in kept}
    assert pairs["bad", "psnr"] == methods["bad"]["psnr"]["value"]
    assert "ssim_gauss_rgb" in capsys.readouterr().out


def test_missing_and_broken_films_are_named_and_never_scored(films: Path, capsys: Any) -> None:
    code, summary = run(
        films,
        "out",
        ("a", "ours", "good.mp4", "truth.mp4"),
        ("b", "ours", "text.mp4", "truth.mp4"),
        ("c", "ours", "nowhere.mp4", "truth.mp4"),
    )
    assert code == 3
    assert {row["pair_id"] for row in summary["missing"]} == {"b", "c"}
    assert all(row["reason"] for row in summary["missing"])
    assert summary["methods"]["ours"]["psnr"]["n"] == 1
    assert "missing: ours, c" in capsys.readouterr().out


def test_the_same_films_give_the_same_bytes(films: Path) -> None:
    row = ("a", "ours", "good.mp4", "truth.mp4")
    run(films, "one", row)
    run(films, "two", row)
    for name in ("summary.json", "frames.parquet", "pairs.parquet"):
        assert (films / "one" / name).read_bytes() == (films / "two" / name).read_bytes()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("pair_id,method,made\na,b,c\n", "every row needs the columns pair_id, method, made, truth"),
        ("pair_id,method,made,truth\n", "every row needs the columns"),
        ("pair_id,method,made,truth\na,m,x,y\na,m,x,y\n", "a method has a pair twice"),
        (f"pair_id,method,made,truth\na,m,x,{'y' * 200_000}\n", "no table of pairs (field larger than"),
    ],
)
def test_a_table_that_says_nothing_is_refused(films: Path, table: str, words: str, capsys: Any) -> None:
    (films / "pairs.csv").write_text(table)
    assert cli.main(["evaluate", str(films / "pairs.csv"), "--out", str(films / "out")]) == 2
    assert words in capsys.readouterr().err
    assert not (films / "out").exists()


def test_a_pipe_in_place_of_a_table_is_not_waited_for(films: Path, capsys: Any) -> None:
    os.mkfifo(films / "pipe.csv")
    assert cli.main(["evaluate", str(films / "pipe.csv"), "--out", str(films / "out")]) != 0
    assert "a FIFO; only regular files are read" in capsys.readouterr().err
    assert not (films / "out").exists()
