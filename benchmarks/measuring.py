"""What measuring a stored sample takes beside decoding it: an audit runs at 80 % of decoding's speed.

    python -m benchmarks.measuring [SET]

SET is a data set of real videos: `make demo` makes one. Seconds are the process's, of one thread as in a
worker of one core, so other work on the machine does not count. Each sample is decoded once, then measured.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

from benchmarks.machine import write_table
from dataset.index import read_index
from dataset.reader import Members, Reader
from engine.runners.supervisor import POOLS
from pipeline.measures.faces import picture_faces
from pipeline.measures.known import measures
from pipeline.measures.measure import Measure
from pipeline.measures.opened import opened_sample
from pipeline.measures.pictures import fingerprint
from schemas.index import IndexRow

FOLDER = Path(__file__).parent
LEAST = 0.8
"""Speed of an audit over that of decoding alone."""
T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What some work gives, and its seconds."""
    began = time.process_time()
    return work(), time.process_time() - began


def times_of(row: IndexRow, members: Members, kinds: Sequence[Measure]) -> tuple[float, float]:
    """Seconds of decoding a sample, and of measuring it."""
    sample, decoding = timed(lambda: opened_sample(row, members))
    _, measuring = timed(lambda: [fingerprint(sample.greys), *(one.measured(sample) for one in kinds)])
    return decoding, measuring


def main(data: str) -> None:
    """Write MEASURING.md.

    Raises:
        SystemExit: measuring takes more than a quarter of decoding.
    """
    reader, kinds, found = Reader(data, verify=False), measures(), read_index(data)
    rows = list(found.rows())
    times_of(rows[0], reader.read(rows[0]), kinds)  # libraries are loaded by the first
    picture_faces()  # and networks once a process
    times = [times_of(row, reader.read(row), kinds) for row in rows]
    decoding, measuring = (sum(part) for part in zip(*times, strict=True))
    share = decoding / (decoding + measuring)
    frames = sum(row.frames for row in rows)
    table: list[tuple[str, ...]] = [
        ("samples", "frames", "decoding, s", "measuring, s", "speed beside decoding", "least"),
        (f"{len(rows)}", f"{frames}", f"{decoding:.2f}", f"{measuring:.2f}", f"{share:.0%}", f"{LEAST:.0%}"),
    ]
    sizes = sorted({f"{row.width}x{row.height}" for row in rows})
    notes = f"Canvases: {', '.join(sizes)}. Measured on {date.today()}."
    title = "Measuring samples beside decoding them"
    write_table(FOLDER / "MEASURING.md", title, "python -m benchmarks.measuring", table, notes)
    if share < LEAST:
        raise SystemExit("measuring takes more than a quarter of decoding")


if __name__ == "__main__":
    one = dict.fromkeys(POOLS, "1")
    if not one.items() <= os.environ.items():  # libraries read it as they are loaded
        os.execve(
            sys.executable, [sys.executable, "-m", "benchmarks.measuring", *sys.argv[1:]], os.environ | one
        )
    main(sys.argv[1] if len(sys.argv) > 1 else "out/demo/set")
