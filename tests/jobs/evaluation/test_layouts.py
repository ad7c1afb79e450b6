"""Films as other systems leave them, scored: each adapter finds its film, its first frame and its column."""

from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from PIL import Image

from jobs.cli import main
from jobs.evaluation import films
from jobs.evaluation.layouts import LAYOUTS
from jobs.evaluation.manifest import read_benchmark
from media import pictures
from schemas.media import Probed
from tests.jobs.evaluation.made_up import FRAMES, benchmark, moving, write
from tests.jobs.evaluation.test_results import DRV, NAMES, REF

OTHER = moving(FRAMES, seed=99)
"""What stands in the other columns of a grid, and before a film's first frame."""


def grid(*columns: np.ndarray) -> np.ndarray:
    return np.concatenate(columns, axis=2)


def left_by(ref: str, drv: str, truth: np.ndarray) -> dict[str, tuple[str, np.ndarray]]:
    """By system: the name of its file and its pictures, as its own code leaves them."""
    late = np.concatenate([OTHER[:1], truth])
    pictures = {
        "xportrait": grid(truth, OTHER, OTHER),
        "animate_anyone": grid(OTHER, OTHER, truth),
        "mimicmotion": late,
        "dispose": late,
    }
    named = {system: name.replace(f"{REF}a", ref).replace(f"{DRV}a", drv) for system, name in NAMES.items()}
    return {system: (name, pictures.get(system, truth)) for system, name in named.items()}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A benchmark of one pair, and beside it a folder for each system."""
    path = benchmark(tmp_path_factory.mktemp("systems"), "a")
    (pair,) = read_benchmark(path).manifest.pairs
    ref, drv = Path(pair.reference.uri).stem, Path(pair.driving.uri).stem
    for system, (name, film) in left_by(ref, drv, moving(seed=0)).items():
        write(path.parent / system / name, film)
    write(path.parent / "liveportrait" / f"{ref}--{drv}_concat.mp4", grid(OTHER, OTHER, OTHER))
    write(path.parent / "champ" / "a-2026-01-02T03-04-05" / "grid.mp4", OTHER)
    (path.parent / "disco").mkdir()
    for number, picture in enumerate(moving(seed=0)):
        Image.fromarray(picture).save(path.parent / "disco" / f"{drv}_{number + 7:04d}.png")
    return path


def test_the_film_of_each_system_is_found_and_is_the_truth(bench: Path) -> None:
    out, decoded = bench.parent / "report", list[str]()

    def counted(video: Probed) -> object:
        decoded.append(video.source.uri)
        return pictures.all_of(video)

    made = [f"{system}={bench.parent / system}" for system in LAYOUTS]
    layouts = [f"{system}={system}" for system in LAYOUTS]
    words = ["--made", *made, "--layouts", *layouts, "--out", str(out), "--no-people", "--strict"]
    with patch.object(films, "all_of", counted), patch("jobs.evaluation.pair_films.MOST_PAIRS", 0):
        assert main(["evaluate", "score", str(bench), *words]) == 0
    methods = json.loads((out / "summary.json").read_text())["methods"]
    assert methods.keys() == LAYOUTS.keys() | {"driving"}
    for system in LAYOUTS:
        assert methods[system]["psnr"]["value"] > 30, f"{system}: another frame or column has less than 20 dB"
    of_systems = [uri for uri in decoded if "bench.files" not in uri]
    assert len(of_systems) == len(set(of_systems)) == len(LAYOUTS) - 1, "each film is decoded once"
    assert len(decoded) - len(of_systems) == len(LAYOUTS) + 1, "a driving film alone, and beside each film"
