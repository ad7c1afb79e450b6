"""Jobs over folders of mutated videos, and what became of each video by what lies on the disk afterwards."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.faults.canaries import Canaries
from benchmarks.faults.clips import clips_in
from benchmarks.faults.outcomes import End, Outcome
from benchmarks.faults.videos import Clips, write_video
from benchmarks.processes import Ended, last_line, run

PYTHON: tuple[str, ...] = (sys.executable,)
"""What runs a module."""
CODES = (0, 1, 3)
"""Exit codes of a job that came to its end: whole, too little kept, with failed items."""
FAILED = "failed"
"""The reason of items that ended in an unforeseen error."""
LIMIT_S = 1800.0
PLACE = re.compile(r"/(\d{6})(/|$)")
"""An item's own folder in an address."""


@dataclass(frozen=True)
class Bench:
    """Where jobs work: clips and truths, canaries, and room for sets."""

    folder: Path
    clips: Clips
    canaries: Canaries


def examine(kind: str, seeds: Sequence[int], bench: Bench) -> Iterator[Outcome]:
    """What becomes of the videos of these seeds in one job; where that stops, of each half in its own."""
    videos, out = bench.folder / "videos", bench.folder / "set"
    for stale in (videos, out):
        shutil.rmtree(stale, ignore_errors=True)
    made = {seed: make(kind, seed, bench, videos) for seed in seeds}
    bench.canaries.touched()
    places = map(str, (videos, out, bench.folder / "truths"))
    ended = run([*PYTHON, "-m", "tests.resume.job", *places], limit_s=LIMIT_S)
    touched = bench.canaries.touched()
    if ended.code in CODES and (out / "index.parquet").exists():
        yield from (with_touched(one, touched) for one in fates(kind, made, videos, out, ended))
    elif len(seeds) > 1:
        middle = len(seeds) // 2
        for half in (seeds[:middle], seeds[middle:]):
            yield from examine(kind, half, bench)
    else:
        reason = "took too long" if ended.timed_out else f"code {ended.code}: {last_line(ended.text)}"
        stopped = Outcome(
            family=kind,
            seed=seeds[0],
            what=made[seeds[0]],
            end="stopped",
            reason=reason,
            seconds=ended.seconds,
            peak_mib=ended.peak_mib,
        )
        yield with_touched(stopped, touched)


def with_touched(outcome: Outcome, touched: Mapping[int, str]) -> Outcome:
    """The outcome with what the item touched."""
    return replace(outcome, touched=touched.get(outcome.seed, ""))


def make(kind: str, seed: int, bench: Bench, videos: Path) -> str:
    """Write the video of a seed into a folder of its own; how it was made."""
    folder = videos / f"{seed:06d}"
    folder.mkdir(parents=True)
    secret = bench.canaries.secret(seed, bench.clips["plain.mp4"])
    return write_video(kind, seed, bench.clips, folder, secret, bench.canaries.address(seed))


def fates(kind: str, made: dict[int, str], videos: Path, out: Path, ended: Ended) -> Iterator[Outcome]:
    """What became of each video of a job that came to its end."""
    kept, rejects, busy_s = kept_in(out), rejects_in(out), busy_of(out)
    for seed, what in made.items():
        folder = videos / f"{seed:06d}"
        end, reason = fate(rejects.get(seed, []), is_kept=seed in kept, is_listed=not is_passed_over(folder))
        yield Outcome(
            family=kind,
            seed=seed,
            what=what,
            end=end,
            reason=reason,
            seconds=busy_s.get(seed, 0.0),
            peak_mib=ended.peak_mib,
        )


def fate(reasons: Sequence[str], *, is_kept: bool, is_listed: bool) -> tuple[End, str]:
    """How an item ended, by the reasons of its rejects and whether it is in the index."""
    if FAILED in reasons:
        return "unnamed", FAILED
    if is_kept:
        return "read", ""
    if reasons:
        return "rejected", reasons[0]
    return ("unnamed", "neither kept nor rejected") if is_listed else ("rejected", "passed_over")


def is_passed_over(folder: Path) -> bool:
    """Whether nothing in an item's folder is a video: the job counts such files by their suffixes."""
    return not any(
        path.is_file() and not path.is_symlink() and path.suffix == ".mp4" for path in folder.iterdir()
    )


def seed_in(uri: str) -> int:
    """The item that an address belongs to, -1 for none."""
    found = PLACE.search(uri)
    return int(found[1]) if found else -1


def kept_in(out: Path) -> set[int]:
    """Items with a sample in the index."""
    keys = {
        key.partition("-")[0]
        for key in pq.read_table(out / "index.parquet", columns=["key"])["key"].to_pylist()
    }
    places: set[int] = set()
    for part in out.glob("landings/sources/part-*.parquet"):
        rows = pq.read_table(part, columns=["key", "uri"]).to_pylist()
        places |= {seed_in(row["uri"]) for row in rows if row["key"] in keys}
    return places


def rejects_in(out: Path) -> dict[int, list[str]]:
    """The reasons of each item's rejects, in the order of the legs."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for table in sorted(out.glob("landings/*/rejects-*.parquet")):
        for row in pq.read_table(table, columns=["uri", "reason"]).to_pylist():
            found[seed_in(row["uri"])].append(row["reason"])
    return dict(found)


def busy_of(out: Path) -> dict[int, float]:
    """Seconds that each item took in the laps that it has for itself."""
    found: defaultdict[int, float] = defaultdict(float)
    for marker in out.glob("landings/clips/part-*.done"):
        lap = marker.name.removeprefix("part-").removesuffix(".done")
        seeds = {seed_in(uri) for uri in uris_of(out, lap)}
        for leg in ("clips", "tracks", "samples"):
            landed = out / "landings" / leg / marker.name
            if len(seeds) == 1 and landed.exists():
                found[seeds.copy().pop()] += sum(
                    step["busy_s"] for step in json.loads(landed.read_text())["steps"]
                )
    return dict(found)


def uris_of(out: Path, lap: str) -> Iterator[str]:
    """The addresses of the videos of a lap of clips."""
    folder = out / "landings" / "clips"
    yield from pq.read_table(folder / f"rejects-{lap}.parquet", columns=["uri"])["uri"].to_pylist()
    for row in pq.read_table(folder / f"part-{lap}.parquet", columns=["video"]).to_pylist():
        yield row["video"]["source"]["uri"]


def bench_in(folder: Path, canaries: Canaries) -> Bench:
    """The bench of a folder in which the clips have been made."""
    return Bench(folder, clips_in(folder), canaries)
