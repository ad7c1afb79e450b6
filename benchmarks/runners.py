"""The same job in one process, on Ray with one worker, and on Ray with two; how soon work begins; a rerun.

    python -m benchmarks.runners CLIPS_FOLDER [NAME_PREFIX ...]

Each run is a process of its own on an empty data set, start-up and all, one after the other.
"""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

from benchmarks.machine import write_table

HERE = Path(__file__).parent
PREFIXES = ("talk_04", "talk_05", "talk_07", "talk_08", "half_04", "half_05", "full_08")
ONE, TWO = ("--runner", "ray", "--workers", "1"), ("--runner", "ray", "--workers", "2")
RUNS = {
    "in one process": (("--runner", "inline"), None),
    "Ray, one worker": (ONE, None),
    "Ray, two workers": (TWO, None),
    "Ray, one worker, all on one core": (ONE, {0}),
}
"""How each run is called, and the cores that it may use: a process keeps more than one core busy, for videos
are encoded beside it, so one worker on two cores is not half of two workers."""
BARE = """
from pipeline.runners.loopback import keep_to_loopback
import os
keep_to_loopback(os.environ, None)
import ray
ray.init(address="local", include_dashboard=False, object_store_memory=2**27)
from pipeline.flow import Backends
Backends().build()
"""


def main(folder: Path, prefixes: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        videos = Path(scratch) / "videos"
        videos.mkdir()
        for path in sorted(folder.iterdir()):
            if path.name.startswith(prefixes):
                (videos / path.name).symlink_to(path.resolve())
        rows: list[tuple[str, ...]] = [("run", "time", "of one process", "first lap lands", "same bytes")]
        base_s, busy, digests = 0.0, 0.0, set()
        for name, (how, cores) in RUNS.items():
            out = Path(scratch) / name.replace(" ", "-").replace(",", "")
            before_s = cpu_s()
            took_s, first_s = run(videos, out, how, cores)
            busy = busy or (cpu_s() - before_s) / took_s
            base_s = base_s or took_s
            digests.add(digest(out))
            same = "yes" if len(digests) == 1 else "NO"
            rows.append((name, f"{took_s:.1f} s", f"{took_s / base_s:.2f}", f"{first_s:.1f} s", same))
            again_s, _ = run(videos, out, how, cores)
            rows.append((f"{name}, run again", f"{again_s:.1f} s", f"{again_s / took_s:.1%}", "", ""))
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", BARE], check=True, capture_output=True)
        rows.append(("a bare ray.init and the weights", f"{time.perf_counter() - began:.1f} s", "", "", ""))
    write_table(
        HERE / "RUNNERS.md",
        "One job on both runners",
        "python -m benchmarks.runners CLIPS_FOLDER",
        rows,
        f"{len(list(folder.glob('*')))} files in the folder; used: {', '.join(prefixes)}, one source a lap. "
        f"Shares of a run again are of its own first run. One process keeps {busy:.2f} cores busy.",
    )


def cpu_s() -> float:
    """Seconds of processor that ended children have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(videos: Path, out: Path, how: tuple[str, ...], cores: set[int] | None) -> tuple[float, float]:
    """Seconds until a run ends, and until its first lap of a step has landed."""
    understudy = Path(sys.executable).with_name("understudy")
    command = [str(understudy), "curate", "--videos", str(videos), "--out", str(out)]
    began = time.perf_counter()
    first = threading.Event()
    first_s = 0.0

    def look() -> None:
        nonlocal first_s
        while not first.wait(0.02):
            if any((out / "landings" / "sources").glob("*.done")):
                first_s = time.perf_counter() - began
                return

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    subprocess.run(
        [*command, "--settings.sources-per-lap", "1", "--settings.samples-per-shard", "2", *how],
        check=True,
        capture_output=True,
        preexec_fn=partial(os.sched_setaffinity, 0, cores) if cores else None,
    )
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
