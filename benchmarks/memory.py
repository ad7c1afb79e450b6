"""Peak memory of a worker on long 1080p files: it must not depend on their length.

    python -m benchmarks.memory CLIP [MINUTES ...]

Loops a clip to files of the given lengths (10 and 20 minutes), without encoding it anew, and takes each
through the stages in a process of its own: the whole file through probe and split; clips at its start, in its
middle and at its end through the rest.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import imageio_ffmpeg

from benchmarks.machine import write_table
from engine.core import Gather
from pipeline.flow import Curation, legs
from pipeline.stages.corpus import list_corpus
from schemas.index import ShardPlan, bucket_name

FOLDER = Path(__file__).parent
LIMIT_MIB = 1536


def main(clip: Path, minutes: list[int]) -> None:
    rows: list[tuple[str, ...]] = [("file", "stage", "peak so far, MiB", "seconds")]
    for length in minutes:
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "long.mp4"
            loop(clip, path, length)
            command = [sys.executable, "-m", "benchmarks.memory", "--walk", scratch]
            output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        rows += [(f"{length} min", *line.split("\t")) for line in output.splitlines()]
    peak = max(int(row[2]) for row in rows[1:])
    write_table(
        FOLDER / "MEMORY.md",
        "Peak memory of a worker",
        f"python -m benchmarks.memory CLIP {' '.join(map(str, minutes))}",
        rows,
        f"Goal: under {LIMIT_MIB} MiB, whatever the length. Highest: {peak} MiB, "
        f"{'reached' if peak < LIMIT_MIB else 'not reached'}.",
    )


def loop(clip: Path, path: Path, minutes: int) -> None:
    """Repeat a clip's packets to a file of this length."""
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    command = [ffmpeg, "-v", "error", "-stream_loop", "-1", "-i", str(clip), "-c", "copy"]
    subprocess.run([*command, "-t", str(60 * minutes), str(path)], check=True)


def walk(folder: Path) -> None:
    """Take the one file of a folder through the stages, and say the peak after each."""
    steps = {step.name: step for leg in legs(Curation(), folder / "set") for step in leg.steps}
    began = time.perf_counter()

    def counted(name: str, items: list[Any]) -> list[Any]:
        step = steps[name]
        if isinstance(step, Gather):
            given = [step.group(items)]
        else:
            given = [list(step.make()(item)) for item in items]
        outputs = [output for outputs in given for output in outputs]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{name}\t{peak}\t{time.perf_counter() - began:.0f}", flush=True)
        return outputs

    clips = counted("split", counted("probe", counted("corpus", list_corpus(folder))))
    tracked = counted("estimate", counted("screen", [clips[0], clips[len(clips) // 2], clips[-1]]))
    samples = counted("reference", counted("same_person", counted("control", tracked)))
    bucket = bucket_name(samples[0].scene.width, samples[0].scene.height)
    counted("shard", [ShardPlan(key=f"{bucket}/000000", bucket=bucket, members=tuple(samples))])


if __name__ == "__main__":
    if sys.argv[1] == "--walk":
        walk(Path(sys.argv[2]))
    else:
        main(Path(sys.argv[1]), [int(word) for word in sys.argv[2:]] or [10, 20])
