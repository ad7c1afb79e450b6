"""Mutated files of strangers, tampered sets, and kills: what becomes of each. All of it follows from seeds.

    python -m benchmarks.faults FOLDER [--families headers kills ...] [--share 0.1] [--no-table]

FOLDER keeps what was found, so that the same command goes on where it was stopped. A bad item is made again
by its family and seed: --families headers --seeds 17. The table goes to benchmarks/FAULTS.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.faults import curations, reading
from benchmarks.faults.canaries import Canaries
from benchmarks.faults.clips import make_clips
from benchmarks.faults.outcomes import HEADINGS, Outcome, append, line_of, outcomes_in, row_of
from benchmarks.faults.recoveries import recover_all, recovery_lines
from benchmarks.machine import write_table

FOLDER = Path(__file__).resolve().parents[1]
CORPUS = FOLDER.parents[1] / "shared" / "corpus"
VIDEOS_A_JOB = 50
KILLS = "kills"
MOST_MIB = 2048


@dataclass(frozen=True)
class Part:
    """A family of items, and how many there are."""

    title: str
    number: int
    examine: Callable[[str, Sequence[int], Path, Canaries], Iterator[Outcome]]


def by_jobs(kind: str, seeds: Sequence[int], folder: Path, canaries: Canaries) -> Iterator[Outcome]:
    """What becomes of videos in jobs of many."""
    bench = curations.bench_in(folder, canaries)
    for at in range(0, len(seeds), VIDEOS_A_JOB):
        yield from curations.examine(kind, seeds[at : at + VIDEOS_A_JOB], bench)


PARTS = {
    "headers": Part("videos, headers", 800, by_jobs),
    "streams": Part("videos, streams", 700, by_jobs),
    "containers": Part("videos, containers", 300, by_jobs),
    "names": Part("videos, names", 200, by_jobs),
    "members": Part("members of samples", 1500, reading.examine),
    "sets": Part("tampered sets", 100, reading.examine),
    "weights": Part("weight files and runs", 300, reading.examine),
    "stills": Part("pictures and sounds", 100, reading.examine),
}


def main() -> None:
    """Examine what has not been, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--families", nargs="+", choices=[*PARTS, KILLS], default=[*PARTS, KILLS])
    parser.add_argument("--seeds", nargs="+", type=int, help="these again, whatever was found before")
    parser.add_argument("--kinds", nargs="+", default=(), help='of kills, as in the table: "drivers, Ray"')
    parser.add_argument("--share", type=float, default=1.0, help="of all items and kills")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="a folder with clips/")
    parser.add_argument("--no-table", action="store_true")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    if not (asked.folder / "clips").is_dir():
        make_clips(asked.folder, asked.corpus if asked.corpus.is_dir() else None)
    for family in asked.families:
        if family == KILLS:
            recover_all(asked.folder, asked.share, asked.kinds, asked.seeds or ())
        else:
            examine(family, asked.seeds, asked.folder.resolve(), asked.share)
    if not asked.no_table:
        table(asked.folder)


def examine(family: str, wanted: Sequence[int] | None, folder: Path, share: float) -> None:
    """Examine the items of a family that have not been, or those of these seeds; tell of the bad ones."""
    file, part = folder / "outcomes.jsonl", PARTS[family]
    done = {outcome.seed for outcome in outcomes_in(file) if outcome.family == family}
    seeds = wanted or [seed for seed in range(round(share * part.number)) if seed not in done]
    canaries = Canaries(folder / "canaries")
    for outcome in part.examine(family, seeds, folder, canaries):
        append(file, [outcome])
        if outcome.is_bad or outcome.peak_mib > MOST_MIB:
            print(line_of(outcome), flush=True)
    canaries.close()


def table(folder: Path) -> None:
    """Write what was found."""
    outcomes = outcomes_in(folder / "outcomes.jsonl")
    rows = [
        row_of(part.title, found)
        for family, part in PARTS.items()
        if (found := [outcome for outcome in outcomes if outcome.family == family])
    ]
    bad = [f"- {line_of(outcome)}" for outcome in outcomes if outcome.is_bad]
    write_table(
        FOLDER / "FAULTS.md",
        "What strangers send, and kills",
        "python -m benchmarks.faults FOLDER",
        [HEADINGS, *rows],
        f"{date.today():%d %B %Y}. Read: used, or found whole. Unnamed: ended in an error that names",
        "nothing, in a reject `failed`, or in nothing at all. Peak: the most memory of any process, with the",
        f"libraries that it has loaded; at most {MOST_MIB} MiB. Worst: the longest that a single item took.",
        "",
        *recovery_lines(folder),
        *(["", "Ended as none may:", "", *bad] if bad else []),
    )


if __name__ == "__main__":
    main()
