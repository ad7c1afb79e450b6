"""Video files made for tests, by the ffmpeg binary, from pictures that know their own number."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from pipeline.stages.corpus import Corpus
from pipeline.stages.probe import Probe, ProbeSettings
from schemas.media import Frames, Listed, Probed, Source
from schemas.origin import Origin

BITS = 10
CELL_PX = 16
WIDTH, HEIGHT = BITS * CELL_PX, 96

EVERYWHERE = "cpu-independent=1"
"""What makes x264 give the same bytes on every processor."""

X264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-x264-params", EVERYWHERE)


def ffmpeg(*args: object, stdin: bytes = b"") -> None:
    """Run the binary; what it says goes to the test's output."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *map(str, args)]
    subprocess.run(command, input=stdin, check=True)


def numbered(num_frames: int) -> Frames:
    """Pictures (t 96 160 3) that show their number as ten bars, the lowest bit left, over a grey ramp."""
    frames = np.empty((num_frames, HEIGHT, WIDTH, 3), np.uint8)
    frames[...] = np.linspace(60, 180, HEIGHT, dtype=np.uint8)[:, None, None]
    for number, frame in enumerate(frames):
        for bit in range(BITS):
            frame[: HEIGHT // 2, bit * CELL_PX : (bit + 1) * CELL_PX] = 220 if number >> bit & 1 else 30
    return frames


def numbers(frames: Frames) -> list[int]:
    """The numbers that pictures of `numbered` show."""
    bars = frames[:, 8 : HEIGHT // 2 - 8].reshape(len(frames), -1, BITS, CELL_PX, 3).mean((1, 3, 4))
    return [sum(1 << bit for bit in range(BITS) if bar[bit] > 125) for bar in bars]


def street(num_frames: int) -> Frames:
    """Sharp blocks (t 360 480 3) that drift: a usable picture, more than a quarter of the canvas."""
    blocks = np.random.default_rng(7).integers(30, 226, (24, 64, 3), np.uint8)
    large = blocks.repeat(20, axis=0).repeat(20, axis=1)
    return np.stack([large[60:420, k * 2 : k * 2 + 480] for k in range(num_frames)])


def film(path: Path, frames: Frames, *args: object, fps: object = 24) -> Path:
    """A video of the frames; `args` follow the input: codec, filters, container."""
    height, width = frames.shape[1:3]
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", fps, "-i", "-")
    ffmpeg(*raw, *(args or X264), path, stdin=frames.tobytes())
    return path


def source_of(path: Path) -> Source:
    """The file as the corpus step gives it."""
    listed = Listed(key="0", uri=str(path), origin=Origin(licence="cc0", domain="test"))
    return next(Corpus()(listed))


def probed(path: Path, settings: ProbeSettings | None = None) -> Probed:
    """The file as the probe step gives it."""
    return next(Probe(settings or ProbeSettings())(source_of(path)))
