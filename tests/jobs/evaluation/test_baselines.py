"""A baseline's films come from here: a tiny Wan-Animate, and prepared films; what cannot be used is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.cli import main
from jobs.evaluation.films import facts_of
from model.eval.wan_animate import WanAnimateSettings
from tests.jobs.evaluation.made_up import FRAMES, benchmark, moving, write
from tests.wan_animate import write_tiny_pipeline

QUICK = ("--strict", "--wan.steps", "1", "--wan.segment", "5")


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pipeline")
    write_tiny_pipeline(folder)
    return folder


def prepared(folder: Path, pair: str, faces: int = FRAMES) -> Path:
    """What Wan-Animate's preprocessing would leave of a pair."""
    write(folder / pair / "src_pose.mp4", moving(seed=3))
    square = moving(faces, seed=4)[:, :64, :64]
    write(folder / pair / "src_face.mp4", np.ascontiguousarray(square))
    return folder


def render(bench: Path, out: Path, *how: str) -> int:
    return int(main(["evaluate", "render", str(bench), "--out", str(out), *QUICK, *how]))


def test_films_of_a_baseline_are_made_and_the_same_again(
    pipeline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = benchmark(tmp_path, "a", "b", "c", kind="cross")
    ready = prepared(prepared(tmp_path / "ready", "a"), "c", FRAMES - 1)
    how = ("--baseline", str(pipeline), "--prepared", str(ready))
    for out in ("one", "two"):
        assert render(bench, tmp_path / out, *how) == 3
    told = capsys.readouterr().out.replace("\n", "")
    assert "missing: b: missing" in told
    assert (
        f"missing: c: not_comparable: {FRAMES} frames of src_pose.mp4, {FRAMES - 1} of src_face.mp4" in told
    )
    film = facts_of(tmp_path / "one" / "a.mp4")
    assert (film.num_frames, film.width, film.height, film.fps) == (FRAMES, 96, 64, 24.0)
    assert (tmp_path / "one" / "a.mp4").read_bytes() == (tmp_path / "two" / "a.mp4").read_bytes()
    assert render(bench, tmp_path / "other", *how, "--seed", "1") == 3
    assert (tmp_path / "other" / "a.mp4").read_bytes() != (tmp_path / "one" / "a.mp4").read_bytes()


def test_what_cannot_make_films_is_told_first(
    pipeline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench, cases = benchmark(tmp_path, "a", kind="cross"), list[tuple[list[Any], str]]()
    cases.append(([], "--run RUN, or --baseline PIPELINE"))
    cases.append((["--baseline", pipeline], "the folder of what was prepared"))
    cases.append((["--baseline", tmp_path, "--prepared", tmp_path], "no pipeline there"))
    cases.append((["--baseline", pipeline, "--run", tmp_path], "--run RUN, or --baseline PIPELINE"))
    for how, words in cases:
        assert render(bench, tmp_path / "out", *map(str, how)) == 2
        assert words in capsys.readouterr().err
        assert not (tmp_path / "out").exists()


def test_segments_are_of_4k_and_one_frames() -> None:
    with pytest.raises(ValueError, match="4k \\+ 1"):
        WanAnimateSettings(segment=76)
