"""Faults planted in samples, each found by its rule or not, and what rules find that was not planted.

    python -m benchmarks.planted

The samples are the made-up figure's (`tests/jobs/audits/planted.py`); rules are ours of severity error.
"""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from datetime import date
from pathlib import Path

from benchmarks.machine import write_table
from jobs.audits.rules import read_rules
from jobs.cli import main as understudy
from tests.jobs.audits.planted import write_planted

FOLDER = Path(__file__).parent
Found = dict[str, set[str]]
"""Keys by rule."""


def audited(folder: Path, name: str) -> tuple[Found, int]:
    """What each rule finds in a set, and how many samples that has."""
    use = ["--held-out-keys", str(folder / "held"), "--pairs", str(folder / "pairs.parquet")]
    report = folder / f"report of {name}"
    understudy(["audit", str(folder / name), "--out", str(report), *use, "--fail-on", "never"])
    numbers = json.loads((report / "audit.json").read_text())
    return {one["id"]: {key for key, _ in one["worst"]} for one in numbers["rules"]}, numbers["samples"]


def main() -> None:
    """Write PLANTED.md.

    Raises:
        SystemExit: a fault was not found, or a clean sample was.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_planted(folder)
        wanted: Found = defaultdict(set)
        for line in (folder / "planted").read_text().splitlines():
            rule, key = line.split()
            wanted[rule].add(key)
        (bad, samples), (good, clean) = audited(folder, "faulty"), audited(folder, "clean")
    rules = [rule.id for rule in read_rules(None) if rule.severity == "error"]
    faulty = set[str]().union(*wanted.values())
    rows: list[tuple[str, ...]] = [
        ("rule", "planted", "found", "of other samples", "falsely found", f"found in {clean} clean ones")
    ]
    for rule in rules:
        hit, other = bad[rule] & wanted[rule], bad[rule] - wanted[rule]
        rows.append(
            tuple(
                map(
                    str,
                    (
                        rule,
                        len(wanted[rule]),
                        len(hit),
                        samples - len(wanted[rule]),
                        f"{len(other)}, {len(other & faulty)} of them faulty" if other else "0",
                        len(good[rule]),
                    ),
                )
            )
        )
    write_table(
        FOLDER / "PLANTED.md",
        "Planted faults",
        "python -m benchmarks.planted",
        rows,
        f"Measured on {date.today()}.",
    )
    missed = any(wanted[rule] - bad[rule] or good[rule] or bad[rule] - faulty for rule in rules)
    if missed:
        raise SystemExit("a fault was missed, or something clean was found")


if __name__ == "__main__":
    main()
