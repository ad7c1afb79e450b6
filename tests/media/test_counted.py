"""H.264 with B-frames in AVI, which tells no times of showing: picture i is at tick i, from any point."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from media.clock import num_ticks
from media.counted import is_counted
from media.decode import decode, decode_frames
from schemas.media import Probed
from tests.films import X264, film, numbered, numbers, probed

B_FRAMES = (*X264, "-bf", "3", "-g", "48", "-x264-params", "cpu-independent=1:b-adapt=0:open-gop=0")


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Probed:
    return probed(film(tmp_path_factory.mktemp("avi") / "a.avi", numbered(200), *B_FRAMES))


def test_all_pictures_come_in_their_order(video: Probed) -> None:
    assert (video.num_frames, video.fps) == (200, 24.0)
    assert video.duration_s == pytest.approx(200 / 24)
    (frames,) = decode(video, 0, num_ticks(video.duration_s), window=200)
    assert numbers(frames) == list(range(200))


@pytest.mark.parametrize("first", [3, 50, 140, 199])
def test_a_stretch_is_the_same_from_wherever_it_is_read(video: Probed, first: int) -> None:
    assert numbers(decode_frames(video, [first])) == [first]


def test_pictures_that_lean_across_key_pictures_are_counted_from_the_start(tmp_path: Path) -> None:
    lean = (*X264, "-bf", "3", "-g", "24", "-x264-params", "cpu-independent=1:b-adapt=0:open-gop=1")
    video = probed(film(tmp_path / "open.avi", numbered(150), *lean))
    assert numbers(decode_frames(video, [10, 100, 149])) == [10, 100, 149]


def test_other_containers_say_when_pictures_are_shown() -> None:
    assert is_counted("avi", "h264")
    assert not is_counted("avi", "mpeg4")
    assert not is_counted("mov,mp4,m4a,3gp,3g2,mj2", "h264")


def test_real_files_of_that_kind_are_read(shared: Path) -> None:
    cases = sorted((shared / "cases").glob("h264_bframes_in_avi*"))
    assert len(cases) == 2
    for case in cases:
        video = probed(case)
        first, middle = decode_frames(video, [0, 20])
        assert np.abs(first.astype(int) - middle).mean() > 0.1
