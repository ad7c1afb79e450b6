"""Damage is noticed where it is decoded, and pictures come scaled, turned and in order."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from media.decode import decode, decode_frames
from media.pictures import small_pictures, timed
from schemas.outcome import Rejected
from tests.films import HEIGHT, WIDTH, X264, ffmpeg, film, numbered, numbers, probed

MPEG2 = ("-c:v", "mpeg2video", "-g", "12", "-q:v", "3")


def reason_of(path: Path) -> str:
    with pytest.raises(Rejected) as no:
        for _ in small_pictures(probed(path), max_height=HEIGHT):
            pass
    return no.value.reason


def test_every_picture_comes_once_with_its_time(tmp_path: Path) -> None:
    video = probed(film(tmp_path / "a.mp4", numbered(50), fps=50))
    times, found = zip(*small_pictures(video, max_height=HEIGHT), strict=True)
    assert numbers(np.array(found)) == list(range(50))
    assert list(times) == [Fraction(k, 50) for k in range(50)]


def test_pictures_are_scaled_down_and_never_up(tmp_path: Path) -> None:
    film(tmp_path / "stored.mp4", numbered(4))
    ffmpeg("-display_rotation", 90, "-i", tmp_path / "stored.mp4", "-c", "copy", tmp_path / "turned.mp4")
    video = probed(tmp_path / "turned.mp4")
    assert next(small_pictures(video, max_height=80))[1].shape == (80, 48, 3)
    assert next(small_pictures(video, max_height=500))[1].shape == (WIDTH, HEIGHT, 3)


def test_flipped_bytes_among_the_pictures(tmp_path: Path) -> None:
    """One in the middle of each: a single one may by chance lead to another valid picture."""
    path = film(tmp_path / "a.mp4", numbered(60), "-vf", "noise=alls=40:allf=t", *X264)
    with av.open(str(path)) as container:
        middles = [packet.pos + packet.size // 2 for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    for middle in middles:
        data[middle] ^= 0x55
    path.write_bytes(data)
    assert len(middles) == 60
    assert reason_of(path) == "undecodable"


def test_a_size_that_changes_on_the_way(tmp_path: Path) -> None:
    film(tmp_path / "large.ts", numbered(24), *MPEG2)
    film(tmp_path / "small.ts", numbered(24)[:, ::2, ::2], *MPEG2)
    (tmp_path / "both.txt").write_text("file large.ts\nfile small.ts\n")
    ffmpeg("-f", "concat", "-i", tmp_path / "both.txt", "-c", "copy", tmp_path / "both.ts")
    assert reason_of(tmp_path / "both.ts") == "size_changes"


def test_a_clock_that_wraps_goes_on(tmp_path: Path) -> None:
    """Broadcasts count 33 bits of 90 000 a second, and begin anew after 26.5 hours."""
    wraps_s = 2**33 / 90_000
    path = film(tmp_path / "a.ts", numbered(48), *X264, "-g", 12, "-output_ts_offset", wraps_s - 2.4)
    video = probed(path)
    assert video.start_s < 0 < video.start_s + video.duration_s, "it wraps on the way"
    (frames,) = decode(video, 0, 48, window=48)
    assert numbers(frames) == list(range(48))
    assert numbers(decode_frames(video, [30, 10])) == [30, 10]


def test_times_that_go_back(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", numbered(12))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        tick = stream.time_base
    frames[5], frames[6] = frames[6], frames[5]
    with pytest.raises(Rejected) as no:
        list(timed(probed(path), iter(frames), 0, tick))
    assert no.value.reason == "times_go_back"
