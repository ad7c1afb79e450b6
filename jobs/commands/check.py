"""`understudy check`: every promise of formats.md on a finished data set, and an exit code."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path

import tyro
from rich.console import Console
from rich.table import Table

from dataset.names import INDEX, NEXT, RUN
from engine.audit import MEANINGS, Report, audit, is_changing
from engine.audit_landings import LegNames
from engine.core import Gather
from jobs.console.flags import parsed
from jobs.console.plain import tell_json
from jobs.console.tables import tell_table
from jobs.exit_codes import ExitCode
from pipeline.corpora.listing import LEG
from pipeline.flow import Curation, legs
from storage.place import Place


@dataclass(frozen=True, kw_only=True)
class Check:
    """Audit a finished data set; nothing is written."""

    out: tyro.conf.Positional[str | Path]
    """Folder or address of the data set."""
    quick: bool = False
    """Read the index and the headers of the tars only."""
    workers: int = os.cpu_count() or 1
    """Tars read at a time."""
    json: bool = False
    """For programs: verdicts by check."""


def parse(args: list[str]) -> Check:
    """The job of a command line."""
    return parsed(Check, "check", args)


def check(job: Check, console: Console) -> ExitCode:
    """Print the verdicts and the first failures; `WHOLE` where there is no failure, else `BELOW_THRESHOLD`.

    Raises:
        ValueError: there is no data set.
        OSError: it cannot be read.
    """
    place = Place.at(job.out)
    if not any(place.size(name) is not None for name in (INDEX, RUN, NEXT)):
        raise ValueError(f"{place}: no data set there: neither {INDEX} nor {RUN}")
    with console.status("reading") as status:

        def watch(done: int, total: int) -> None:
            status.update(f"{done} of {total} samples")

        report = audit(job.out, pipeline_legs(), quick=job.quick, workers=job.workers, watch=watch)
    failed = any(verdict.failed for verdict in report.values())
    code = ExitCode.BELOW_THRESHOLD if failed else ExitCode.WHOLE
    if job.json:
        tell_json(console, {"whole": not failed, "checks": {name: asdict(v) for name, v in report.items()}})
        return code
    tell_table(console, verdicts(report), ("check", "looked at", "failed"))
    if is_changing(place):
        console.print("a run is under way to the next index: its landings are not looked at", highlight=False)
    for name, verdict in report.items():
        for what in verdict.first:
            console.print(f"{name}: {what}", style="red", highlight=False, markup=False)
        if verdict.failed > len(verdict.first):
            more = verdict.failed - len(verdict.first)
            console.print(f"{name}: and {more} more", style="red", highlight=False)
    return code


def pipeline_legs() -> list[LegNames]:
    """The legs of the pipeline, in order, by their names."""
    house = [
        LegNames(
            name=leg.name,
            steps=tuple(step.name for step in leg.steps),
            groups=frozenset(step.name for step in leg.steps if isinstance(step, Gather)),
            after=leg.after or (LEG,),
        )
        for leg in legs(Curation(), "")
    ]
    return [LegNames(name=LEG), *house]


def verdicts(report: Report) -> Table:
    """One line a check."""
    table = Table("check", "looked at", "failed", "promise")
    for name, verdict in report.items():
        style = "red" if verdict.failed else ""
        table.add_row(name, str(verdict.looked_at), str(verdict.failed), MEANINGS[name], style=style)
    return table
