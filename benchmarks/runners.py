"""The same job in one process, on Ray with one worker, and on Ray with two; how soon work begins; a rerun.

    python -m benchmarks.runners CLIPS_FOLDER [NAME_PREFIX ...]

Each run is a process of its own on an empty data set, start-up and all, one after the other. The machine
should do nothing else: cores are those that it keeps busy.

One worker declares one core and keeps more than one busy, for it decodes and encodes in threads and processes
beside its estimates. So two workers are compared twice: with one worker as it is, which the second one's core
serves too, and with one that is held on one core, as each is where all cores have a worker.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.chosen import chosen
from benchmarks.machine import write_table

FOLDER = Path(__file__).parent
PREFIXES = (
    *("talk_01", "talk_03", "talk_04", "talk_05", "talk_07", "talk_08"),
    *("half_03", "half_04", "half_05", "full_01", "full_08"),
)
INLINE = ("--runner", "inline")
ONE, TWO = (("--runner", "ray", "--workers", workers) for workers in ("1", "2"))
PROCESS, WORKER, WORKERS = "in one process", "Ray, one worker", "Ray, two workers"
HELD = "Ray, one worker, all on one core"
RUNS = {PROCESS: (INLINE, None), WORKER: (ONE, None), WORKERS: (TWO, None), HELD: (ONE, {0})}
"""How each run is called, and the cores that it may use."""
MOST_COST, LEAST_GAIN, MOST_AGAIN, MOST_BEGIN = 1.1, 1.7, 0.02, 1.5
BARE = """
from engine.runners.ray.loopback import keep_to_loopback
import os
keep_to_loopback(os.environ, None)
import ray
ray.init(address="local", include_dashboard=False, object_store_memory=2**27)
from pipeline.backends import Backends
Backends().build()
"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One way to do the job, done twice."""

    took_s: float
    first_s: float  # until its first lap has landed
    cores: float  # busy on average
    again_s: float
    digest: str


def main(folder: Path, prefixes: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        videos = chosen(folder, prefixes, Path(scratch) / "videos")
        runs = {
            name: twice(videos, Path(scratch) / str(number), how, cores)
            for number, (name, (how, cores)) in enumerate(RUNS.items())
        }
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", BARE], check=True, capture_output=True)
    bare_s = time.perf_counter() - began
    base = runs[PROCESS]
    rows: list[tuple[str, ...]] = [
        ("run", "time", "of one process", "cores busy", "first lap lands", "run again", "same bytes")
    ]
    for name, run in runs.items():
        share, again, same = run.took_s / base.took_s, run.again_s / run.took_s, run.digest == base.digest
        times = (f"{run.took_s:.1f} s", f"{share:.2f}", f"{run.cores:.2f}", f"{run.first_s:.1f} s")
        rows.append((name, *times, f"{run.again_s:.1f} s, {again:.1%}", "yes" if same else "NO"))
    rows.append(("a bare ray.init and the weights", f"{bare_s:.1f} s", *[""] * 5))
    write_table(
        FOLDER / "RUNNERS.md",
        "One job on both runners",
        "python -m benchmarks.runners CLIPS_FOLDER",
        rows,
        f"{len(list(folder.glob('*')))} files in the folder; used: {', '.join(prefixes)}, one source a lap.",
        *goals(runs, bare_s),
    )


def goals(runs: dict[str, Run], bare_s: float) -> list[str]:
    """What was to be reached, and what was."""
    one, two, held = runs[WORKER], runs[WORKERS], runs[HELD]
    cost, gain = one.took_s / runs[PROCESS].took_s, held.took_s / two.took_s
    first, again = one.first_s / bare_s, max(run.again_s / run.took_s for run in runs.values())
    return [
        "",
        f"- One worker takes {cost:.2f} times one process, at most {MOST_COST:g}: "
        f"{verdict(cost <= MOST_COST)}.",
        f"- Two workers are {gain:.2f} times one that is held on one core, at least {LEAST_GAIN:g}: "
        f"{verdict(gain >= LEAST_GAIN)}. They are {one.took_s / two.took_s:.2f} times one that has both "
        f"cores and keeps {one.cores:.2f} busy, as it decodes and encodes beside its estimates: two cores "
        f"hold {2 / one.cores:.2f} of it at most.",
        f"- The first lap lands after {first:.2f} times a bare start, at most {MOST_BEGIN:g}: "
        f"{verdict(first <= MOST_BEGIN)}.",
        f"- A finished job run again takes up to {again:.1%} of its first run, under {MOST_AGAIN:.0%}: "
        f"{verdict(again < MOST_AGAIN)}.",
    ]


def verdict(reached: bool) -> str:  # noqa: FBT001  a word for a fact
    """Of a goal."""
    return "reached" if reached else "not reached"


def twice(videos: Path, out: Path, how: tuple[str, ...], cores: set[int] | None) -> Run:
    """The job, and the finished job again."""
    before_s = busy_s()
    took_s, first_s = run(videos, out, how, cores)
    busy = (busy_s() - before_s) / took_s
    again_s, _ = run(videos, out, how, cores)
    return Run(took_s=took_s, first_s=first_s, cores=busy, again_s=again_s, digest=digest(out))


def busy_s() -> float:
    """Seconds of processor that this machine has used since it was started: all of Ray's processes too."""
    user, nice, system = map(int, Path("/proc/stat").read_text().split(maxsplit=4)[1:4])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")


def run(videos: Path, out: Path, how: tuple[str, ...], cores: set[int] | None) -> tuple[float, float]:
    """Seconds until a run ends, and until its first lap of a step has landed."""
    understudy = Path(sys.executable).with_name("understudy")
    command = [str(understudy), "curate", "--videos", str(videos), "--out", str(out), "--follow-links"]
    began = time.perf_counter()
    first = threading.Event()
    first_s = 0.0

    def wait_for_landing() -> None:
        nonlocal first_s
        while not first.wait(0.02):
            if any((out / "landings" / "sources").glob("*.done")):
                first_s = time.perf_counter() - began
                return

    watcher = threading.Thread(target=wait_for_landing, daemon=True)
    watcher.start()
    done = subprocess.run(
        [*command, "--settings.sources-per-lap", "1", "--settings.samples-per-shard", "2", *how],
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=partial(os.sched_setaffinity, 0, cores) if cores else None,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(how)} failed: {done.stdout}{done.stderr}")
    took_s = time.perf_counter() - began
    first.set()
    watcher.join()
    return took_s, first_s


def digest(out: Path) -> str:
    """Of the index and all shards."""
    whole = hashlib.sha256()
    for path in [out / "index.parquet", *sorted(out.glob("shards/*/*.tar"))]:
        whole.update(path.relative_to(out).as_posix().encode() + path.read_bytes())
    return whole.hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]), tuple(sys.argv[2:]) or PREFIXES)
