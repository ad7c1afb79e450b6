"""`understudy rejects`: what was not kept of a data set, file by file, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import tyro
from rich.console import Console

from dataset.names import NEXT
from engine.ledger import Ledger
from jobs.commands.check import pipeline_legs
from jobs.console.flags import parsed
from jobs.console.kinds import Reasons
from jobs.console.plain import tell_json
from jobs.exit_codes import ExitCode
from jobs.stored.curation import stored_in
from schemas.reasons import MEANINGS
from storage.place import Place


@dataclass(frozen=True, kw_only=True)
class Rejects:
    """List what was not kept of a data set: a line each, with reason, file, what was seen, and key."""

    out: tyro.conf.Positional[str]
    """Folder or address of the data set."""
    reason: Reasons = ()
    """Only those of these reasons, as docs/formats.md lists them."""
    json: bool = False
    """For programs: a list of records."""


def parse(args: list[str]) -> Rejects:
    """The job of a command line."""
    return parsed(Rejects, "rejects", args)


def rejects(job: Rejects, console: Console) -> ExitCode:
    """Print the rejects in the order of the legs; `WHOLE`.

    Raises:
        ValueError: there is no data set, or no such reason.
        OSError: it cannot be read.
    """
    refuse_unknown(job.reason)
    out = Place.at(job.out)
    if stored_in(out) is None:
        raise ValueError(f"{out}: no data set")
    ledger = Ledger(out)
    tables = (table for leg in pipeline_legs() for table in ledger.all_rejects(leg.name))
    rows = (row for table in tables for row in table.to_pylist())
    found = (row for row in rows if not job.reason or row["reason"] in job.reason)
    if job.json:
        tell_json(console, [row | {"replay": replay_of(job.out, row)} for row in found])
        return ExitCode.WHOLE
    counts = Counter[str]()
    for row in found:
        counts[row["reason"]] += 1
        console.print(line(row), highlight=False, soft_wrap=True)
    message = ", ".join(f"{reason} {count}" for reason, count in counts.most_common())
    console.print(
        f"{counts.total()} rejects{': ' if message else ''}{message}", highlight=False, soft_wrap=True
    )
    if out.size(NEXT) is not None:
        console.print(f"not finished: understudy curate --out {job.out} goes on", soft_wrap=True)
    if counts:
        console.print(f"one alone, with its full error: understudy replay {job.out} KEY", soft_wrap=True)
    return ExitCode.WHOLE


def refuse_unknown(reasons: tuple[str, ...]) -> None:
    """Raise ValueError where one of the words is no reason; names the nearest."""
    for reason in reasons:
        if reason not in MEANINGS:
            near = get_close_matches(reason, MEANINGS, n=1)
            meant = f"did you mean {near[0]}?" if near else "docs/formats.md lists them"
            raise ValueError(f"--reason {reason}: there is no such reason; {meant}")


def line(row: Mapping[str, Any]) -> str:
    """A reject for a person, and for grep."""
    return f"{row['reason']:<16} {row['uri']}: {row['detail']} ({row['step']}, key {row['key']})"


def replay_of(out: str, row: Mapping[str, Any]) -> str:
    """The command that runs it alone."""
    return f"understudy replay {out} {row['key']}"
