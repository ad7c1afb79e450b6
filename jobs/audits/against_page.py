"""What changed from another data set, as a section of the page of an audit."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from jobs.audits.against import Against, RuleChange
from jobs.audits.findings import Finding
from jobs.pages.counted import figure
from jobs.pages.parts import text
from jobs.pages.tables import Cell, Row, table
from schemas.visible import visible


def changes(change: Against) -> str:
    """The section: counts, rules, hours and medians, before and now."""
    return (
        f"<p>Before is {text(change.name)}: {change.samples_before:,} samples, now {change.samples:,}; "
        f"{change.only_here:,} are new, {change.only_there:,} are gone, {change.same:,} have the same bytes, "
        f"{change.other_bytes:,} have others.</p>" + rules(change) + hours(change) + medians(change)
    )


def rules(change: Against) -> str:
    """A line a rule."""
    heads = ("rule", "before", "now", "beyond before", "beyond now", "newly beyond", "no longer")
    return table(heads, [rule_row(one) for one in change.rules], "rules")


def rule_row(one: RuleChange) -> Row:
    """What a rule found before and finds now."""
    named = ", ".join(f"{key} {figure(value)}" for key, value in one.new)
    return (
        one.now.rule.id,
        *(Cell(text=verdict(of), kind=kind(of)) for of in (one.before, one.now)),
        *(Cell(text=share(of), order=of.beyond if of else -1) for of in (one.before, one.now)),
        Cell(text=f"{one.more:,}", order=one.more, note=visible(named)),
        Cell(text=f"{one.gone:,}", order=one.gone),
    )


def verdict(finding: Finding | None) -> str:
    """A verdict, and a word where the rule could not be asked."""
    return finding.verdict if finding else "not asked"


def kind(finding: Finding | None) -> str:
    """How a verdict is set."""
    return finding.verdict if finding and finding.asked else "faint"


def share(finding: Finding | None) -> str:
    """How many of how many were beyond."""
    return f"{finding.beyond:,} of {finding.asked:,}" if finding else ""


def hours(change: Against) -> str:
    """A line for each value whose hours changed."""
    rows: list[Row] = [
        (
            f"{one.title}: {visible(one.value)}",
            *(Cell(text=f"{number:,.3f}", order=number) for number in (one.before, one.now)),
            Cell(text=f"{one.now - one.before:+,.3f}", order=one.now - one.before),
        )
        for one in change.hours
        if one.now != one.before
    ]
    return table(("hours by", "before", "now", "change"), rows, "hours") if rows else "<p>The same hours.</p>"


def medians(change: Against) -> str:
    """A line a measure."""
    rows: list[Row] = [
        (
            one.measure.name,
            Cell(text=visible(one.measure.unit), kind="words"),
            *(Cell(text=number(value), order=value or 0.0) for value in (one.before, one.now)),
        )
        for one in change.medians
    ]
    heads = ("median of", Cell(text="unit", kind="words"), "before", "now")
    return table(heads, rows, "measures")


def number(value: float | None) -> str:
    """A number, where there is one."""
    return "" if value is None else figure(value)


def numbers_against(change: Against) -> dict[str, Any]:
    """The same as JSON."""
    counts = ("name", "samples_before", "samples", "only_here", "only_there", "same", "other_bytes")
    return {
        **{name: getattr(change, name) for name in counts},
        "rules": [
            {
                "id": one.now.rule.id,
                "before": one.before.beyond if one.before else None,
                "now": one.now.beyond,
                "verdict_before": one.before.verdict if one.before else None,
                "verdict": one.now.verdict,
                "newly_beyond": one.more,
                "no_longer": one.gone,
                "worst": [list(pair) for pair in one.new],
            }
            for one in change.rules
        ],
        "hours": [asdict(one) for one in change.hours],
        "medians": [
            {"measure": one.measure.name, "before": one.before, "now": one.now} for one in change.medians
        ],
    }
