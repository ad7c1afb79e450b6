"""The smallest files that once stopped a job: read or rejected, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from media.clock import num_ticks
from media.decode import decode
from tests.films import probed
from tests.rejected import reason_of

READ = {
    "decord_aborts__hevc.mp4": 48,
    "decord_aborts__sample_count_7fffffff.mp4": 48,
    "decord_cannot_open__av_can.mp4": 48,
    "decord_ends_early__stop_iteration.mp4": 48,
    "title_in_latin1.avi": 49,
    "title_in_latin1.mp4": 48,
}
REJECTED = {"sample_table_of_20_million__743_MB.mp4": "oversized_tables"}


def test_every_video_has_a_fate(hostile: Path) -> None:
    assert {path.name for path in hostile.glob("*.[am][vp]*")} == {*READ, *REJECTED}


@pytest.mark.parametrize("name", READ)
def test_what_is_read_whole(hostile: Path, name: str) -> None:
    video = probed(hostile / name)
    frames = np.concatenate(list(decode(video, 0, num_ticks(video.duration_s), window=16)))
    assert (video.num_frames, len(frames)) == (50, READ[name])
    assert frames.std() > 20  # a picture


@pytest.mark.parametrize("name", REJECTED)
def test_what_is_rejected(hostile: Path, name: str) -> None:
    assert reason_of(lambda: probed(hostile / name)) == REJECTED[name]
