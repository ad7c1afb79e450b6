"""What a method made, opened: a film with its rate, or pictures that are its frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jobs.evaluation.opened import opened_film
from jobs.evaluation.results import MadeResult
from schemas.outcome import Rejected
from tests.jobs.evaluation.made_up import moving, write


def pictures_in(folder: Path, frames: np.ndarray, suffix: str = "png") -> MadeResult:
    paths = [folder / f"a_{number:04d}.{suffix}" for number in range(len(frames))]
    for path, frame in zip(paths, frames, strict=True):
        Image.fromarray(frame).save(path)
    return MadeResult(path=paths[0], pictures=tuple(paths))


def test_pictures_are_the_film_that_they_are_frames_of(tmp_path: Path) -> None:
    truth = moving(3)
    film = opened_film(pictures_in(tmp_path, truth), fps=25.0)
    assert (film.width, film.height, film.fps, film.loss) == (96, 64, 25.0, "")
    np.testing.assert_array_equal(np.stack(list(film.pictures())), truth)
    assert next(film.pictures((48, 32))).shape == (32, 48, 3)
    assert opened_film(pictures_in(tmp_path, truth, "jpg"), fps=25.0).loss == "jpg"


def test_a_film_has_the_rate_of_its_file_unless_its_method_says_another(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", moving(3))
    film = opened_film(MadeResult(path=path, start=1), fps=30.0)
    assert (film.fps, film.loss[:4]) == (24.0, "h264")
    assert len(list(film.pictures())) == 2
    assert opened_film(MadeResult(path=path, fps=30.0), fps=24.0).fps == 30.0


def test_a_picture_that_is_none_or_of_another_size_is_named(tmp_path: Path) -> None:
    made = pictures_in(tmp_path, moving(3))
    Image.new("RGB", (48, 64)).save(made.pictures[1])
    with pytest.raises(Rejected, match=r"a_0001.png: 48x64 px, not as the first"):
        list(opened_film(made, fps=24.0).pictures())
    made.pictures[1].write_text("no picture")
    with pytest.raises(Rejected, match=r"a_0001.png: "):
        list(opened_film(made, fps=24.0).pictures())
