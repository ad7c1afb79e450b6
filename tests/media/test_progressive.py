"""Interlaced files come progressive: no combs, and the same picture from wherever it is read."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from media.decode import decode, decode_frames
from media.pictures import small_pictures
from schemas.media import Frames, Probed
from tests.films import X264, ffmpeg, film, probed

INTERLACED = ("-vf", "tinterlace=mode=interleave_top,fieldorder=tff", *X264)
FLAGGED = (*INTERLACED, "-flags", "+ildct+ilme", "-x264-params", "cpu-independent=1:tff=1", "-crf", "10")


def ball(num: int) -> Frames:
    """A bright square (t 96 160 3) that moves by 4 px a field."""
    frames = np.full((num, 96, 160, 3), 40, np.uint8)
    for k, frame in enumerate(frames):
        left = 10 + 4 * k % 100
        frame[24:72, left : left + 32] = 210
    return frames


def combs(frames: NDArray[np.uint8]) -> float:
    """Share of the pixels that differ from the lines above and below in the same direction, as combs do."""
    luma = frames[..., 1].astype(np.int16)
    above, below = luma[:, 1:-1] - luma[:, :-2], luma[:, 1:-1] - luma[:, 2:]
    return float(((above * below > 0) & (np.minimum(np.abs(above), np.abs(below)) > 20)).mean())


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Probed:
    return probed(film(tmp_path_factory.mktemp("tv") / "a.mp4", ball(200), *FLAGGED, fps=48))


def test_fields_are_not_stored_as_combs(video: Probed) -> None:
    assert video.interlaced
    (frames,) = decode(video, 0, 90, window=90)
    assert combs(frames) < 0.0005
    assert np.abs(np.diff(frames.astype(np.int16), axis=0)).mean() > 1, "it still moves"


def test_the_made_file_has_combs_as_it_is_stored(video: Probed) -> None:
    (frames,) = decode(replace(video, interlaced=False), 0, 90, window=90)
    assert combs(frames) > 0.005


@pytest.mark.parametrize("first", [1, 40, 64, 90])
def test_a_picture_is_the_same_from_wherever_it_is_read(video: Probed, first: int) -> None:
    (whole,) = decode(video, 0, first + 1, window=first + 1)
    np.testing.assert_array_equal(decode_frames(video, [first])[0], whole[first])


def test_every_picture_comes_once_with_its_time(video: Probed) -> None:
    times, found = zip(*small_pictures(video, max_height=96), strict=True)
    assert list(times) == [Fraction(k, 24) for k in range(video.num_frames)]
    changes = np.abs(np.diff(np.array(found, np.int16), axis=0)).mean(axis=(1, 2, 3))
    assert (changes > 1).all()


def test_a_progressive_file_is_not_touched(tmp_path: Path) -> None:
    assert not probed(film(tmp_path / "a.mp4", ball(30))).interlaced


def test_real_interlaced_files_have_the_combs_that_bwdif_leaves(shared: Path, tmp_path: Path) -> None:
    for case in sorted((shared / "cases").glob("interlaced_*")):
        ffmpeg("-i", case, "-vf", "bwdif=send_frame", *X264, "-crf", "1", tmp_path / "b.mp4")
        (wanted,) = decode(probed(tmp_path / "b.mp4"), 0, 38, window=38)
        (frames,) = decode(probed(case), 0, 38, window=38)
        (stored,) = decode(replace(probed(case), interlaced=False), 0, 38, window=38)
        assert combs(frames) == pytest.approx(combs(wanted), rel=0.1)
        assert combs(stored) > 1.5 * combs(frames)
