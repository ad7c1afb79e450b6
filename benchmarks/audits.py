"""The page of an audit at scale: 600 000 made-up samples, the real code.

    python -m benchmarks.audits [SAMPLES]

The index and the measures are numbers drawn by chance; the worst samples of all rules are those of a small
data set whose tars are there, so that the page has its pictures. Measured in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.machine import write_table
from dataset.index import read_index
from dataset.names import INDEX, MEASURES
from pipeline.measures.known import OWN
from pipeline.measures.table import table_schema
from schemas.measures import TABLE
from tests.stored import write_data_set

FOLDER = Path(__file__).parent
SAMPLES, FRAMES = 600_000, 120
MOST_S, MOST_MIB = 600.0, 2048

RUN = """
import resource, sys, time
from rich.console import Console
from dataset.index import read_index
from jobs.audits.rules import read_rules
from jobs.commands.audit import Audit, write_report
began, console = time.perf_counter(), Console()
write_report(Audit(data=sys.argv[1], out=sys.argv[2]), read_index(sys.argv[1]), read_rules(None), console)
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def enlarge(out: Path, samples: int) -> None:
    """Make the index of a data set so long, by rows of tars that are not there, and its measures."""
    random, table = np.random.default_rng(0), read_index(out).table
    existing = table.num_rows
    number = np.arange(samples - existing)
    text = pa.array([f"{n:012x}-000000-0" for n in number])
    new = {name: pa.repeat(table[name][0].as_py(), len(number)) for name in table.column_names}
    new |= {
        "key": text,
        "shard": pa.array([f"shards/96x144/{n // 64 + 100:06d}.tar" for n in number]),
        "offset": pa.array(number % 64 * 2**20),
        "size": pa.repeat(2**20, len(number)),
        "source_sha256": pa.array([f"{n // 8:064x}" for n in number]),
        "sha256": pa.array([random.bytes(32).hex() for _ in number]),
        "start_s": pa.array(number % 8 * 5.0),
        "stop_s": pa.array(number % 8 * 5.0 + random.uniform(1, 5, len(number))),
        "yaw_min": pa.array(random.normal(0, 0.5, len(number))),
    }
    plain = pa.table({name: table[name].cast(new[name].type) for name in table.column_names})
    whole = pa.concat_tables([plain, pa.table(new)]).sort_by("key")
    pq.write_table(whole.cast(pq.read_schema(out / INDEX)), out / INDEX, compression="zstd")
    write_measures(out, whole, {*plain["key"].to_pylist()}, random)


def write_measures(out: Path, index: pa.Table, bad: set[str], random: np.random.Generator) -> None:
    """Measures of an index by chance, and of the keys `bad` all beyond every bound."""
    beyond = np.array([key in bad for key in index["key"].to_pylist()])
    columns = {"key": index["key"], "sample_sha256": index["sha256"]}
    columns["fingerprint"] = pa.array([random.bytes(24).hex() for _ in beyond])
    columns["mouth"] = pa.array([random.bytes(49).hex() if place % 2 else "" for place in range(len(beyond))])
    for measure in OWN:
        columns[measure.name] = pa.array(np.where(beyond, 1e3, random.lognormal(-4, 1, len(beyond))))
    (out / MEASURES).mkdir()
    pq.write_table(pa.table(columns).cast(table_schema(OWN)), out / MEASURES / TABLE, compression="zstd")


def main(samples: int) -> None:
    """Write AUDITS.md.

    Raises:
        SystemExit: a limit does not hold.
    """
    with tempfile.TemporaryDirectory() as folder:
        write_data_set(Path(folder))
        enlarge(Path(folder) / "set", samples)
        command = [sys.executable, "-c", RUN, str(Path(folder) / "set"), str(Path(folder) / "report")]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        seconds, mib = map(float, done.stdout.split()[-2:])
        page = (Path(folder) / "report" / "index.html").stat().st_size / 2**20
        verdict = json.loads((Path(folder) / "report" / "audit.json").read_text())["verdict"]
    rows: list[tuple[str, ...]] = [
        ("samples", "page, s", "of", "memory, MiB", "of", "page, MiB", "verdict"),
        (
            f"{samples:,}",
            f"{seconds:.0f}",
            f"{MOST_S:.0f}",
            f"{mib:.0f}",
            f"{MOST_MIB}",
            f"{page:.1f}",
            verdict,
        ),
    ]
    title = "The page of an audit, its measures taken"
    write_table(
        FOLDER / "AUDITS.md",
        title,
        f"python -m benchmarks.audits {samples}",
        rows,
        f"Measured on {date.today()}.",
    )
    if seconds > MOST_S or mib > MOST_MIB or page > 20:
        raise SystemExit("a limit does not hold")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES)
