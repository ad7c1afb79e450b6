"""VMAF of a film beside its truth, by the ffmpeg that encodes: model vmaf_v0.6.1, luma, frame by frame."""

from __future__ import annotations

import json
import subprocess
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from media.child import run, started
from media.encode import compiled, failure, feed, ffmpeg_binary
from schemas.media import FPS, Frames

LIMIT_S = 300.0
"""The filter is killed when it takes longer for some frames."""
LOG_BYTES = 4096


class Vmaf:
    """Is fed frames of both films, side by side in one stream, and tells a value of each frame, 0 to 100.

    A block: the filter ends with it.
    """

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.log = Path(self.folder.name) / "vmaf.json"
        self.words = tempfile.TemporaryFile()  # noqa: SIM115  it is closed when the block ends
        self.child: AbstractContextManager[subprocess.Popen[bytes]] | None = None
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.child is not None:
            self.child.__exit__(kind, error, trace)
        self.words.close()
        self.folder.cleanup()

    def see(self, made: Frames, truth: Frames) -> None:
        """The next frames of both, of one size.

        Raises:
            EncodeError: ffmpeg failed.
        """
        if self.process is None:
            command = self.command(made.shape[2], made.shape[1])
            self.child = started(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self.words)
            self.process = self.child.__enter__()
        self.send(np.ascontiguousarray(np.concatenate([made, truth], axis=2)).data)

    def send(self, data: memoryview | None) -> None:
        """Hand frames over, or None to end."""
        assert self.process is not None
        if not feed(self.process, data, LIMIT_S):
            self.words.seek(0)
            raise failure(self.log, self.process.returncode, self.words.read(LOG_BYTES), LIMIT_S)

    def tell(self) -> NDArray[np.float64]:
        """The values of all frames that were seen.

        Raises:
            EncodeError: ffmpeg failed.
        """
        if self.process is None:
            return np.zeros(0)
        self.send(None)
        frames = json.loads(self.log.read_text())["frames"]
        return np.array([frame["metrics"]["vmaf"] for frame in frames])

    def command(self, width: int, height: int) -> list[str]:
        """The ffmpeg command that reads both films beside each other, RGB, and writes the log."""
        both = ffmpeg.input(
            "pipe:", format="rawvideo", pix_fmt="rgb24", s=f"{2 * width}x{height}", framerate=FPS
        )
        exact = "accurate_rnd+full_chroma_int+bitexact"
        yuv = both.filter("scale", in_range="pc", out_range="tv", out_color_matrix="bt709", flags=exact)
        halves = yuv.filter("format", "yuv444p").filter_multi_output("split")
        made, truth = (halves[n].filter("crop", width, height, n * width, 0) for n in (0, 1))
        scored = ffmpeg.filter([made, truth], "libvmaf", log_fmt="json", log_path=str(self.log), n_threads=1)
        return compiled(scored.output("pipe:", format="null"))


def has_vmaf() -> bool:
    """Whether the ffmpeg that encodes brings the filter: builds for some systems do not."""
    return b" libvmaf " in run([ffmpeg_binary(), "-hide_banner", "-filters"], LIMIT_S).stdout
