"""Cuts are found where they are and nowhere else; clips cover the source and never contain a cut."""

from __future__ import annotations

import csv
import itertools
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.clock import first_tick, num_ticks
from media.decode import decode_frames
from pipeline.shots.looks import frozen_share, moving_rate
from pipeline.shots.scan import SplitSettings
from pipeline.stages.split import Split, scan_pictures, stretches
from schemas.media import Clip, Frames, PictureStats, Probed
from tests.films import X264, film, numbered, numbers, probed


def clips(video: Probed) -> list[Clip]:
    return list(Split(SplitSettings())(video))


def scene(seed: int, num_frames: int, speed_px: float = 1.5) -> Frames:
    """A window that moves over a soft coloured pattern, a different one for each seed."""
    rng = np.random.default_rng(seed)
    large = cv2.resize(
        rng.integers(20, 235, (12, 20, 3), np.uint8), (960, 400), interpolation=cv2.INTER_CUBIC
    )
    starts = [round(k * speed_px) % 600 for k in range(num_frames)]
    return np.stack([large[40:280, x : x + 320] for x in starts])


def test_stretches_are_as_few_and_as_equal_as_may_be() -> None:
    assert list(stretches(0, 240)) == [(0, 240)]
    assert list(stretches(10, 251)) == [(10, 130), (130, 251)]
    assert list(stretches(5, 5)) == []


