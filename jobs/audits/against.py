"""A data set against another, such as itself before it grew: what changed, rule by rule and hour by hour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from jobs.audits.findings import MOST_BARS, Finding, beyond_of, found, hours_by
from jobs.audits.rules import Rule
from jobs.audits.tables import AUDITED, EARLIER
from jobs.questions.asking import answer_to
from pipeline.measures.measure import Measure

NAMED = 10
"""Samples of a rule that are named."""
SETS = f"""select (select count(*) from {EARLIER}), (select count(*) from {AUDITED}),
count(*) filter (b.key is null), count(*) filter (a.key is null), count(*) filter (a.sha256 = b.sha256),
count(*) filter (a.sha256 <> b.sha256) from {AUDITED} a full join {EARLIER} b using (key)"""


@dataclass(frozen=True, kw_only=True)
class RuleChange:
    """What a rule finds here that it did not find before."""

    now: Finding
    before: Finding | None
    """None where the other set lacks what is asked."""
    new: tuple[tuple[str, float], ...]
    """Keys and values of samples beyond it here and not before, the furthest first."""
    more: int
    """How many there are."""
    gone: int
    """Samples beyond it before and not here; those that left count too."""


@dataclass(frozen=True, kw_only=True)
class HoursChange:
    """Hours of one value of a column."""

    title: str
    value: str
    before: float
    now: float


@dataclass(frozen=True, kw_only=True)
class MedianChange:
    """The median of a measure."""

    measure: Measure
    before: float | None
    now: float | None


@dataclass(frozen=True, kw_only=True)
class Against:
    """All that changed from another data set to this."""

    name: str
    """Where the other lies, as given."""
    samples_before: int
    samples: int
    only_here: int
    only_there: int
    same: int
    """Samples of the same key and bytes."""
    other_bytes: int
    rules: Sequence[RuleChange]
    hours: Sequence[HoursChange]
    medians: Sequence[MedianChange]


def against(
    name: str,
    findings: Sequence[Finding],
    spreads: dict[str, str],
    measures: Sequence[Measure],
    asked: duckdb.DuckDBPyConnection,
) -> Against:
    """What changed from `earlier` to `audited`, both tables of one connection."""
    (counts,) = answer_to(SETS, asked).rows
    before, now, only_here, only_there, same, other = counts
    return Against(
        name=name,
        samples_before=before,
        samples=now,
        only_here=only_here,
        only_there=only_there,
        same=same,
        other_bytes=other,
        rules=[rule_change(finding, asked) for finding in findings],
        hours=[one for title, value in spreads.items() for one in hours_changes(title, value, asked)],
        medians=[median_change(measure, asked) for measure in measures],
    )


def rule_change(now: Finding, asked: duckdb.DuckDBPyConnection) -> RuleChange:
    """How what a rule finds has changed."""
    rule, before = now.rule, found_before(now.rule, asked)
    beyond_now = dict(answer_to(beyond_of(rule), asked).rows)
    beyond_before = dict(answer_to(beyond_of(rule, EARLIER), asked).rows) if before else {}
    new = [(key, value) for key, value in beyond_now.items() if key not in beyond_before]
    return RuleChange(
        now=now,
        before=before,
        new=tuple(new[:NAMED]),
        more=len(new),
        gone=len(beyond_before.keys() - beyond_now.keys()),
    )


def found_before(rule: Rule, asked: duckdb.DuckDBPyConnection) -> Finding | None:
    """What a rule finds in the other set; None where that lacks a column that is asked."""
    try:
        return found(rule, asked, EARLIER)
    except ValueError:
        return None


def hours_changes(title: str, value: str, asked: duckdb.DuckDBPyConnection) -> Iterator[HoursChange]:
    """Hours by a value in both sets, those that changed most first; nothing where one lacks the column."""
    query = (
        "select what, coalesce(b.hours, 0) as before, coalesce(a.hours, 0) as now "
        f"from ({hours_by(value)}) a full join ({hours_by(value, EARLIER)}) b using (what) "
        f"order by abs(now - before) desc, what limit {MOST_BARS}"
    )
    try:
        rows: list[Any] = list(answer_to(query, asked).rows)
    except ValueError:
        return
    for what, before, now in rows:
        yield HoursChange(title=title, value=what, before=before, now=now)


def median_change(measure: Measure, asked: duckdb.DuckDBPyConnection) -> MedianChange:
    """The median of a measure in both sets."""
    before, now = (median(measure.name, table, asked) for table in (EARLIER, AUDITED))
    return MedianChange(measure=measure, before=before, now=now)


def median(name: str, table: str, asked: duckdb.DuckDBPyConnection) -> float | None:
    """The median of a column; None where there is none, or nothing was measured."""
    try:
        ((value,),) = answer_to(f'select median("{name}") from {table}', asked).rows
    except ValueError:
        return None
    return None if value is None else float(value)
