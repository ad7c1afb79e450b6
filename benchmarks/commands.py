"""What commands take from start to end, of this checkout or of another one: `git worktree add FOLDER COMMIT`.

    python -m benchmarks.commands VIDEOS PICTURE CLIP [CHECKOUT]

VIDEOS are curated, one sample is previewed, a training of four steps a phase makes CLIP's film of PICTURE in
four steps. Seconds are those of processors, of all processes, beside those of the clock.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import machine

START = "import sys; from jobs.cli import main; sys.exit(main())"
STEPS = tuple(word for phase in range(3) for word in (f"--settings.phases.{phase}.steps", "4"))


def main(videos: str, picture: str, clip: str, checkout: Path) -> None:
    print(
        f"{checkout}, on {machine()}\n\n| command | s of processors | s of the clock |\n| --- | --- | --- |"
    )
    with tempfile.TemporaryDirectory() as folder:
        out, run, sheets = (f"{folder}/{name}" for name in ("set", "run", "sheets"))
        area = ("--settings.control.canvas-area", "24576")
        for name, words in {
            "train --help": ("train", "--help"),
            "curate --help": ("curate", "--help"),
            "curate": ("curate", "--videos", videos, "--out", out, *area),
            "preview, one sample": ("preview", out, "--out", sheets, "--samples", "1"),
            "train, twelve steps": ("train", "--data", out, "--out", run, *STEPS),
            "animate, four steps": (
                *("animate", "--run", run, "--reference", picture, "--driving", clip),
                *("--sampler.steps", "4", "--out", f"{folder}/video.mp4"),
            ),
        }.items():
            spent, clock = seconds(words, checkout)
            print(f"| {name} | {spent:.1f} | {clock:.1f} |", flush=True)


def seconds(words: tuple[str, ...], checkout: Path) -> tuple[float, float]:
    """Of processors and of the clock; what the command printed is told where it fails."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", START, *words],
        cwd=checkout,  # its packages come first, in the processes that it starts too
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent, time.monotonic() - began


if __name__ == "__main__":
    videos, picture, clip, *other = (Path(path).resolve() for path in sys.argv[1:])
    main(str(videos), str(picture), str(clip), other[0] if other else Path.cwd())
