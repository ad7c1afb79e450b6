"""A real film made worse in eight ways: each is seen by the metric that should see it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from jobs.cli import main
from jobs.evaluation.films import Pictures, facts_of, pictures_of
from tests.films import ffmpeg
from tests.jobs.evaluation.made_up import write

pytestmark = pytest.mark.long  # known answers of each metric are in tests/model/eval
FRAMES = 3


def noisy(film: Pictures, _: Pictures) -> Pictures:
    noise = np.random.default_rng(1).normal(0, 12, film.shape)
    return np.asarray(np.clip(film + noise, 0, 255), np.uint8)


def blurred(film: Pictures, _: Pictures) -> Pictures:
    return np.stack([cv2.GaussianBlur(frame, (0, 0), 3) for frame in film])


def brighter(film: Pictures, _: Pictures) -> Pictures:
    steps = np.array([0, 40] * FRAMES)[: len(film), None, None, None]
    return np.asarray(np.clip(film.astype(int) + steps, 0, 255), np.uint8)


def frozen(film: Pictures, _: Pictures) -> Pictures:
    return np.repeat(film[:1], len(film), axis=0)


def tilted(film: Pictures, _: Pictures) -> Pictures:
    height, width = film.shape[1:3]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 12, 1)
    return np.stack([cv2.warpAffine(frame, turn, (width, height)) for frame in film])


def moved(film: Pictures, _: Pictures) -> Pictures:
    return np.roll(film, film.shape[2] // 8, axis=2)


def somebody_else(_: Pictures, other: Pictures) -> Pictures:
    return other


def faceless(film: Pictures, _: Pictures) -> Pictures:
    covered = film.copy()
    covered[:, : film.shape[1] * 3 // 4] = 90
    return covered


WORSE: dict[str, tuple[Any, str, int]] = {
    "noisy": (noisy, "psnr", -1),
    "blurred": (blurred, "vmaf", -1),
    "brighter": (brighter, "flicker", 1),
    "frozen": (frozen, "dynamic_degree", -1),
    "tilted": (tilted, "head_pose_deg", 1),
    "moved": (moved, "joints_torso", 1),
    "somebody_else": (somebody_else, "csim_dlib", -1),
    "faceless": (faceless, "face_missing", 1),
}
"""What is done, the metric that sees it, and whether it grows."""


def frames(path: Path) -> Pictures:
    return np.stack(list(pictures_of(facts_of(path))))


@pytest.fixture(scope="module")
def values(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, float]]:
    """By method and metric."""
    folder = tmp_path_factory.mktemp("worse")
    for name, clip in {"man": "half_04_tv_host.mp4", "woman": "half_05_sign_football.mp4"}.items():
        cut = ("-r", 24, "-frames:v", FRAMES, "-vf", "scale=480:360,setsar=1", "-an", "-crf", 5)
        ffmpeg("-ss", 1, "-i", corpus / "clips" / clip, *cut, folder / f"{name}.mp4")
    ffmpeg("-i", folder / "man.mp4", "-frames:v", 1, folder / "man.png")
    man, woman = frames(folder / "man.mp4"), frames(folder / "woman.mp4")
    (folder / "films.csv").write_text("pair_id,driving,reference\na,man.mp4,man.png\n")
    bench = str(folder / "bench.json")
    assert main(["evaluate", "manifest", "--table", str(folder / "films.csv"), "--out", bench]) == 0
    (folder / "copy").mkdir()
    shutil.copy(folder / "man.mp4", folder / "copy" / "a.mp4")
    for name, (worse, _, _) in WORSE.items():
        write(folder / name / "a.mp4", worse(man, woman))
    films = [f"{name}={folder / name}" for name in ("copy", *WORSE)]
    out = folder / "report"
    assert main(["evaluate", "score", bench, "--made", *films, "--out", str(out), "--strict"]) == 0
    found: dict[str, dict[str, float]] = {}
    for row in pq.read_table(out / "pairs.parquet").to_pylist():
        found.setdefault(row["method"], {})[row["metric"]] = row["value"]
    return found


def test_a_copied_film_is_perfect(values: dict[str, dict[str, float]]) -> None:
    copy = values["copy"]
    zero = (
        "face_missing",
        "head_pose_deg",
        "joints_torso",
        "joints_missing",
        "limbs_deg",
        "expression",
        "eyes",
    )
    assert {name: copy[name] for name in zero} == pytest.approx(dict.fromkeys(zero, 0.0), abs=1e-3)
    assert (copy["pck_10"], copy["pck_20"], copy["psnr"], copy["effnet_distance"]) == (1.0, 1.0, 100.0, 0.0)
    assert copy["csim_dlib"] == values["driving"]["csim_dlib"] > 0.97


@pytest.mark.parametrize("worse", WORSE)
def test_what_is_made_worse_is_seen_by_its_metric(values: dict[str, dict[str, float]], worse: str) -> None:
    _, metric, sign = WORSE[worse]
    assert sign * values[worse][metric] > sign * values["copy"][metric] + 1e-3


def test_a_tilt_is_as_many_degrees_and_a_shift_as_many_torsos(values: dict[str, dict[str, float]]) -> None:
    assert values["tilted"]["head_pose_deg"] == pytest.approx(12, abs=3)
    assert values["tilted"]["limbs_deg"] > 5
    assert values["moved"]["limbs_deg"] < 8
    assert values["somebody_else"]["csim_dlib"] < 0.9
    assert values["frozen"]["stillness_vbench"] > values["copy"]["stillness_vbench"]
    assert values["faceless"].get("csim_dlib") is None, "a missing face is not a face that is unlike"
