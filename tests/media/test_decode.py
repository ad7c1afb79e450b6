"""Frames on the 24 fps clock: the right picture, from anywhere, in the right colours."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from av.video.frame import VideoFrame

from media import pictures as room
from media.clock import num_ticks
from media.decode import decode, decode_bytes, decode_frames, near_runs
from media.pictures import Painter, shown, timed
from schemas.media import FPS, Frames, Probed
from schemas.outcome import Rejected
from tests.film import clip_frames
from tests.films import EVERYWHERE, HEIGHT, WIDTH, X264, ffmpeg, film, numbered, numbers, probed
from tests.mp4 import box, with_box

LOSSLESS = ("-c:v", "libx264rgb", "-preset", "ultrafast", "-qp", "0")


def all_of(video: Probed, window: int = 64) -> Frames:
    return np.concatenate(list(decode(video, 0, num_ticks(video.duration_s), window=window)))


def expected(begins_s: Sequence[Fraction]) -> list[int]:
    """Which picture each tick shows, from the definition; the last time is the end."""
    numbers: list[int] = []
    for tick in itertools.count():
        now = Fraction(tick, 24) + Fraction(1, 1000)
        if now >= begins_s[-1]:
            return numbers
        numbers.append(max(k for k, begin in enumerate(begins_s) if begin <= now))
    raise AssertionError


def steady(num_frames: int, fps: str) -> list[int]:
    """Which picture of a steady source each tick shows."""
    return expected([k / Fraction(fps) for k in range(num_frames + 1)])


@pytest.mark.parametrize("fps", ["8", "10", "12", "24000/1001", "24", "25", "30000/1001", "48", "50", "60"])
def test_steady_sources_of_any_rate(tmp_path: Path, fps: str) -> None:
    video = probed(film(tmp_path / "a.mp4", numbered(50), fps=fps))
    assert numbers(all_of(video)) == steady(50, fps)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov"])
def test_uneven_sources(tmp_path: Path, suffix: str) -> None:
    slow_then_fast = "settb=1/1000,setpts='if(lt(N,10),N*200,2000+(N-10)*20)'"
    args = ("-vf", slow_then_fast, "-fps_mode", "passthrough", "-enc_time_base", "1/1000", *X264)
    video = probed(film(tmp_path / f"a.{suffix}", numbered(40), *args))
    begins_ms = [k * 200 if k < 10 else 2000 + (k - 10) * 20 for k in range(40)]
    end_ms = round(1000 * video.duration_s)
    assert video.uneven
    assert numbers(all_of(video)) == expected([Fraction(ms, 1000) for ms in (*begins_ms, end_ms)])


def test_windows_cover_the_stretch_in_new_arrays(tmp_path: Path) -> None:
    video = probed(film(tmp_path / "a.mp4", numbered(40)))
    windows = list(decode(video, 5, 21, window=8))
    assert [len(window) for window in windows] == [8, 8, 5]
    assert numbers(np.concatenate(windows)) == list(range(5, 26))
    assert all(window.flags.writeable and window.shape[1:] == (HEIGHT, WIDTH, 3) for window in windows)


@pytest.mark.parametrize(("first", "num"), [(-1, 4), (0, 41), (40, 1), (3, 0)])
def test_a_stretch_outside_the_video_is_refused(tmp_path: Path, first: int, num: int) -> None:
    video = probed(film(tmp_path / "a.mp4", numbered(40)))
    with pytest.raises(ValueError, match=r"the video has 0 to 39"):
        next(decode(video, first, num, window=8))
    with pytest.raises(ValueError, match=r"the video has 0 to 39"):
        decode_frames(video, [0, 40])


KINDS: dict[str, tuple[str, ...]] = {
    "closed.mp4": (*X264, "-g", "30", "-bf", "3"),
    "open.mp4": (*X264, "-x264-params", f"{EVERYWHERE}:open-gop=1:keyint=30:min-keyint=20:bframes=4"),
    "open.mkv": (*X264, "-x264-params", f"{EVERYWHERE}:open-gop=1:keyint=30:min-keyint=20:bframes=4"),
    "hevc.mp4": (
        *("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
        *("-x265-params", "keyint=30:min-keyint=20:bframes=4:open-gop=1:log-level=none"),
    ),
    "refresh.mp4": (*X264, "-x264-params", f"{EVERYWHERE}:intra-refresh=1:keyint=40"),
    "vp9.webm": (
        *("-c:v", "libvpx-vp9", "-deadline", "realtime", "-pix_fmt", "yuv420p"),
        *("-cpu-used", "8", "-g", "30"),
    ),
    "mpeg4.avi": ("-c:v", "mpeg4", "-bf", "2", "-g", "30", "-q:v", "3"),
    "mpeg2.ts": ("-c:v", "mpeg2video", "-bf", "2", "-g", "15", "-q:v", "3"),
    "mpeg1.mpg": (
        *("-vf", "noise=alls=40:allf=t"),  # as large as real pictures: one packet holds several small ones
        *("-c:v", "mpeg1video", "-bf", "2", "-g", "15", "-q:v", "3"),
    ),
    "mpeg4.ts": ("-c:v", "mpeg4", "-bf", "2", "-g", "30", "-q:v", "3"),
    "flash.flv": ("-c:v", "flv1", "-g", "30", "-q:v", "3"),
    "windows.wmv": ("-c:v", "wmv2", "-g", "30", "-q:v", "3"),
    "animated.gif": ("-vf", "split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=none", "-r", "25"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_late_frames_are_those_of_a_reading_from_the_start(tmp_path: Path, kind: str) -> None:
    video = probed(film(tmp_path / kind, numbered(200), *KINDS[kind], fps=25))
    whole = all_of(video)
    assert numbers(whole) == steady(200, "25")
    late = np.concatenate(list(decode(video, 117, 40, window=16)))
    assert np.array_equal(late, whole[117:157])
    wanted = [150, 3, 61, 60, 150, 191, 28, 29, 30, 120]
    assert np.array_equal(decode_frames(video, wanted), whole[wanted])


def test_only_what_lies_far_apart_is_sought() -> None:
    assert near_runs([0, 3, 51, 100, 200, 248]) == [[0, 3, 51], [100], [200, 248]]


def test_frames_behind_an_edit_list_count_from_the_first_one_shown(tmp_path: Path) -> None:
    whole = film(tmp_path / "whole.mp4", numbered(100), *X264, "-g", "30", fps=25)
    ffmpeg("-ss", "1.6", "-i", whole, "-c", "copy", tmp_path / "cut.mp4")
    video = probed(tmp_path / "cut.mp4")
    assert video.num_frames == 60
    right = [40 + k for k in steady(60, "25")]
    assert numbers(all_of(video)) == right
    assert numbers(decode_frames(video, [50, 10])) == [right[50], right[10]]


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_video_comes_as_it_is_shown(tmp_path: Path, turn: int) -> None:
    stored = film(tmp_path / "stored.mp4", numbered(12))
    ffmpeg("-display_rotation", turn, "-i", stored, "-c", "copy", tmp_path / "turned.mp4")
    video = probed(tmp_path / "turned.mp4")
    assert video.rotation == -turn % 360  # ffmpeg counts the other way round
    assert (video.width, video.height) == ((WIDTH, HEIGHT) if turn == 180 else (HEIGHT, WIDTH))
    assert np.array_equal(all_of(video), np.rot90(all_of(probed(stored)), turn // 90, axes=(1, 2)))


PATCHES = np.array([[235, 30, 30], [30, 200, 40], [40, 60, 220], [128, 128, 128], [250, 250, 250], [8, 8, 8]])


def patches() -> Frames:
    return np.repeat(np.repeat(PATCHES.astype(np.uint8), 32, axis=0)[None], 64, axis=0)[None].repeat(
        6, axis=0
    )


TAGGED = {
    "bt709": ("scale=out_color_matrix=bt709:out_range=tv", "bt709", "tv"),
    "bt601": ("scale=out_color_matrix=smpte170m:out_range=tv", "smpte170m", "tv"),
    "bt709 full": ("scale=out_color_matrix=bt709:out_range=pc", "bt709", "pc"),
    "bt601 full": ("scale=out_color_matrix=smpte170m:out_range=pc", "smpte170m", "pc"),
    "untagged": ("scale=out_color_matrix=smpte170m:out_range=tv", "unknown", "tv"),
}


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv444p", "yuv420p10le"])
@pytest.mark.parametrize("tag", TAGGED)
def test_colours_are_those_of_the_tag(tmp_path: Path, tag: str, pixels: str) -> None:
    convert, matrix, span = TAGGED[tag]
    mark = f"setparams=colorspace={matrix}:range={span}"
    how = (*X264, "-crf", "4", "-pix_fmt", pixels, "-vf", f"{convert},format={pixels},{mark}")
    found = all_of(probed(film(tmp_path / "a.mp4", patches(), *how)))[0]
    middles = found[32, 16::32].astype(int)
    assert np.abs(middles - PATCHES).max() <= 4


def test_hdr_is_mapped_to_ordinary_colours(tmp_path: Path) -> None:
    grey = np.full((4, 64, 64, 3), 128, np.uint8)
    mark = "setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc=arib-std-b67:range=tv"
    how = (*X264, "-crf", "4", "-pix_fmt", "yuv420p10le", "-vf", f"format=yuv420p10le,{mark}")
    found = decode_frames(probed(film(tmp_path / "a.mp4", grey, *how)), [1])
    assert not np.allclose(found, 128, atol=4)  # HLG's middle is not that of BT.709
    assert np.ptp(found.reshape(-1, 3).mean(0)) < 2  # and grey stays grey


def test_transparency_is_put_on_black(tmp_path: Path) -> None:
    picture = np.full((4, 32, 64, 4), (200, 100, 50, 255), np.uint8)
    picture[:, :, 32:, 3] = 0
    raw = ("-f", "rawvideo", "-pix_fmt", "rgba", "-s", "64x32", "-r", "24", "-i", "-")
    ffmpeg(*raw, "-c:v", "png", tmp_path / "a.mov", stdin=picture.tobytes())
    found = all_of(probed(tmp_path / "a.mov"))
    assert (found[:, :, :32] == (200, 100, 50)).all()
    assert (found[:, :, 32:] == 0).all()


MARKED = {
    "h264": (*X264, "-x264-params", "keyint=60:min-keyint=60:ref=4:bframes=2:scenecut=0"),
    "hevc": (
        *("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
        *("-x265-params", "keyint=60:min-keyint=60:bframes=0:log-level=none"),
    ),
    "mpeg4": ("-c:v", "mpeg4", "-g", "60", "-q:v", "3"),
    "vp9": (
        *("-c:v", "libvpx-vp9", "-deadline", "realtime", "-pix_fmt", "yuv420p"),
        *("-cpu-used", "8", "-g", "60"),
    ),
}


@pytest.mark.parametrize("codec", MARKED)
def test_a_picture_that_is_called_key_and_is_none_loses_nothing(tmp_path: Path, codec: str) -> None:
    path = film(tmp_path / "a.mp4", numbered(200), *MARKED[codec])
    called = struct.pack(">7I", 0, 5, 1, 41, 101, 121, 161)  # true are 1, 61, 121, 181
    inside = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
    path.write_bytes(with_box(path.read_bytes(), inside, b"stss", box(b"stss", called)))
    video = probed(path)
    wanted = [42, 45, 59, 102, 119, 160, 170, 199]
    for single in wanted:
        assert numbers(decode_frames(video, [single])) == [single]
    assert numbers(decode_frames(video, wanted)) == wanted
    assert numbers(np.concatenate(list(decode(video, 110, 60, window=16)))) == list(range(110, 170))


def test_pictures_that_break_after_some_were_given_go_on_from_an_earlier_key_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = probed(film(tmp_path / "a.mp4", numbered(120), *X264, "-g", "12"))
    begun: list[Fraction] = []

    def breaks_early(video: Probed, frames: Iterator[VideoFrame], start: int, tick: Fraction) -> Any:
        for number, (at_s, frame) in enumerate(timed(video, frames, start, tick)):
            if number == 0:
                begun.append(at_s * FPS)
            if begun[-1] > 60 and number == 9:
                raise Rejected("undecodable", "a broken picture")
            yield at_s, frame

    monkeypatch.setattr(room, "timed", breaks_early)
    assert numbers(np.concatenate(list(decode(video, 100, 20, window=8)))) == list(range(100, 120))
    assert begun == [96, 48]


@pytest.mark.parametrize("width", [2, 8, 24, 48, 72, 96, 98])
def test_narrow_videos_are_read(tmp_path: Path, width: int) -> None:
    pictures = np.random.default_rng(width).integers(0, 256, (4, 36, width, 3), np.uint8)
    video = probed(film(tmp_path / "a.mp4", pictures))
    assert np.array_equal(all_of(video), clip_frames(tmp_path / "a.mp4", 0, 4))


def test_a_file_that_changed_since_it_was_probed(tmp_path: Path) -> None:
    path = film(tmp_path / "a.ts", numbered(120), "-c:v", "mpeg2video", "-g", "12", "-q:v", "3")
    video = probed(path)
    size = path.stat().st_size
    half = path.read_bytes()[: 188 * (size // 188 // 2)]
    for left in (half, half + bytes(size - len(half))):
        path.write_bytes(left)
        with pytest.raises(Rejected) as no:
            all_of(video)
        assert no.value.reason == "changed"


def test_a_stored_member_is_decoded_from_memory(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", numbered(30))
    every = all_of(probed(path))
    assert np.array_equal(decode_bytes(path.read_bytes()), every)
    assert np.array_equal(decode_bytes(path.read_bytes(), (4, 17)), every[[4, 17]])


@pytest.mark.parametrize(
    "name",
    [
        "half_03_man_seated_gestures.mp4",
        "half_01_sign_again.mkv",
        "hands_01_asl_hand.mp4",
        "talk_06_face_then_cartoon_vfr.mov",
        "talk_08_grid_woman.mpg",
        "talk_10_two_people_head_tilts.gif",
    ],
)
def test_real_files_are_read_the_same_from_anywhere(corpus: Path, name: str) -> None:
    video = probed(corpus / "clips" / name)
    num = min(250, num_ticks(video.duration_s))
    wanted = sorted({0, num // 5, num // 2, num - 1})
    painter = Painter(video.rotation)
    whole = [painter(frame).copy() for tick, frame in enumerate(shown(video, 0, num)) if tick in wanted]
    assert np.array_equal(decode_frames(video, wanted), whole)
    assert np.array_equal(next(decode(video, 0, 2, window=2))[0], whole[0])


def test_a_turned_hdr_phone_file_of_which_six_pictures_decode(corpus: Path) -> None:
    video = probed(corpus / "clips" / "hard_01_phone_rotated_hdr.mov")
    assert (video.width, video.height, video.rotation, video.num_frames) == (1080, 1920, 90, 6)
    frame = decode_frames(video, [1])[0].astype(int)
    sky, ground = frame[100:300].mean((0, 1)), frame[1700:].mean((0, 1))
    assert sky[2] > ground[2]
    assert sky[2] - sky[0] > 80  # the sky is above, and as blue as BT.709 shows it: 34 without the mapping
