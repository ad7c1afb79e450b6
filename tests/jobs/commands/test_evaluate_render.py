"""`understudy evaluate render`: films by a run of seconds, made once, and again where one is gone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import pytest

from jobs.cli import main
from jobs.evaluation import rendering
from jobs.evaluation.films import facts_of
from tests.films import ffmpeg

QUICK = (
    "--sampler.steps",
    "1",
    *(f"--sampler.{weight}=1" for weight in ("references", "pose", "face")),
    "--strict",
)


@pytest.fixture(scope="module")
def bench(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A man who drives a picture of another, and one in whose picture nobody is."""
    folder = tmp_path_factory.mktemp("bench")
    ffmpeg("-i", corpus / "clips" / "talk_07_grid_man.mpg", "-t", 1.2, "-r", 24, "-an", folder / "man.mp4")
    images = corpus / "images"
    rows = [f"a,cross,man.mp4,{images / 'img_08_man_portrait.jpg'}"]
    rows.append(f"b,cross,man.mp4,{images / 'img_12_hats_no_person.png'}")
    (folder / "films.csv").write_text("pair_id,kind,driving,reference\n" + "\n".join(rows))
    table = ["--table", str(folder / "films.csv"), "--out", str(folder / "bench.json")]
    assert main(["evaluate", "manifest", *table]) == 0
    return folder / "bench.json"


def render(bench: Path, run: Path, out: Path, *more: str) -> int:
    return int(main(["evaluate", "render", str(bench), "--run", str(run), "--out", str(out), *QUICK, *more]))


def test_films_are_made_once_and_what_cannot_be_made_is_named(
    bench: Path, short_run: Path, tmp_path: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert render(bench, short_run, tmp_path) == 3
    output = capfd.readouterr().out.replace("\n", "")
    assert "missing: b: nobody" in output
    assert "understudy evaluate score" in output
    assert main(["replay", str(tmp_path), "b"]) == 1
    assert "rejected again: nobody" in capfd.readouterr().out
    film = tmp_path / "a.mp4"
    video, before = facts_of(film), film.read_bytes()
    assert (video.num_frames, video.fps) == (29, 24.0)
    assert not (tmp_path / "b.mp4").exists()
    made, inner = [], rendering.performed

    def counted(*args: Any, **more: Any) -> Any:
        made.append(args[1].name)
        return inner(*args, **more)

    monkeypatch.setattr(rendering, "performed", counted)
    assert render(bench, short_run, tmp_path) == 3
    assert made == []
    assert render(bench, short_run, tmp_path, "--seed", "1") == 2
    told = capfd.readouterr()
    assert "--seed: 0 before, 1 now" in told.out
    assert "--redo makes 2 laps again" in told.err
    assert film.read_bytes() == before
    film.unlink()
    assert render(bench, short_run, tmp_path) == 3
    assert len(made) == 1
    assert film.read_bytes() == before
    assert render(bench, short_run, tmp_path / "other", "--seed", "1") == 3
    assert (tmp_path / "other" / "a.mp4").read_bytes() != before


def test_a_run_that_is_none_is_told_first(bench: Path, tmp_path: Path, capsys: Any) -> None:
    assert render(bench, tmp_path / "nowhere", tmp_path / "out") == 2
    assert "nowhere: no checkpoint of a run there" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_film_has_the_canvas_of_its_pair(
    bench: Path, short_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Films of the run's own choice would be larger, and of another shape."""
    picture = cv2.imread(str(bench.parent / json.loads(bench.read_text())["pairs"][0]["reference"]["uri"]))
    cv2.imwrite(str(tmp_path / "small.png"), cv2.resize(picture, (80, 96), interpolation=cv2.INTER_AREA))
    (tmp_path / "films.csv").write_text(
        f"pair_id,kind,driving,reference\na,cross,{bench.parent / 'man.mp4'},small.png\n"
    )
    table = ["--table", str(tmp_path / "films.csv"), "--out", str(tmp_path / "bench.json")]
    assert main(["evaluate", "manifest", *table]) == 0
    assert render(tmp_path / "bench.json", short_run, tmp_path / "out") == 0
    film = facts_of(tmp_path / "out" / "a.mp4")
    assert (film.width, film.height) == (80, 96)
