"""Faults planted in samples, each found by its rule or not, and what rules find that was not planted.

    python -m benchmarks.planted [SET]

The samples are the made-up figure's (`tests/jobs/audits/planted.py`), and those of real clips of the shared
corpus (`benchmarks/planted_real.py`), or of a SET that is there; rules are ours of severity error.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.machine import table_lines, write_table
from benchmarks.planted_real import make_real, write_faulty
from dataset.index import read_index
from jobs.audits.rules import read_rules
from jobs.cli import main as understudy
from tests.jobs.audits.planted import write_planted

FOLDER = Path(__file__).parent
SHARED = Path(os.environ.get("UNDERSTUDY_SHARED", FOLDER.parents[1] / "shared"))
Found = dict[str, set[str]]
"""Keys by rule."""
Row = tuple[str, ...]
SAME_SET = {"driver_is_target": "leak", "strange_face": "strange_reference"}
"""Rules that find what is planted in the set of another's name."""


@dataclass(frozen=True)
class Audited:
    """What an audit tells of a set."""

    samples: int
    found: Found
    asked: dict[str, int]
    """Samples that each rule asks: whose value is known."""


def audited(folder: Path, name: str, *, used: bool = True) -> Audited:
    """What an audit tells of a set, `used` by "held" and "pairs.parquet"."""
    use = ["--held-out-keys", str(folder / "held"), "--pairs", str(folder / "pairs.parquet")] if used else []
    report = folder / f"report of {name}"
    understudy(["audit", str(folder / name), "--out", str(report), *use, "--fail-on", "never"])
    numbers = json.loads((report / "audit.json").read_text())
    return Audited(
        numbers["samples"],
        {one["id"]: {key for key, _ in one["worst"]} for one in numbers["rules"]},
        {one["id"]: one["asked"] for one in numbers["rules"]},
    )


def of_figures(folder: Path, rules: list[str]) -> tuple[list[Row], bool]:
    """The table of the made-up figure, and whether all was found and nothing else."""
    write_planted(folder)
    wanted: Found = defaultdict(set)
    for line in (folder / "planted").read_text().splitlines():
        rule, key = line.split()
        wanted[rule].add(key)
    tainted, clean = audited(folder, "faulty"), audited(folder, "clean")
    bad, good = tainted.found, clean.found
    faulty = set[str]().union(*wanted.values())
    rows: list[Row] = [
        (
            "rule",
            "planted",
            "found",
            "of other samples",
            "falsely found",
            f"found in {clean.samples} clean ones",
        )
    ]
    for rule in rules:
        planted, other = wanted[rule], bad[rule] - wanted[rule]
        falsely = f"{len(other)}, {len(other & faulty)} of them faulty" if other else "0"
        others = tainted.samples - len(planted)
        numbers = (len(planted), len(bad[rule] & planted), others, falsely, len(good[rule]))
        rows.append((rule, *map(str, numbers)))
    whole = not any(wanted[rule] - bad[rule] or good[rule] or bad[rule] - faulty for rule in rules)
    return rows, whole


def of_real(made: Path, folder: Path, rules: list[str]) -> list[Row]:
    """The table of real clips: each fault in all samples that can have it."""
    wanted = write_faulty(made, folder)
    clean = audited(folder, "clean", used=False)
    audits = {rule: audited(folder, rule) for rule in wanted if rule not in SAME_SET}
    audits |= {rule: audits[SAME_SET[rule]] for rule in SAME_SET}
    rows: list[Row] = [
        (
            "rule",
            "planted",
            "asked",
            "found",
            "falsely found",
            f"found in {clean.samples} clean ones",
            "also by",
        )
    ]
    for rule in rules:
        planted, faulty = wanted.get(rule, set()), audits.get(rule, clean)
        new = {other: faulty.found[other] - clean.found[other] for other in rules}
        also = [
            f"{other} {len(new[other])}"
            for other in rules
            if new[other] and other not in (rule, "leak", "driver_is_target")
        ]
        found = (len(faulty.found[rule] & planted), len(new[rule] - planted), len(clean.found[rule]))
        rows.append((rule, *map(str, (len(planted), faulty.asked[rule], *found)), ", ".join(also)))
    return rows


def main() -> None:
    """Write PLANTED.md.

    Raises:
        SystemExit: a fault of the figure's was not found, or a clean sample of its was.
    """
    rules = [rule.id for rule in read_rules(None) if rule.severity == "error"]
    with tempfile.TemporaryDirectory() as temporary:
        figures, real = Path(temporary) / "figures", Path(temporary) / "real"
        figures.mkdir()
        real.mkdir()
        made = Path(sys.argv[1]) if len(sys.argv) > 1 else make_real(SHARED / "corpus", real)
        names = sorted({Path(row.uri).name for row in read_index(made).rows()})
        rows, whole = of_figures(figures, rules)
        second = of_real(made, real, rules)
    write_table(
        FOLDER / "PLANTED.md",
        "Planted faults",
        "python -m benchmarks.planted",
        rows,
        "The same in stored samples of real clips, each fault in all that can have it, in a set of its own:",
        f"{', '.join(names)}.",
        "",
        *table_lines(second),
        "",
        f"Measured on {date.today()}.",
    )
    if not whole:
        raise SystemExit("a fault was missed, or something clean was found")


if __name__ == "__main__":
    main()
