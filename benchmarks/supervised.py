"""The same job in a process that is watched, and in its own (`--strict`), in turns: what the watch costs.

    python -m benchmarks.supervised CLIPS_FOLDER TURNS [NAME_PREFIX ...]

Each run is a process of its own on an empty data set, start-up and all. Processor seconds are those of the
whole tree of processes: other work on the machine changes them less than the time that a clock shows.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.chosen import chosen
from benchmarks.machine import write_table
from benchmarks.runners import PREFIXES, digest

FOLDER = Path(__file__).parent
OWN, WATCHED = "in the job's own process (--strict)", "in a process that is watched"
MODES = {OWN: ("--strict",), WATCHED: ()}
MOST_COST = 1.02


def main(folder: Path, turns: int, prefixes: tuple[str, ...]) -> None:
    times: dict[str, list[tuple[float, float]]] = {mode: [] for mode in MODES}
    digests = set()
    with tempfile.TemporaryDirectory() as scratch:
        videos = chosen(folder, prefixes, Path(scratch) / "videos")
        for turn in range(turns):
            for mode in list(MODES)[:: 1 if turn % 2 else -1]:
                out = Path(scratch) / f"{turn} {mode}".replace("/", " ")
                times[mode].append(run(videos, out, MODES[mode]))
                digests.add(digest(out))
    took, busy = ({mode: median(pair[what] for pair in times[mode]) for mode in MODES} for what in (0, 1))
    rows: list[tuple[str, ...]] = [("run", "time", "processor seconds", "of the own process")]
    for mode in MODES:
        share = f"{busy[mode] / busy[OWN]:.3f}"
        rows.append((mode, f"{took[mode]:.1f} s", f"{busy[mode]:.1f} s", share))
    cost = busy[WATCHED] / busy[OWN]
    write_table(
        FOLDER / "SUPERVISED.md",
        "What a watched process costs",
        f"python -m benchmarks.supervised CLIPS_FOLDER {turns}",
        rows,
        f"Medians of {turns} runs each way, in turns; files: {', '.join(prefixes)}.",
        "",
        f"- It costs {cost:.3f} times the processor seconds, at most {MOST_COST:g}: "
        f"{'reached' if cost <= MOST_COST else 'not reached'}; "
        f"{busy[WATCHED] - busy[OWN]:+.1f} s.",
        f"- The bytes are the same: {'yes' if len(digests) == 1 else 'NO'}.",
    )


def run(videos: Path, out: Path, how: tuple[str, ...]) -> tuple[float, float]:
    """Seconds that the job took, and seconds of processors that it and its children used."""
    understudy = Path(sys.executable).with_name("understudy")
    command = [str(understudy), "curate", "--videos", str(videos), "--out", str(out), "--follow-links", *how]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return time.perf_counter() - began, used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), tuple(sys.argv[3:]) or PREFIXES)
