"""Encoded pictures hold what they were given: values, colours, counts, and the same bytes every time."""

from __future__ import annotations

import io
import os
import signal
import subprocess
from pathlib import Path

import av
import cv2
import decord
import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from media.encode import EncodeError, VideoSettings, encode_jpeg, video_command, video_writer
from schemas.media import Frames

HOW = VideoSettings()


def moving(num_frames: int, width: int = 96, height: int = 64) -> Frames:
    """A soft pattern that moves by a pixel a frame over a grey ground; frame k has its own brightness."""
    y, x = np.mgrid[:height, :width]
    frames = np.empty((num_frames, height, width, 3), np.uint8)
    for k in range(num_frames):
        wave = 60 * np.sin((x + k) / 9.0) * np.cos(y / 7.0)
        frames[k] = np.stack([110 + wave, 120 - wave, 100 + k / 2 + 0 * wave], -1)
    return frames


def encoded(path: Path, frames: Frames, how: VideoSettings = HOW, window: int = 16) -> bytes:
    with video_writer(path, frames.shape[2], frames.shape[1], how) as write:
        for start in range(0, len(frames), window):
            write(frames[start : start + window])
    return path.read_bytes()


def packets(data: bytes) -> list[tuple[int, bool]]:
    """Presentation time in frames and whether it is a key frame, of each packet."""
    with av.open(io.BytesIO(data)) as file:
        stream = file.streams.video[0]
        found = [packet for packet in file.demux(stream) if packet.pts is not None]
        assert stream.time_base is not None
        return sorted((round(float(p.pts * stream.time_base) * 24), bool(p.is_keyframe)) for p in found)


def decoded(data: bytes) -> list[av.VideoFrame]:
    with av.open(io.BytesIO(data)) as file:
        return list(file.decode(video=0))


def test_frames_come_back_in_order_on_the_24_fps_clock(tmp_path: Path) -> None:
    frames = moving(61)
    data = encoded(tmp_path / "a.mp4", frames)
    back = decoded(data)
    assert [frame.pts * frame.time_base * 24 for frame in back] == list(range(61))
    assert (back[0].width, back[0].height, back[0].format.name) == (96, 64, "yuv420p")
    for sent, got in zip(frames, back, strict=True):
        error = (
            got.to_ndarray(format="rgb24", src_colorspace="ITU709", dst_colorspace="ITU709").astype(int)
            - sent
        )
        assert np.abs(error).mean() < 3


def test_key_frames_stand_on_a_fixed_grid_even_at_a_cut(tmp_path: Path) -> None:
    frames = moving(100)
    frames[44:] = 255 - frames[44:]
    keys = [pts for pts, key in packets(encoded(tmp_path / "a.mp4", frames)) if key]
    assert keys == [0, 24, 48, 72, 96]


