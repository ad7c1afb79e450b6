"""Two checkouts at the same work, in turns: time and memory, the bytes of the sets, the losses of a training.

    python -m benchmarks.compare A B CLIPS_FOLDER [NAME_PREFIX ...] [--turns 5] [--to FILE]
        [--options-a "..."] [--options-b "..."] [--train "..."] [--train-a "..."] [--train-b "..."]

A and B are folders with the code of two versions; both run with this Python and its packages. Each turn is a
job of A and then the same of B, each in a process of its own on an empty data set, so that what else the
machine does falls on both. The ratio is the median over the turns of B by A: of the seconds of processors,
which other work on the machine hardly changes, and of the seconds of a clock. Options are added to `curate`
and `train`, for settings that one of the two calls otherwise.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from benchmarks.machine import machine, write_table
from benchmarks.processes import Ended, last_line, run

SMALL = ("--settings.control.canvas-area", "24576")
SHORT = (
    *("--recipe", "tiny", "--settings.phases.0.steps", "6", "--settings.phases.1.steps", "4"),
    *("--settings.phases.2.steps", "4", "--settings.loader.order.held-out", "0"),
)
LIMIT_S = 3600.0
MOST = 1.02
"""Undisturbed work may take so many times what it took."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """A checkout, and what its commands are given besides."""

    name: str
    folder: Path
    curate: Sequence[str]
    train: Sequence[str]

    def command(self, *args: str) -> Ended:
        """Run a command of this version.

        Raises:
            RuntimeError: it does not end well.
        """
        env = {"PYTHONPATH": str(self.folder)}
        command = [sys.executable, "-m", "jobs.cli", *args]
        ended = run(command, limit_s=LIMIT_S, env=env, cwd=self.folder)
        if ended.code:
            raise RuntimeError(f"{self.name}: {args[0]} ended with {ended.code}: {last_line(ended.text)}")
        return ended

    def set_of(self, videos: Path, out: Path) -> Ended:
        """Curate into an empty folder."""
        return self.command("curate", "--videos", str(videos), "--out", str(out), *SMALL, *self.curate)

    def training(self, data: Path, out: Path) -> Ended:
        """Train for some steps on a set."""
        return self.command("train", "--data", str(data), "--out", str(out), *SHORT, *self.train)


def contents(out: Path) -> dict[str, str]:
    """Digests of the tars and the index of a set, by name, and the rejects with their reasons."""
    files = [*out.glob("shards/*/*.tar"), out / "index.parquet"]
    found = {str(file.relative_to(out)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    for table in out.glob("landings/*/rejects-*.parquet"):
        for row in pq.read_table(table, columns=["key", "step", "reason"]).to_pylist():
            found[f"reject {row['key']} in {row['step']}"] = row["reason"]
    return found


def losses(run_folder: Path) -> dict[str, str]:
    """The loss of each step as it is written, and digests of the last checkpoint's weights."""
    events = EventAccumulator(str(run_folder / "curves"), size_guidance={"scalars": 0})
    events.Reload()
    found = {f"loss of step {event.step}": repr(event.value) for event in events.Scalars("loss")}
    last = max((run_folder / "checkpoints").iterdir())
    for file in last.rglob("*.safetensors"):
        found[str(file.relative_to(last))] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found


def differences(a: Mapping[str, str], b: Mapping[str, str]) -> list[str]:
    """Names of what is only in one, or differs."""
    return sorted(name for name in a.keys() | b.keys() if a.get(name) != b.get(name))


def ratios(pairs: Sequence[tuple[Ended, Ended]]) -> tuple[float, float]:
    """B by A, the median over the turns: of the seconds of processors, and of a clock."""
    cpu = statistics.median(b.cpu_s / a.cpu_s for a, b in pairs)
    return cpu, statistics.median(b.seconds / a.seconds for a, b in pairs)


def row_of(
    name: str, pairs: Sequence[tuple[Ended, Ended]], compared: int, differ: Sequence[str]
) -> tuple[str, ...]:
    """A kind of work as a row of the table."""
    cpu, clock = ratios(pairs)
    return (
        name,
        str(len(pairs)),
        " / ".join(
            f"{statistics.median(one.cpu_s for one in runs):.1f}" for runs in zip(*pairs, strict=True)
        ),
        f"{cpu:.3f}{'' if cpu <= MOST else ', more than ' + str(MOST)}",
        f"{clock:.3f}",
        " / ".join(f"{max(one.peak_mib for one in runs):.0f}" for runs in zip(*pairs, strict=True)),
        f"{compared - len(differ)} of {compared}",
    )


def main() -> None:
    """Compare, and print or write the table; exit code 1 where bytes or losses differ."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare")
    parser.add_argument("a", type=Path)
    parser.add_argument("b", type=Path)
    parser.add_argument("clips", type=Path)
    parser.add_argument("prefixes", nargs="*", default=["talk_07", "full_08", "half_05"])
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--train-turns", type=int, default=1, help="0 for no training")
    parser.add_argument("--to", type=Path, help="a Markdown file for the table")
    for name in ("options-a", "options-b", "train-a", "train-b"):
        parser.add_argument(f"--{name}", default="")
    asked = parser.parse_args()
    a = Version(
        name="A", folder=asked.a.resolve(), curate=asked.options_a.split(), train=asked.train_a.split()
    )
    b = Version(
        name="B", folder=asked.b.resolve(), curate=asked.options_b.split(), train=asked.train_b.split()
    )
    with tempfile.TemporaryDirectory() as scratch:
        rows, differ = compared(
            a, b, chosen(asked.clips, asked.prefixes, Path(scratch)), asked.turns, asked.train_turns
        )
    heads = (
        "work",
        "turns",
        "processor s, A / B",
        "B by A, processor",
        "by the clock",
        "peak MiB, A / B",
        "the same",
    )
    if asked.to:
        command = "python -m benchmarks.compare A B CLIPS"
        write_table(asked.to, "Two versions at the same work", command, [heads, *rows], *differ)
    else:
        print(machine(), heads, *rows, *differ, sep="\n")
    sys.exit(1 if differ else 0)


def chosen(clips: Path, prefixes: Sequence[str], scratch: Path) -> Path:
    """A folder with copies of the clips whose names begin so."""
    videos = scratch / "videos"
    videos.mkdir()
    for path in sorted(clips.iterdir()):
        if path.name.startswith(tuple(prefixes)):
            shutil.copyfile(path, videos / path.name)
    return videos


def compared(
    a: Version, b: Version, videos: Path, turns: int, train_turns: int
) -> tuple[list[tuple[str, ...]], list[str]]:
    """The rows of the table, and the names of what differs."""
    scratch = videos.parent
    curated = [
        (a.set_of(videos, scratch / f"set A{turn}"), b.set_of(videos, scratch / f"set B{turn}"))
        for turn in range(turns)
    ]
    sets = contents(scratch / "set A0"), contents(scratch / "set B0")
    differ = differences(*sets)
    rows = [row_of("curate", curated, len(sets[0]), differ)]
    data = scratch / "set A0"
    trained = [
        (a.training(data, scratch / f"run A{turn}"), b.training(data, scratch / f"run B{turn}"))
        for turn in range(train_turns)
    ]
    if trained:
        learned = losses(scratch / "run A0"), losses(scratch / "run B0")
        others = differences(*learned)
        rows.append(row_of("train", trained, len(learned[0]), others))
        differ += others
    return rows, differ


if __name__ == "__main__":
    main()
