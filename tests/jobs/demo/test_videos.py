from __future__ import annotations

from pathlib import Path

from jobs.demo.videos import SIZE, write_demo_videos
from tests.films import probed


def test_the_demo_films_photographs_that_packages_bring(tmp_path: Path) -> None:
    write_demo_videos(tmp_path)
    seconds = {path.name: probed(path).duration_s for path in tmp_path.iterdir()}
    assert seconds == {"admiral and cameraman.mp4": 6, "astronaut.mp4": 6, "coffee.mp4": 3, "together.mp4": 3}
    assert (probed(tmp_path / "together.mp4").width, probed(tmp_path / "together.mp4").height) == SIZE
