"""`understudy compare` at scale: two made-up indexes, joined and compared by the real code.

    python -m benchmarks.comparing [SAMPLES ...]

Half of the samples have other bytes on the other side, all of those another yaw, and in 1 of 1000 each side
is alone. Reading both indexes and the whole command are measured in processes of their own; tars are not
there, so each sample that is looked into (as many as by default) is named as unreadable and no more.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.ledger import peak_mib
from benchmarks.machine import write_table
from benchmarks.synthetic import record
from dataset.compare import side_by_side
from dataset.index import read_index
from dataset.names import INDEX
from schemas.arrow import encode
from schemas.index import IndexRow
from schemas.version import SCHEMA

SIZES = (100_000, 1_000_000)
A_TAR, A_SOURCE, LOOKED_INTO = 40, 10, 1000
STATED = {"width": 512, "height": 512, "frames": 120, "num_references": 1, "schema": SCHEMA}


def write_side(out: Path, samples: int, side: int) -> None:
    """The index of one of two data sets of so many samples."""
    number = np.arange(samples)[np.arange(samples) % 1000 != side]
    salts = np.where(number % 2 == 0, 0, side)
    columns = {
        "key": [f"{n // A_SOURCE:012x}-{n % A_SOURCE * 240:06d}-0" for n in number.tolist()],
        "source_sha256": [f"{n // A_SOURCE:064x}" for n in number.tolist()],
        "uri": [f"/videos/{n // A_SOURCE:012x}.mp4" for n in number.tolist()],
        "person": [f"{n // A_SOURCE:012x}-0" for n in number.tolist()],
        "shard": [f"shards/512x512/{n // A_TAR:06d}.tar" for n in number.tolist()],
        "offset": number % A_TAR * 2**20,
        "size": np.full(len(number), 2**20),
        "sha256": [
            hashlib.sha256(b"%d %d" % pair).hexdigest()
            for pair in zip(number.tolist(), salts.tolist(), strict=True)
        ],
        "start_s": number % A_SOURCE * 10.0,
        "yaw_max": number % 7 / 10 + salts / 100,
    }
    (row,) = encode([record(IndexRow, "same", **STATED)], IndexRow).to_pylist()
    schema = encode([], IndexRow).schema
    arrays = [
        pa.array(columns[field.name], field.type)
        if field.name in columns
        else pa.repeat(pa.scalar(row[field.name], field.type), len(number))
        for field in schema
    ]
    out.mkdir()
    pq.write_table(pa.table(arrays, schema=schema), out / INDEX, compression="zstd", row_group_size=2**16)


def measure(what: str, folder: Path) -> tuple[float, float]:
    """Seconds of processors and peak MiB of `read` or of `all`, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.comparing", "--use", what, str(folder)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    seconds, peak = map(float, output.split())
    return seconds, peak


def use(what: str, folder: Path) -> None:
    """Read both indexes, for `all` compare them too, and say what it took."""
    began = time.process_time()
    left, right = read_index(folder / "0"), read_index(folder / "1")
    if what == "all":
        found = side_by_side(left, right, LOOKED_INTO)
        if len(found.fields) != 1 or not found.differing or len(found.unreadable) != LOOKED_INTO:
            raise AssertionError(f"{found.differing} differ in {[one.field for one in found.fields]}")
    print(time.process_time() - began, peak_mib())


def main(sizes: Sequence[int]) -> None:
    """Write COMPARING.md."""
    rows: list[tuple[str, ...]] = [
        ("samples", "reading both, s", "whole, s", "µs a sample", "reading both, MiB", "whole, MiB")
    ]
    for samples in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            for side in (0, 1):
                write_side(Path(scratch) / str(side), samples, side)
            reading, whole = (measure(what, Path(scratch)) for what in ("read", "all"))
        rows.append(
            (
                f"{samples:,}",
                *(f"{reading[0]:.1f}", f"{whole[0]:.1f}", f"{whole[0] / samples * 1e6:.0f}"),
                *(f"{reading[1]:.0f}", f"{whole[1]:.0f}"),
            )
        )
    write_table(
        Path(__file__).with_name("COMPARING.md"),
        "Two data sets side by side, at scale",
        f"python -m benchmarks.comparing {' '.join(map(str, sizes))}",
        rows,
        f"Seconds of processors. Measured on {date.today()}.",
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--use"]:
        use(sys.argv[2], Path(sys.argv[3]))
    else:
        main([int(size) for size in sys.argv[1:]] or SIZES)
