"""Clocks that leap on the way: the parts of a joined broadcast go on one after the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from media.decode import decode, decode_frames
from pipeline.shots.scan import SplitSettings
from pipeline.stages.split import scan_pictures, shots
from tests.films import X264, film, numbered, numbers, probed

SOUND = ("-f", "lavfi", "-i", "sine=d=1", "-c:a", "mp2")


def joined(folder: Path, *begins_s: float) -> Path:
    """Films of a second, numbered on, each beginning at its own time, one behind the other in a file."""
    path = folder / "joined.ts"
    with path.open("wb") as file:
        for place, begin_s in enumerate(begins_s):
            how = ("-g", 12, "-output_ts_offset", begin_s, "-mpegts_flags", "initial_discontinuity")
            part = film(folder / f"{place}.ts", numbered(24 * (place + 1))[-24:], *SOUND, *X264, *how)
            file.write(part.read_bytes())
    return path


@pytest.mark.parametrize("begins_s", [(1, 5000), (5000, 1), (100, 99), (30, 60, 30)])
def test_pictures_go_on_over_a_leap(tmp_path: Path, begins_s: tuple[float, ...]) -> None:
    video = probed(joined(tmp_path, *begins_s))
    count = 24 * len(begins_s)
    assert video.num_frames == count
    assert video.duration_s == pytest.approx(count / 24, abs=0.02)
    assert video.leaps
    assert not video.has_audio
    (frames,) = decode(video, 0, count, window=count)
    assert numbers(frames) == list(range(count))
    assert numbers(decode_frames(video, [count - 1, 20])) == [count - 1, 20]


def test_a_clock_without_leaps_keeps_its_times(tmp_path: Path) -> None:
    video = probed(joined(tmp_path, 1, 4))
    assert not video.leaps
    assert video.has_audio
    assert video.duration_s == pytest.approx(4, abs=0.02)
    (frames,) = decode(video, 0, 96, window=96)
    assert numbers(frames) == [*range(24), *[23] * 48, *range(24, 48)], "what is shown stays for two seconds"


def test_a_gap_of_other_containers_is_a_still_of_its_own(tmp_path: Path) -> None:
    later = ("-vf", "setpts='if(gte(N,30),PTS+40/TB,PTS)'", "-fps_mode", "passthrough", *X264)
    video = probed(film(tmp_path / "a.mkv", numbered(60), *later))
    found = scan_pictures(video, SplitSettings())
    assert list(shots(video, found, max_still_s=0.75)) == [(0, 29), (29, 990), (990, 1020)]