@pytest.mark.parametrize(
    ("rgb", "ycbcr"),
    [
        ((255, 0, 0), (63, 102, 240)),
        ((0, 255, 0), (173, 42, 26)),
        ((0, 0, 255), (32, 240, 118)),
        ((255, 255, 255), (235, 128, 128)),
        ((0, 0, 0), (16, 128, 128)),
    ],
)
def test_colours_are_bt709_in_limited_range_and_say_so(
    tmp_path: Path, rgb: tuple[int, int, int], ycbcr: tuple[int, int, int]
) -> None:
    """Recommendation ITU-R BT.709-6, items 3.2 to 3.5, 8 bit."""
    frames = np.broadcast_to(np.array(rgb, np.uint8), (3, 32, 32, 3))
    (first, *_) = decoded(encoded(tmp_path / "a.mp4", frames, VideoSettings(crf=1)))
    planes = first.to_ndarray().reshape(-1)
    got = (
        planes[: 32 * 32].mean(),
        planes[32 * 32 : 32 * 32 * 5 // 4].mean(),
        planes[32 * 32 * 5 // 4 :].mean(),
    )
    np.testing.assert_allclose(got, ycbcr, atol=1)
    assert (first.colorspace, first.color_primaries, first.color_trc, first.color_range) == (1, 1, 1, 1)


def test_same_frames_same_bytes_however_they_are_windowed(tmp_path: Path) -> None:
    frames = moving(50)
    first = encoded(tmp_path / "a.mp4", frames)
    assert encoded(tmp_path / "another name.mp4", frames, window=7) == first
    assert first.index(b"moov") < first.index(b"mdat")
    assert b"Lavf" not in first


def test_a_processor_without_vectors_gives_the_same_bytes(tmp_path: Path) -> None:
    """That x264 works as on any other is asked for, and so are filters that are exact."""
    frames = moving(50, 320, 240)
    plain = video_command(tmp_path / "plain.mp4", 320, 240, HOW)
    plain[1:1] = ["-cpuflags", "0"]
    plain[plain.index("-x264-params") + 1] += ":no-asm=1"
    subprocess.run(plain, input=frames.tobytes(), check=True)
    assert (tmp_path / "plain.mp4").read_bytes() == encoded(tmp_path / "a.mp4", frames)


def test_random_access_gives_the_same_frames_as_reading_through(tmp_path: Path) -> None:
    data = encoded(tmp_path / "a.mp4", moving(120))
    through = decord.VideoReader(io.BytesIO(data)).get_batch(range(120)).asnumpy()
    wanted = [100, 3, 24, 23, 119, 71]
    np.testing.assert_array_equal(
        decord.VideoReader(io.BytesIO(data)).get_batch(wanted).asnumpy(), through[wanted]
    )


def test_wrong_frame_size_is_refused_and_leaves_no_process_behind(tmp_path: Path) -> None:
    before = children()
    refused = pytest.raises(ValueError, match=r"expected frames of \(64, 96, 3\)")
    with refused, video_writer(tmp_path / "a.mp4", 96, 64, HOW) as write:
        write(moving(2, width=64, height=96))
    assert children() == before


def test_a_failing_encoder_says_why(tmp_path: Path) -> None:
    with pytest.raises(EncodeError, match=r"a\.mp4: ffmpeg failed: .*(preset|Error)"):
        encoded(tmp_path / "a.mp4", moving(200), VideoSettings(preset="no_such_preset"))
    with pytest.raises(EncodeError, match="No such file or directory"):
        encoded(tmp_path / "missing" / "a.mp4", moving(200))


def test_an_encoder_that_hangs_is_killed_at_the_limit(tmp_path: Path) -> None:
    before = children()
    killed = pytest.raises(EncodeError, match=r"killed \(signal 9; the limit is 0\.5 s\)")
    with killed, video_writer(tmp_path / "a.mp4", 640, 480, VideoSettings(limit_s=0.5)) as write:
        (child,) = children() - before
        os.kill(child, signal.SIGSTOP)
        write(moving(30, 640, 480))
    assert children() == before


def children() -> set[int]:
    """Process ids of this process's children."""
    return {child.pid for child in psutil.Process().children()}


def test_two_encoders_side_by_side_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """Both are fed from one thread, and neither keeps the other's pipe open."""
    frames = moving(30)
    with (
        video_writer(tmp_path / "a.mp4", 96, 64, HOW) as first,
        video_writer(tmp_path / "b.mp4", 96, 64, HOW) as second,
    ):
        for start in (0, 15):
            first(frames[start : start + 15])
            second(frames[start : start + 15])
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_an_encoder_that_dies_ends_the_one_beside_it(tmp_path: Path) -> None:
    before = children()
    died = pytest.raises(EncodeError, match=r"a\.mp4: ffmpeg was killed")
    with (
        died,
        video_writer(tmp_path / "a.mp4", 640, 480, HOW) as first,
        video_writer(tmp_path / "b.mp4", 96, 64, HOW) as second,
    ):
        second(moving(30))
        os.kill(min(children() - before), signal.SIGKILL)
        for _ in range(3):
            first(moving(30, 640, 480))
    assert children() == before


def test_stills_keep_colour_and_bytes() -> None:
    picture: NDArray[np.uint8] = moving(1)[0]
    picture[:, :8] = (250, 10, 10)
    data = encode_jpeg(picture)
    assert data == encode_jpeg(picture)
    back = cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    assert np.abs(back.astype(int) - picture).max() < 16
