"""`understudy audit`: measures of every sample, rules over them, one page, a deny list, and an exit code."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Literal

import tyro
from rich.console import Console
from rich.table import Table

from dataset.deny import denied
from dataset.index import Index, read_index, refuse_unfinished
from dataset.names import MEASURES, RUN
from dataset.pairs import pairs_at
from engine.ledger import Ledger
from engine.runners.status import RunObserver
from jobs.audits.against import Against, against
from jobs.audits.compared import Use
from jobs.audits.findings import SPREADS, Finding, distribution, found, spread
from jobs.audits.findings import denied as denied_by
from jobs.audits.report import Audited, numbers_json, report
from jobs.audits.rules import Rule, read_rules
from jobs.audits.shots import shots_of
from jobs.audits.tables import audited_tables
from jobs.console.failed_items import tell_failed
from jobs.console.flags import parsed
from jobs.console.heartbeat import Heartbeat
from jobs.console.kinds import Folder, OptionalFile, OptionalFolder
from jobs.console.lock import manner
from jobs.console.observers import all_of
from jobs.console.progress import ConsoleProgress
from jobs.console.tables import tell_table
from jobs.exit_codes import ExitCode
from jobs.long_run import LongRun
from pipeline.flow import Curation, legs
from pipeline.measures.known import measures
from schemas.measures import TABLE, MeasuredSample
from storage.json_files import json_at
from storage.place import Place

PAGE, NUMBERS, DENY = "index.html", "audit.json", "deny.txt"


@dataclass(frozen=True, kw_only=True)
class Audit(LongRun):
    """Measure a data set, ask rules of it, and write a page, its numbers and a deny list."""

    data: tyro.conf.Positional[str]
    """Folder or address of the data set; its measures lie in it, below measures/."""
    out: Folder
    """Folder of the report, or its address in an object store."""
    rules: Path | None = None
    """A TOML file of rules; without one, those of docs/audit.md."""
    fail_on: Literal["error", "warn", "never"] = "error"
    """Which verdict ends with exit code 1: fail alone, warn as well, or none."""
    against: OptionalFolder = None
    """Folder or address of another set, such as this one before: what changed since. It is measured too."""
    held_out: float = Use.held_out
    """Share of the sources that a training holds out: who is on both sides is told for that."""
    held_out_keys: OptionalFile = None
    """File with the keys of the samples that are held out, a line each, where the choice is another's."""
    pairs: OptionalFile = None
    """Table of `understudy pairs` that is learned from: no driver may show what its target shows."""


def parse(args: list[str]) -> Audit:
    """The job of a command line."""
    return parsed(Audit, "audit", args)


def audit(job: Audit, console: Console) -> ExitCode:
    """Write the report; `BELOW_THRESHOLD` where a rule fails, `FAILED_ITEMS` where a sample was not measured.

    Raises:
        ValueError: there is no data set, or the rules are none.
        OSError: a place cannot be read or written.
        AtWork: another run measures the data set.
        CannotRun: as `LongRun.bring_to_end`.
    """
    rules = read_rules(job.rules)
    sets = [Place.at(data) for data in (job.data, job.against) if data is not None]
    for data in sets:
        refuse_unfinished(data)
    unmeasured = [measure(job, data, console) for data in sets]
    index, *others = map(read_index, sets)
    findings = write_report(job, index, rules, console, next(iter(others), None))
    if any(unmeasured) and job.fail_on != "never":
        return ExitCode.FAILED_ITEMS
    bad = {"error": {"fail"}, "warn": {"fail", "warn"}, "never": set[str]()}[job.fail_on]
    return ExitCode.BELOW_THRESHOLD if bad & {one.verdict for one in findings} else ExitCode.WHOLE


def measure(job: Audit, data: Place, console: Console) -> bool:
    """Bring the measures of a data set to their end; whether any sample could not be measured."""
    from pipeline.measures.flow import LEG, measuring
    from pipeline.measures.table import write_table

    place = data / MEASURES
    ledger = Ledger(place)
    with Heartbeat(place, job.runner, manner(console, force=job.force)) as heartbeat:
        place.sweep()
        with ConsoleProgress(console, time.monotonic) as terminal:
            observers: tuple[RunObserver, ...] = (heartbeat, terminal)
            job.bring_to_end(
                [measuring(data.uri)],
                ledger,
                all_of(*observers),
                unseal=partial(place.remove, TABLE),
                shared=[data.folder],
                always=(),
            )
        if place.size(TABLE) is None:
            laps = (ledger.rows(LEG, name, MeasuredSample) for name in ledger.names(LEG))
            write_table(place, chain.from_iterable(laps), measures())
    tallies = ledger.tallies(LEG)
    tell_failed(ledger, [LEG], tallies, console)
    return any(tally.rejected for tally in tallies)


