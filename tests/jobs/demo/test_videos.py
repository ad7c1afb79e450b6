from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from jobs.demo import videos
from jobs.demo.videos import FIGURE, SIZE, SPEAKER, write_demo_videos
from schemas.licences import usage_of
from tests.films import probed


def test_the_demo_films_photographs_that_packages_bring_and_a_speaker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, take in {"SPEAKER": SPEAKER, "FIGURE": FIGURE}.items():
        small = replace(take, num_frames=12, width=120, height=160, sharpness=1)
        monkeypatch.setattr(videos, name, small)
    manifest = write_demo_videos(tmp_path)
    films = sorted(tmp_path.glob("*.mp4"))
    person = cv2.imread(str(tmp_path / "person.png"))
    assert person is not None
    assert person.shape == (512, 512, 3)
    seconds = {path.name: probed(path).duration_s for path in films}
    assert seconds == {
        "admiral and cameraman.mp4": 6,
        "astronaut.mp4": 4,
        "coffee.mp4": 2,
        "figure.mp4": 0.5,
        "speaker.mp4": 0.5,
        "together.mp4": 2,
    }
    assert [path.name for path in films if probed(path).has_audio] == ["speaker.mp4"]
    assert (probed(tmp_path / "together.mp4").width, probed(tmp_path / "together.mp4").height) == SIZE
    rows = list(csv.DictReader(manifest.read_text().splitlines()))
    assert sorted(row["uri"] for row in rows) == [path.name for path in films]
    assert {usage_of(row["licence"]) for row in rows} == {"commercial"}
