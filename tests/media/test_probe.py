"""Facts of a file against how it was made, and against the corpus's own table."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from media.probe import timeline_of
from pipeline.stages.probe import ProbeSettings
from schemas.outcome import Rejected
from tests.films import HEIGHT, WIDTH, X264, ffmpeg, film, numbered, probed

SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=16000:duration=2")


def reason_of(path: Path, settings: ProbeSettings | None = None) -> str:
    with pytest.raises(Rejected) as no:
        probed(path, settings)
    return no.value.reason


def test_facts_of_a_plain_file(tmp_path: Path) -> None:
    video = probed(film(tmp_path / "a.mp4", numbered(50), fps=25))
    assert (video.width, video.height, video.rotation) == (WIDTH, HEIGHT, 0)
    assert (video.num_frames, video.fps, video.duration_s, video.start_s) == (50, 25.0, 2.0, 0.0)
    assert (video.codec, video.pixel_format) == ("h264", "yuv420p")
    assert video.container.startswith("mov")
    assert not video.uneven
    assert not video.has_audio
    assert video.key == video.source.key
    assert video.uri == str(tmp_path / "a.mp4")


def test_sound_is_seen(tmp_path: Path) -> None:
    film(tmp_path / "silent.mp4", numbered(48))
    ffmpeg("-i", tmp_path / "silent.mp4", *SOUND, "-c:v", "copy", "-c:a", "aac", tmp_path / "a.mp4")
    assert probed(tmp_path / "a.mp4").has_audio


def test_times_count_from_the_first_picture(tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", numbered(30), fps=30)
    ffmpeg("-itsoffset", "1.5", "-i", tmp_path / "a.mp4", *SOUND, "-c:v", "copy", tmp_path / "late.mkv")
    video = probed(tmp_path / "late.mkv")
    assert video.start_s == pytest.approx(1.5, abs=0.002)
    assert video.duration_s == pytest.approx(1.0, abs=0.002)


@pytest.mark.parametrize(
    ("gaps", "uneven"), [([40, 40, 45], False), ([40, 40, 51], False), ([40, 52, 40], True)]
)
def test_what_uneven_means(tmp_path: Path, gaps: list[int], uneven: bool) -> None:
    times = np.cumsum([0, *gaps * 8]).tolist()
    steps = "+".join(f"{ms}*eq(N,{n})" for n, ms in enumerate(times))
    how = ("-vf", f"settb=1/1000,setpts='{steps}'", "-fps_mode", "passthrough", "-enc_time_base", "1/1000")
    assert probed(film(tmp_path / "a.mp4", numbered(len(times)), *how, *X264)).uneven is uneven


def test_the_largest_of_several_videos_is_taken(tmp_path: Path) -> None:
    small = film(tmp_path / "small.mp4", numbered(30)[:, ::2, ::2])
    large = film(tmp_path / "large.mp4", numbered(20))
    ffmpeg("-i", small, "-i", large, "-map", 0, "-map", 1, "-c", "copy", tmp_path / "both.mp4")
    video = probed(tmp_path / "both.mp4")
    assert (video.stream, video.width, video.num_frames) == (1, WIDTH, 20)


def test_cover_art_is_no_video(tmp_path: Path) -> None:
    film(tmp_path / "cover.png", numbered(1).repeat(4, axis=1).repeat(4, axis=2), "-frames:v", "1")
    small = film(tmp_path / "small.mp4", numbered(30))
    art = ("-map", 0, "-map", 1, "-c", "copy", "-disposition:v:1", "attached_pic")
    ffmpeg("-i", small, "-i", tmp_path / "cover.png", *art, tmp_path / "a.mp4")
    assert probed(tmp_path / "a.mp4").width == WIDTH
    song = ("-map", 0, "-map", 1, "-c:v", "copy", "-disposition:v", "attached_pic")
    ffmpeg(*SOUND, "-i", tmp_path / "cover.png", *song, tmp_path / "song.m4a")
    assert reason_of(tmp_path / "song.m4a") == "no_video"


def test_a_mirrored_file_is_refused(tmp_path: Path) -> None:
    film(tmp_path / "stored.mp4", numbered(12))
    ffmpeg("-display_hflip", "-i", tmp_path / "stored.mp4", "-c", "copy", tmp_path / "mirrored.mp4")
    assert reason_of(tmp_path / "mirrored.mp4") == "odd_orientation"


def test_stretched_pixels_are_refused(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", numbered(12), "-vf", "setsar=4/3", *X264)
    assert reason_of(path) == "stretched_pixels"
    assert probed(path, ProbeSettings(max_pixel_stretch=0.5)).width == WIDTH


def test_limits_are_those_of_the_settings(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", numbered(48))
    assert reason_of(path, ProbeSettings(max_duration_s=1.9)) == "too_long"
    assert reason_of(path, ProbeSettings(max_source_pixels=WIDTH * HEIGHT - 1)) == "too_large"
    assert probed(path, ProbeSettings(max_duration_s=2.0, max_source_pixels=WIDTH * HEIGHT)).num_frames == 48


def test_the_last_picture_lasts_as_its_packet_says() -> None:
    tick_s = Fraction(1, 100)
    assert timeline_of(np.array([0, 30, 20, 10]), np.array([10, 20, 10, 10]), tick_s).end == 50
    silent = np.zeros(3, np.int64)
    assert timeline_of(np.array([0, 15, 30]), silent, tick_s).end == 45
    assert timeline_of(np.array([-15, 0, 30]), silent, tick_s, first=0).end == 60


def test_corpus_facts_are_those_of_its_table(corpus: Path) -> None:
    with open(corpus / "MANIFEST.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith("clips/")]
    assert len(rows) == 36
    for row in rows:
        video = probed(corpus / row["file"])
        turned = int(row["rotation"]) % 180 != 0
        shown = (int(row["height"]), int(row["width"])) if turned else (int(row["width"]), int(row["height"]))
        assert (video.width, video.height) == shown, row["file"]
        assert video.rotation == -int(row["rotation"]) % 360, row["file"]
        assert video.num_frames == int(row["frames"]), row["file"]
        assert (video.codec, video.pixel_format) == (row["codec"], row["pix_fmt"]), row["file"]
        assert video.has_audio == (row["has_audio"] == "yes"), row["file"]
        assert video.duration_s == pytest.approx(float(row["seconds"]), abs=0.05), row["file"]
        # hard_01 is called uneven for packets that an edit list hides
        assert video.uneven == (row["vfr"] == "yes" and "hard_01" not in row["file"]), row["file"]
