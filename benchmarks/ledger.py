"""The ledger at scale: what plan, resume scan, status and index cost, with synthetic rows and the real code.

    python -m benchmarks.ledger [CLIPS ...]

Makes a finished ledger for each number of clips and measures each of its uses in a process of its own,
against a bare read of the same files in the same run. Needs about 2 kB of disk a clip.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks.machine import write_table
from benchmarks.synthetic import make_ledger
from dataset.index_writer import of_tar, write_index
from engine.ledger import Ledger
from engine.runners.inline import run
from engine.runners.status import LegProgress, WorkerState
from pipeline.flow import Curation, legs

FOLDER = Path(__file__).parent
CLIPS_PER_SOURCE = 10
SIZES = (10_000, 100_000, 600_000)
MOST_TIMES, MOST_MIB = 3.0, 2048
SMALL, REPEATED = 100_000, 3
"""Up to so many clips, the shortest of some runs counts."""


class Nobody:
    """A watch that only minds that nothing is done again."""

    def lanes(self, lanes: Sequence[LegProgress]) -> None:
        for lane in lanes:
            if lane.done != lane.laps:
                raise AssertionError(f"{lane.leg}: {lane.laps - lane.done} synthetic laps would be run again")

    def sights(self, sights: Sequence[WorkerState]) -> None: ...

    def stuck(self, why: Sequence[str]) -> None: ...


def plan(out: Path) -> None:
    """The laps of all legs."""
    ledger = Ledger(out)
    for leg in legs(Curation(), out):
        leg.laps(ledger)


def resume_scan(out: Path) -> None:
    """A finished job, run again."""
    house, clock = legs(Curation(), out), time.perf_counter
    run(house, Ledger(out), Nobody(), clock=clock, unseal=lambda: None, gpus=lambda: 0)


def bare_scan(out: Path) -> None:
    """The files of a resume scan, read and not understood: markers, and those columns that plans look at."""
    read_columns(out, "listing", None)
    read_columns(out, "sources", ["uri", "num_bytes"])
    read_columns(out, "catalogue", ["uri"])
    read_columns(out, "samples", ["key", "scene.width", "scene.height", "content"])
    for path in (out / "landings").glob("*/part-*.done"):
        path.read_bytes()


def read_columns(out: Path, leg: str, columns: list[str] | None) -> None:
    """Columns of all landings of a leg."""
    for path in (out / "landings" / leg).glob("part-*.parquet"):
        with pq.ParquetFile(path) as file:
            file.read(columns=columns)


def status(out: Path) -> None:
    """Tallies of all legs."""
    ledger = Ledger(out)
    for leg in legs(Curation(), out):
        ledger.tallies(leg.name)


def index(out: Path) -> None:
    """The index, from the landings of the shards."""
    ledger = Ledger(out)
    write_index(out, [of_tar(partial(ledger.columns, "shards", name)) for name in ledger.names("shards")])


USES: dict[str, Callable[[Path], None]] = {
    "bare read of a resume scan's files": bare_scan,
    "resume scan": resume_scan,
    "plan alone": plan,
    "status": status,
    "bare read of the index's rows": partial(read_columns, leg="shards", columns=None),
    "index": index,
}


def measure(name: str, out: Path) -> tuple[float, float]:
    """Seconds and peak MiB of a use, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.ledger", "--use", name, str(out)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    seconds, peak = json.loads(output.splitlines()[-1])
    return seconds, peak


def use(name: str, out: Path) -> None:
    """Do it, and say what it took."""
    began = time.perf_counter()
    USES[name](out)
    took = time.perf_counter() - began
    print(json.dumps([took, peak_mib()]))


def peak_mib() -> float:
    """Most memory of this process; `ru_maxrss` would begin with that of the process that started it."""
    (line,) = (
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    return int(line.split()[1]) / 1024


def rows_of(num_clips: int) -> list[tuple[Any, ...]]:
    """Clips, use, seconds, MiB, and how often a bare read the time is."""
    rows: list[tuple[Any, ...]] = []
    bare_s = 0.0
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch)
        make_ledger(out, num_clips, CLIPS_PER_SOURCE)
        times = REPEATED if num_clips <= SMALL else 1
        for name in USES:
            seconds, peak = min(measure(name, out) for _ in range(times))
            bare_s = seconds if name.startswith("bare") else bare_s
            rows.append((num_clips, name, seconds, peak, seconds / bare_s))
            print(*rows[-1], flush=True)
    return rows


def main(sizes: Sequence[int]) -> None:
    rows = [row for size in sizes for row in rows_of(size)]
    scans = [row for row in rows if row[1] == "resume scan"]
    times, peak = max(row[4] for row in scans), max(row[3] for row in scans)
    reached = times <= MOST_TIMES and peak <= MOST_MIB
    per_clip = ", ".join(f"{row[2] / row[0] * 1e6:.0f} µs" for row in scans)
    write_table(
        FOLDER / "LEDGER.md",
        "The ledger at scale",
        f"python -m benchmarks.ledger {' '.join(map(str, sizes))}",
        [
            ("clips", "what", "seconds", "peak MiB", "times its bare read"),
            *((f"{row[0]:,}", row[1], f"{row[2]:.2f}", f"{row[3]:.0f}", f"{row[4]:.2f}") for row in rows),
        ],
        f"Goal for a resume scan: at most {MOST_TIMES:g} times its bare read, under {MOST_MIB} MiB. Most: "
        f"{times:.2f} times, {peak:.0f} MiB, {'reached' if reached else 'not reached'}. "
        f"A clip of each size costs it {per_clip}.",
        f"Laps of 4 sources, {CLIPS_PER_SOURCE} clips a source, all clips kept; files in the page cache.",
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--use"]:
        use(sys.argv[2], Path(sys.argv[3]))
    else:
        main([int(size) for size in sys.argv[1:]] or SIZES)
