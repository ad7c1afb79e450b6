"""The planner on paper against a real run on two workers.

    python -m benchmarks.cost CLIPS_FOLDER [NAME_PREFIX ...]

Runs `curate` with two workers on Ray, reads from its own ledger how long the steps of each lap were busy,
and simulates those laps on two cores. What a ledger does not tell, a worker's start and a lap's own cost, is
taken from `benchmarks/stages.json`; Ray's own start is timed here.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from benchmarks.chosen import chosen
from benchmarks.machine import write_table
from engine.ledger import Ledger
from engine.planning.cost import bill
from engine.planning.rates import read_rates, works_landed
from engine.planning.simulation import Machines
from engine.runners.settings import ClusterSettings
from jobs.commands.curate import Curate, curate
from jobs.commands.estimate_cost import RATES
from pipeline.flow import Curation, legs
from pipeline.stages.corpus import CorpusSettings

FOLDER = Path(__file__).parent
WORKERS = 2
MOST_ERROR = 0.15


def main(folder: Path, prefixes: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        videos, out = chosen(folder, prefixes, Path(scratch) / "videos"), Path(scratch) / "set"
        init_s = ray_start_s()
        job = Curate(
            videos=videos,
            out=out,
            corpus=CorpusSettings(follow_links=True),
            runner="ray",
            cluster=ClusterSettings(workers=WORKERS),
            settings=settings(),
        )
        began = time.perf_counter()
        curate(job, Console(quiet=True))
        real_s = time.perf_counter() - began
        rates = read_rates(RATES)
        works = works_landed(Ledger(out), legs(settings(), out), rates)
    paper = bill(works, [Machines(name="here", count=1, cores=WORKERS)], worker_s=rates.worker_s)
    predicted_s = init_s + paper.wall_s
    error = predicted_s / real_s - 1
    rows: list[tuple[str, ...]] = [("leg", "laps", "work, s", "from, s", "to, s")]
    rows += [
        (leg.leg, str(leg.laps), f"{leg.work_s:.1f}", f"{leg.start_s:.1f}", f"{leg.stop_s:.1f}")
        for leg in paper.legs
    ]
    write_table(
        FOLDER / "COST.md",
        "The planner on paper",
        "python -m benchmarks.cost CLIPS_FOLDER",
        rows,
        f"Ray's start {init_s:.1f} s and the laps on paper {paper.wall_s:.1f} s: {predicted_s:.1f} s. "
        f"The run on {WORKERS} workers took {real_s:.1f} s: wrong by {error:+.1%}, "
        f"{'within' if abs(error) <= MOST_ERROR else 'not within'} {MOST_ERROR:.0%}.",
    )


def settings() -> Curation:
    """One source a lap, so that few clips are many laps."""
    return Curation(sources_per_lap=1)


def ray_start_s() -> float:
    """Seconds that a bare start of Ray takes."""
    code = f"import ray; ray.init(num_cpus={WORKERS}, include_dashboard=False)"
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main(Path(sys.argv[1]), tuple(sys.argv[2:]) or ("",))