@given(st.integers(0, 10_000), st.integers(1, 5_000))
def test_stretches_cover_a_shot(first: int, length: int) -> None:
    parts = list(stretches(first, first + length))
    sizes = [stop - start for start, stop in parts]
    assert [start for start, _ in parts] == [first, *(stop for _, stop in parts[:-1])]
    assert parts[-1][1] == first + length
    assert max(sizes) <= 240
    assert max(sizes) - min(sizes) <= 1
    assert len(sizes) == -(-length // 240)


@pytest.mark.parametrize("fps", ["10", "24", "30000/1001", "60"])
def test_no_clip_shows_two_shots(tmp_path: Path, fps: str) -> None:
    frames = np.concatenate([scene(1, 37), scene(2, 41), scene(3, 52)])
    bars = numbered(len(frames))[:, :48]
    frames[:, :48, :160] = bars
    video = probed(film(tmp_path / "a.mp4", frames, fps=fps))
    found = clips(video)
    assert sum(clip.num_frames for clip in found) == num_ticks(video.duration_s)
    for clip in found:
        ends = decode_frames(video, [clip.first_frame, clip.first_frame + clip.num_frames - 1])
        first, last = numbers(ends[:, :, :160])
        assert np.searchsorted([37, 78], first, "right") == np.searchsorted([37, 78], last, "right")
    assert len({clip.key for clip in found}) == len(found) >= 3
    assert found[0].key == f"{video.key}-000000-0"
    for before, after in itertools.pairwise(found):
        assert after.first_frame == before.first_frame + before.num_frames


def test_fast_pans_and_noise_are_no_cuts(tmp_path: Path) -> None:
    noisy = ("-vf", "noise=alls=15:allf=t", *X264)
    video = probed(film(tmp_path / "a.mp4", scene(4, 75, speed_px=8), *noisy))
    assert len(clips(video)) == 1


def test_a_jump_in_a_steady_shot_is_a_cut(tmp_path: Path) -> None:
    frames = np.full((80, 240, 320, 3), 150, np.uint8)
    for k, frame in enumerate(frames):
        left = 60 + k // 4 + (60 if k >= 50 else 0)
        cv2.rectangle(frame, (left, 60), (left + 50, 239), (60, 40, 30), -1)
    video = probed(film(tmp_path / "a.mp4", frames))
    assert [clip.first_frame for clip in clips(video)] == [0, 50]


def test_short_shots_are_clips_too(tmp_path: Path) -> None:
    video = probed(film(tmp_path / "a.mp4", np.concatenate([scene(1, 40), scene(2, 3), scene(3, 40)])))
    assert [clip.num_frames for clip in clips(video)] == [40, 3, 40]


def test_the_settings_say_what_a_cut_is(tmp_path: Path) -> None:
    video = probed(film(tmp_path / "a.mp4", np.concatenate([scene(1, 40), scene(2, 40)])))
    blind = SplitSettings(cut_content=255.0, jump_luma=255.0)
    assert len(list(Split(blind)(video))) == 1
    assert len(list(Split(replace(blind, cut_content=30.0))(video))) == 2
    assert len(list(Split(replace(blind, jump_luma=7.0))(video))) == 2


def look_of(path: Path) -> PictureStats:
    (clip,) = clips(probed(path))
    return clip.look


def test_looks_of_known_pictures(tmp_path: Path) -> None:
    half = np.zeros((48, 120, 160, 3), np.uint8)
    half[:, :, 80:] = 200
    still = look_of(film(tmp_path / "half.mp4", half, *X264, "-crf", "1"))
    assert still.brightness == pytest.approx(100, abs=2)
    assert still.contrast == pytest.approx(100, abs=2)
    assert still.motion == 0.0
    assert still.frozen == pytest.approx(47 / 48)
    moving = look_of(film(tmp_path / "scene.mp4", scene(1, 48)))
    assert moving.frozen == 0.0
    assert moving.motion > 1
    assert still.sharpness > 100 > moving.sharpness > 1  # one hard edge, soft patterns


def test_held_and_repeated_pictures_are_frozen() -> None:
    change = np.array([0.0, 3.0, 0.0, 0.04])  # the first repeats nothing in its clip
    assert frozen_share(np.array([0.0, 0.1, 0.2, 0.3]), change, 0.4) == pytest.approx(0.5)
    assert frozen_share(np.array([0.0, 0.1, 1.6]), np.full(3, 0.1), 2.0) == pytest.approx(0.5)
    assert frozen_share(np.array([0.0]), np.array([0.0]), 0.4) == 0.0


def test_rate_is_that_of_the_pictures_that_move() -> None:
    """12 pictures a second stored as 24, then a stand of two seconds."""
    begin = np.arange(48) / 24
    change = np.where(np.arange(48) % 2 == 0, 1.0, 0.0)
    assert moving_rate(begin, change) == pytest.approx(12)
    still = np.append(begin, begin[-1] + 2 + begin[:4]), np.append(change, np.ones(4))
    assert moving_rate(*still) == pytest.approx(12)
    assert moving_rate(begin, np.ones(48)) == pytest.approx(24)
    assert moving_rate(begin, np.zeros(48)) == 0.0


def test_no_cut_of_the_corpus_is_missed_and_none_invented(corpus: Path) -> None:
    """The clips with cuts, and those most like them; `benchmarks/shot_cuts.py` looks at all."""
    with open(corpus / "groundtruth" / "shot_cuts" / "shot_cuts.csv", newline="", encoding="utf-8") as file:
        rows = [(row["clip"], int(row["first_frame_of_new_shot_0based"])) for row in csv.DictReader(file)]
    truth: dict[str, list[int]] = {"full_02_run_past.mp4": [], "hands_03_count_vfr.mp4": []}
    for clip, frame in rows:
        truth.setdefault(clip, []).append(frame)
    for name, cuts in truth.items():
        scan = scan_pictures(probed(corpus / "clips" / name), SplitSettings())
        assert np.flatnonzero(scan.is_cut).tolist() == cuts, name


def test_a_cut_in_a_real_file_falls_on_the_clock(corpus: Path) -> None:
    video = probed(corpus / "clips" / "multi_03_white_house_cuts.mp4")
    starts = [clip.first_frame for clip in clips(video)]
    assert starts == [0, *(first_tick(Fraction(frame / video.fps)) for frame in (20, 82, 211))]
