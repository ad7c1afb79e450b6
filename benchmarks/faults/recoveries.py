"""All kills: which scenarios, how often, and what they came to."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path

from benchmarks.faults.kills import Recovery, Scenario, recover
from benchmarks.faults.scenarios import clustered, ground, local, measured
from tests.cluster.small import machines

FILE = "recoveries.jsonl"
ON_RAY = "Ray"
"""How the names of scenarios end that need a cluster."""
Job = tuple[int, Scenario]
"""How many jobs a scenario is tried on, and the scenario."""


def recover_all(folder: Path, share: float, kinds: Collection[str] = (), seeds: Collection[int] = ()) -> None:
    """Disturb all jobs that have not been; tell of those that end otherwise than undisturbed ones.

    Where kinds are given those scenarios alone; where seeds are, those jobs of each, found before or not.
    """
    file = folder / FILE
    with ground(folder / "kills") as workspace:
        disturb(chosen(local(workspace), kinds), file, share, seeds)
        if not kinds or any(kind.endswith(ON_RAY) for kind in kinds):
            with machines(2) as cluster:
                disturb(chosen(clustered(workspace, cluster.address), kinds), file, share, seeds)


def chosen(scenarios: Mapping[str, Job], kinds: Collection[str]) -> dict[str, Job]:
    """The scenarios of these names; all where none is named."""
    return {name: job for name, job in scenarios.items() if not kinds or name in kinds}


def disturb(scenarios: Mapping[str, Job], file: Path, share: float, wanted: Collection[int]) -> None:
    """Disturb the jobs of some scenarios."""
    done = {(recovery.scenario, recovery.seed) for recovery in recoveries_in(file)}
    for name, (jobs, scenario) in scenarios.items():
        planned = range(max(1, round(share * jobs)))
        seeds = wanted or [seed for seed in planned if (name, seed) not in done]
        known = measured(scenario) if seeds else scenario
        for seed in seeds:
            recovery = recover(known, seed)
            with file.open("a") as opened:
                opened.write(json.dumps(asdict(recovery)) + "\n")
            if recovery.different or recovery.left_over:
                print(recovery, flush=True)


def recoveries_in(file: Path) -> list[Recovery]:
    """What has been found so far."""
    lines = file.read_text().splitlines() if file.exists() else []
    return [Recovery(**json.loads(line)) for line in lines]


def recovery_lines(folder: Path) -> list[str]:
    """The table of kills, in Markdown; nothing where nothing was killed."""
    found = recoveries_in(folder / FILE)
    heads = ("killed", "kills", "jobs", "files compared", "files different", "left over")
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    for name in dict.fromkeys(recovery.scenario for recovery in found):
        matching = [recovery for recovery in found if recovery.scenario == name]
        numbers = (
            sum(recovery.kills for recovery in matching),
            len(matching),
            sum(recovery.files for recovery in matching),
            sum(len(recovery.different) for recovery in matching),
            sum(len(recovery.left_over) for recovery in matching),
        )
        lines.append("| " + " | ".join((name, *map(str, numbers))) + " |")
    return lines if found else []
