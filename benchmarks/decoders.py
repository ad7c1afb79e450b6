"""PyAV and decord on videos of ours: windows as the loader takes them, and what changed bytes do. And HDR.

    python -m benchmarks.decoders CLIPS [TURNS]

The video is made as the samples' are: 240 frames of 640x960, a key picture every second. Both decoders have
one thread and take turns on the same windows; seconds are those of the processor, so that a busy machine does
not decide. Each changed video is read in a process of its own. HDR is a phone's 1080p, mapped to BT.709.
"""

from __future__ import annotations

import io
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import decord
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorTrc, VideoReformatter
from numpy.typing import NDArray

from benchmarks.machine import write_table
from media.encode import VideoSettings, write_video
from media.members import decode_window
from media.pictures import Painter
from schemas.outcome import UnfitError
from tests.mutants import mutant

FOLDER = Path(__file__).parent
FRAMES, WIDTH, HEIGHT = 240, 640, 960
WINDOWS, WINDOW = 8, 49
MUTANTS = 120
READ, NAMED, UNNAMED = 0, 3, 4
MOST_S = 30.0

Read = Callable[[bytes, int, int], NDArray[np.uint8]]
"""A video, the first frame and how many: the frames (t, h, w, 3)."""


def main(clips: Path, turns: int) -> None:
    data = stored(clips / "full_07_kids_song_dance.mp4")
    starts = np.random.default_rng(0).integers(0, FRAMES - WINDOW, WINDOWS).tolist()
    rows: list[tuple[str, ...]] = [("what", "PyAV", "decord")]
    spent = costs([windows(read, data, starts) for read in READERS], turns)
    rows.append(("frames of windows a second", *(f"{WINDOWS * WINDOW / seconds:.0f}" for seconds in spent)))
    fates = [fates_of(read, data) for read in READERS]
    rows += [
        (f"{MUTANTS} changed videos: {fate}", *(str(found[fate]) for found in fates))
        for fate in ("read", "named error", "unnamed error", "process aborted", "no end")
    ]
    notes = hdr(clips / "hard_01_phone_rotated_hdr.mov", turns)
    write_table(FOLDER / "DECODERS.md", "Decoders", "python -m benchmarks.decoders CLIPS", rows, *notes)


def stored(clip: Path) -> bytes:
    """A video of ours, of a clip's first frames."""
    with av.open(str(clip)) as container, tempfile.TemporaryDirectory() as folder:
        frames = [
            frame.to_ndarray(format="rgb24", width=WIDTH, height=HEIGHT)
            for frame, _ in zip(container.decode(video=0), range(FRAMES), strict=False)
        ]
        write_video(Path(folder) / "a.mp4", iter([np.stack(frames)]), VideoSettings())
        return (Path(folder) / "a.mp4").read_bytes()


def by_av(data: bytes, start: int, num: int) -> NDArray[np.uint8]:
    out = np.empty((num, HEIGHT, WIDTH, 3), np.uint8)
    decode_window("video.mp4", data, FRAMES, start, out)
    return out


def by_decord(data: bytes, start: int, num: int) -> NDArray[np.uint8]:
    reader = decord.VideoReader(io.BytesIO(data), num_threads=1)
    frames: NDArray[np.uint8] = reader.get_batch(range(start, start + num)).asnumpy()
    return frames


READERS: tuple[Read, ...] = (by_av, by_decord)


def windows(read: Read, data: bytes, starts: list[int]) -> Callable[[], object]:
    return lambda: [read(data, start, WINDOW).shape for start in starts]


def costs(contenders: Sequence[Callable[[], object]], turns: int) -> list[float]:
    """Seconds of the processor of each, the median of turns that they take one after the other."""
    spent: list[list[float]] = [[] for _ in contenders]
    for _ in range(turns):
        for run, taken in zip(contenders, spent, strict=True):
            begin = time.process_time()
            run()
            taken.append(time.process_time() - begin)
    return [statistics.median(taken) for taken in spent]


def fates_of(read: Read, data: bytes) -> Counter[str]:
    """What becomes of changed videos."""
    return Counter(fate_of(read, mutant("video.mp4", data, seed)) for seed in range(MUTANTS))


def fate_of(read: Read, data: bytes) -> str:
    process = multiprocessing.get_context("fork").Process(target=attempt, args=(read, data))
    process.start()
    process.join(MOST_S)
    if process.is_alive():
        process.kill()
        process.join()
        return "no end"
    names = {READ: "read", NAMED: "named error", UNNAMED: "unnamed error"}
    return names.get(process.exitcode or 0, "process aborted")


def attempt(read: Read, data: bytes) -> None:
    """Ends this process with what becomes of a window."""
    try:
        read(data, 30, 24)
    except (UnfitError, decord.DECORDError):
        sys.exit(NAMED)
    except Exception:  # noqa: BLE001 - that it is unnamed is what is counted
        sys.exit(UNNAMED)


def hdr(clip: Path, turns: int) -> list[str]:
    """What a picture of an HDR file takes by swscale as it is, and by its table."""
    with av.open(str(clip)) as container:
        frames: list[VideoFrame] = list(container.decode(video=0))
    scaler, whole, small = VideoReformatter(), Painter(), Painter(0, 1 / 3)
    painters: dict[str, Callable[[VideoFrame], object]] = {
        "swscale to 8 bits": lambda frame: swscale(scaler, frame),
        "by the table": whole,
        "by the table, at a third of the size": small,
    }
    lines = [f"HDR of {frames[0].width}x{frames[0].height} to BT.709, ms of the processor a picture:", ""]
    for name, paint in painters.items():
        first = seconds(paint, frames[0])
        each = statistics.median(seconds(paint, frame) for _ in range(turns) for frame in frames)
        lines.append(f"- {name}: {1000 * each:.1f}, the first one {1000 * first:.0f}")
    return lines


def seconds(paint: Callable[[VideoFrame], object], frame: VideoFrame) -> float:
    """Of the processor, for one picture."""
    begin = time.process_time()
    paint(frame)
    return time.process_time() - begin


def swscale(scaler: VideoReformatter, frame: VideoFrame) -> VideoFrame:
    return scaler.reformat(
        frame,
        format="rgb24",
        dst_color_trc=ColorTrc.BT709,
        dst_color_primaries=ColorPrimaries.BT709,
        threads=1,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5)
