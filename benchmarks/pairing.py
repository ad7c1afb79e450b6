"""`understudy pairs` before any sample is opened: a made-up index is read, drawn from and cut into laps.

    python -m benchmarks.pairing [SAMPLES ...]

Ten samples a person, ten seconds apart in one source, 16 pairs a person. Reading the index alone, and all of
it, are measured in processes of their own.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import get_args

from benchmarks.comparing import write_side
from benchmarks.ledger import peak_mib
from benchmarks.machine import write_table
from dataset.index import read_index
from dataset.pairing import pairs_of
from engine.ledger import Ledger
from jobs.pair_legs import measuring
from schemas.pairs import PairKind
from storage.place import Place

SIZES = (160_000, 1_000_000)
KINDS: tuple[PairKind, ...] = ("cross_clip", "cross_identity")
"""Whose draws the made-up index has something for: it tells of no takes."""
FRAMES, PER_PERSON = 73, 16


def use(what: str, folder: str) -> None:
    """Read an index, draw a kind of pairs from it and cut them into laps, and say what it took."""
    began = time.process_time()
    index = read_index(folder)
    pairs = 0
    for kind in get_args(PairKind):
        if what == kind:
            chosen = pairs_of(index, kind, frames=FRAMES, per_person=PER_PERSON, seed=0)
            laps = measuring(Place.at(folder), chosen).laps(Ledger(Path(folder) / "pairs"))
            pairs = sum(lap.items for lap in laps)
    print(time.process_time() - began, peak_mib(), pairs)


def measure(what: str, folder: Path) -> tuple[float, float, int]:
    """Seconds of processors, peak MiB and pairs, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.pairing", "--use", what, str(folder)]
    seconds, peak, pairs = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(seconds), float(peak), int(pairs)


def main(sizes: Sequence[int]) -> None:
    """Write PAIRING.md."""
    rows: list[tuple[str, ...]] = [("samples", "what", "pairs", "s", "µs a pair", "MiB")]
    for samples in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            write_side(Path(scratch) / "0", samples, 0)
            for what in ("read", *KINDS):
                seconds, peak, pairs = measure(what, Path(scratch) / "0")
                each = f"{seconds / pairs * 1e6:.0f}" if pairs else ""
                rows.append((f"{samples:,}", what, f"{pairs:,}", f"{seconds:.1f}", each, f"{peak:.0f}"))
                print(*rows[-1], flush=True)
    write_table(
        Path(__file__).with_name("PAIRING.md"),
        "Pairs drawn at scale",
        f"python -m benchmarks.pairing {' '.join(map(str, sizes))}",
        rows,
        f"Seconds of processors, of pairs with reading the index. Measured on {date.today()}.",
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--use"]:
        use(*sys.argv[2:])
    else:
        main([int(size) for size in sys.argv[1:]] or SIZES)