def write_report(
    job: Audit, index: Index, rules: tuple[Rule, ...], console: Console, other: Index | None = None
) -> list[Finding]:
    """Ask the rules, write what they find, and tell it; against another set where one is given."""
    asked = audited_tables(index, use_of(job), other)
    findings = [found(rule, asked) for rule in rules]
    keys = denied_by(findings, asked)
    data, columns = Place.at(job.data), {name for name, *_ in asked.execute("describe audited").fetchall()}
    ledger = Ledger(data)
    spreads = {
        title: value
        for title, value in SPREADS.items()
        if title.replace(" ", "_") not in MAYBE or title.replace(" ", "_") in columns
    }
    audited = Audited(
        name=job.data,
        digest=index.digest,
        samples=len(index),
        hours=float(asked.execute("select sum(duration_s) / 3600 from samples").fetchall()[0][0]),
        tallies=[tally for leg in legs(Curation(), "") for tally in ledger.tallies(leg.name)],
        spreads=[spread(title, value, asked) for title, value in spreads.items()],
        distributions=[distribution(rule, asked) for rule in rules],
        findings=findings,
        estimators=estimators_of(data),
        measures=measures(),
        denied=len(keys),
        against=None if other is None else against(str(job.against), findings, spreads, measures(), asked),
    )
    out = Place.at(job.out)
    out.write(PAGE, report(audited, shots_of(index)).encode())
    out.write(NUMBERS, numbers_json(audited).encode())
    out.write(DENY, "".join(f"{key}\t{','.join(why)}\n" for key, why in keys.items()).encode())
    tell(audited, out, console)
    return findings


def use_of(job: Audit) -> Use:
    """What a training makes of the samples.

    Raises:
        ValueError: a file that says it is not what it should be.
        OSError: one cannot be read.
    """
    held = denied(job.held_out_keys) if job.held_out_keys else None
    pairs = pairs_at(*Place.holding(job.pairs)) if job.pairs else None
    return Use(held_out=job.held_out, held_keys=held, pairs=pairs)


MAYBE = {"subject", "person", "usable_for"}
"""Columns that indexes of earlier schemas lack."""


def estimators_of(data: Place) -> list[dict[str, object]]:
    """The estimators of a data set, as its `run.json` names them."""
    content = json_at(data, RUN) if data.size(RUN) is not None else {}
    found = content.get("estimators", {}) if isinstance(content, dict) else {}
    return [{"role": role, **card} for role, card in sorted(found.items()) if isinstance(card, dict)]


def tell(audited: Audited, out: Place, console: Console) -> None:
    """Print the verdicts and where the page lies."""
    table = Table("verdict", "rule", "asked", "beyond", "says")
    for finding in audited.findings:
        if finding.verdict in {"warn", "fail"}:
            rule = finding.rule
            table.add_row(finding.verdict, rule.id, str(finding.asked), str(finding.beyond), rule.says)
    if table.rows:
        tell_table(console, table, ("verdict", "rule", "beyond"))
    if audited.against is not None:
        tell_changes(audited.against, console)
    counts = Counter(finding.verdict for finding in audited.findings)
    unasked = f", {counts['not asked']} had nobody to ask" if counts["not asked"] else ""
    console.print(
        f"{audited.verdict}: {counts['pass']} of {len(audited.findings)} rules pass{unasked}; "
        f"{out.uri_of(PAGE)}, {DENY} with {audited.denied} samples",
        highlight=False,
        soft_wrap=True,
    )


def tell_changes(change: Against, console: Console) -> None:
    """Print what changed from another set."""
    console.print(
        f"against {change.name}: {change.only_here} new samples, {change.only_there} gone, {change.same} "
        f"of the same bytes, {change.other_bytes} of others",
        highlight=False,
        soft_wrap=True,
    )
    table = Table("rule", "before", "now", "newly beyond", "no longer")
    for one in change.rules:
        if one.more or one.gone:
            before = str(one.before.beyond) if one.before else "not asked"
            table.add_row(one.now.rule.id, before, str(one.now.beyond), str(one.more), str(one.gone))
    if table.rows:
        tell_table(console, table)
