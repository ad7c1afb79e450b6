"""Pictures as files: H.264 videos, streamed by windows, and JPEG stills. Same frames in, same bytes out."""

from __future__ import annotations

import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import ffmpeg
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from media.child import kill, started
from schemas.media import FPS, Frames
from schemas.placement import placement
from storage.space import no_space

JPEG_QUALITY = 95
LOG_BYTES = 4096

BITEXACT = {"flags": "+bitexact", "fflags": "+bitexact", "map_metadata": -1}
"""No encoder names, no times of writing."""

EVERYWHERE = {"x264-params": "cpu-independent=1"}
"""x264 as it is on every processor: left alone, it estimates motion in another way where it has AVX."""

BT709 = {"colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709", "color_range": "tv"}


class EncodeError(RuntimeError):
    """The encoder stopped or hung; the message ends with its own first words."""


@dataclass(frozen=True, kw_only=True)
class VideoSettings:
    """How the videos of a sample are encoded."""

    crf: int = 17
    """Constant quality of x264, 0 (lossless) to 51; 17 is hard to tell from its source."""
    preset: str = "veryfast"
    """Speed of x264; slower ones give files of about the same size at the same `crf`."""
    keyframe_every: int = 24
    """Frames from one key frame to the next. A window that starts anywhere decodes half of this too many on
    average: 12 frames, a sixth of the mean window of 73."""
    threads: int = 1
    """Threads of one encoder; several run side by side. Another number may change the bytes."""
    limit_s: float = placement(120.0)
    """The encoder is killed when it takes longer than this for one window of frames."""


@contextmanager
def video_writer(
    path: Path, width: int, height: int, how: VideoSettings
) -> Iterator[Callable[[Frames], None]]:
    """A function that appends frames (t, height, width, 3) to an mp4 at `path`, complete when the block ends.

    H.264, yuv420p, 24 fps, BT.709 in limited range and tagged so, index at the front, key frames on a fixed
    grid. Sides must be even. When the block is left by an error, the encoder is killed.

    Raises:
        EncodeError: the encoder stopped with an error, or took longer than the limit.
        OSError: the disk is full.
    """
    command = video_command(path, width, height, how)
    with (
        tempfile.TemporaryFile() as log,
        started(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log) as process,
    ):

        def write(frames: Frames) -> None:
            if frames.shape[1:] != (height, width, 3) or frames.dtype != np.uint8:
                raise ValueError(
                    f"expected frames of ({height}, {width}, 3) bytes, got {frames.shape} {frames.dtype}"
                )
            send(np.ascontiguousarray(frames).data)

        def send(data: memoryview | None) -> None:
            if not feed(process, data, how.limit_s):
                log.seek(0)
                raise failure(path, process.returncode, log.read(LOG_BYTES), how.limit_s)

        yield write
        send(None)


def write_video(path: Path, windows: Iterable[Frames], how: VideoSettings) -> None:
    """Write an mp4 of the windows' frames, one after another, as `video_writer` does; at least one window."""
    windows = iter(windows)
    first = next(windows)
    with video_writer(path, first.shape[2], first.shape[1], how) as write:
        write(first)
        for window in windows:
            write(window)


def feed(process: subprocess.Popen[bytes], data: memoryview | None, limit_s: float) -> bool:
    """Hand data to the encoder, or None to end it; False where it has ended badly.

    It is killed when it takes longer than the limit.
    """
    assert process.stdin is not None
    timer = threading.Timer(limit_s, kill, [process])
    timer.start()
    try:
        if data is not None:
            process.stdin.write(data)
            return True
        process.stdin.close()
        return process.wait() == 0
    except BrokenPipeError:  # it reads no more
        process.wait()
        return False
    finally:
        timer.cancel()


def failure(path: Path, returncode: int, log: bytes, limit_s: float) -> Exception:
    """What to raise for an encoder that has ended badly."""
    words = "; ".join(log.decode(errors="replace").split("\n")).strip("; ")
    if "No space left on device" in words:
        return no_space(path.parent)
    if returncode < 0 and not words:
        return EncodeError(f"{path}: ffmpeg was killed (signal {-returncode}; the limit is {limit_s:g} s)")
    return EncodeError(f"{path}: ffmpeg failed: {words[:500]}")


def video_command(path: Path, width: int, height: int, how: VideoSettings) -> list[str]:
    """The ffmpeg command that reads raw RGB frames and writes the mp4."""
    frames = ffmpeg.input("pipe:", format="rawvideo", pix_fmt="rgb24", s=f"{width}x{height}", framerate=FPS)
    exact = "accurate_rnd+full_chroma_int+bitexact"
    yuv = frames.filter("scale", in_range="pc", out_range="tv", out_color_matrix="bt709", flags=exact)
    tagged = yuv.filter("format", "yuv420p").filter(
        "setparams", range="tv", colorspace="bt709", color_primaries="bt709", color_trc="bt709"
    )
    out = tagged.output(
        f"file:{path}",
        format="mp4",
        vcodec="libx264",
        preset=how.preset,
        crf=how.crf,
        g=how.keyframe_every,
        keyint_min=how.keyframe_every,
        sc_threshold=0,
        threads=how.threads,
        movflags="+faststart",
        **EVERYWHERE,
        **BT709,
        **BITEXACT,
    )
    return compiled(out)


def compiled(out: ffmpeg.nodes.OutputStream) -> list[str]:
    """The command line of a graph, silent but for errors, never asking anything."""
    quiet = out.global_args("-hide_banner", "-loglevel", "error", "-filter_threads", "1")
    command: list[str] = ffmpeg.compile(quiet, cmd=ffmpeg_binary(), overwrite_output=True)
    return command


def ffmpeg_binary() -> str:
    """Path of the ffmpeg binary that encodes."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def ffmpeg_version() -> str:
    """Version of the ffmpeg binary that encodes."""
    return str(imageio_ffmpeg.get_ffmpeg_version())


def encode_jpeg(picture: NDArray[np.uint8]) -> bytes:
    """An RGB picture (h, w, 3) as JPEG of quality 95, colour at full resolution."""
    how = [
        cv2.IMWRITE_JPEG_QUALITY,
        JPEG_QUALITY,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), how)
    return data.tobytes()
