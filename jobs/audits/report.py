"""The page of an audit."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from engine.core import Tally
from jobs.audits.against import Against
from jobs.audits.against_page import changes, numbers_against
from jobs.audits.findings import Finding, Plot
from jobs.audits.rules import Shown
from jobs.audits.shots import Shots
from jobs.pages.counted import bars, figure, histogram
from jobs.pages.document import document, section
from jobs.pages.parts import card, cards, links, numbers, text
from jobs.pages.tables import Cell, Row, table
from pipeline.measures.measure import Measure
from schemas.visible import visible


@dataclass(frozen=True, kw_only=True)
class Audited:
    """All that the page tells of a data set."""

    name: str
    """Where it lies, as given."""
    digest: str
    """Of its index."""
    samples: int
    hours: float
    tallies: Sequence[Tally]
    spreads: Sequence[Plot]
    distributions: Sequence[tuple[Plot, float]]
    """In the order of `findings`, with the width of a column."""
    findings: Sequence[Finding]
    estimators: Sequence[dict[str, Any]]
    measures: Sequence[Measure]
    denied: int
    against: Against | None = None
    """What changed from another set, where one was named."""

    @property
    def verdict(self) -> str:
        """The worst of all verdicts."""
        found = {finding.verdict for finding in self.findings}
        return next((word for word in ("fail", "warn") if word in found), "pass")


def report(audited: Audited, shots: Shots) -> str:
    """The page as HTML."""
    changed = [("against", "What changed", changes(audited.against))] if audited.against else []
    sections = (
        ("rules", "Rules", rules_table(audited)),
        *changed,
        ("funnel", "From files to samples", funnel(audited.tallies)),
        ("hours", "Hours by", cards(map(spread_card, audited.spreads))),
        ("values", "Distributions", cards(map(value_card, audited.findings, audited.distributions))),
        ("worst", "The worst", worst(audited, shots)),
        ("estimators", "Estimators", estimators(audited.estimators)),
        ("measures", "What is measured", definitions(audited.measures)),
    )
    head = (
        f'<p><span class="{audited.verdict}">{audited.verdict}</span> · {audited.samples:,} samples · '
        f"{audited.hours:,.2f} hours · {audited.denied:,} samples on the deny list</p>"
        f'<p class="faint">index {text(audited.digest)}</p>'
    )
    parts = (section(name, content, key=key) for key, name, content in sections)
    top = (head, links([(key, name) for key, name, _ in sections]))
    return document(visible(f"Audit of {audited.name}"), [*top, *parts, numbers(numbers_of(audited))])


def numbers_of(audited: Audited) -> dict[str, Any]:
    """The numbers of the page as JSON."""
    return {
        "data_set": audited.name,
        "index": audited.digest,
        "verdict": audited.verdict,
        "samples": audited.samples,
        "hours": audited.hours,
        "denied": audited.denied,
        "rules": [
            asdict(finding.rule)
            | {"asked": finding.asked, "beyond": finding.beyond, "verdict": finding.verdict}
            | {"worst": [list(one) for one in finding.worst]}
            for finding in audited.findings
        ],
        "against": numbers_against(audited.against) if audited.against else None,
        "plots": [asdict(plot) for plot in (*audited.spreads, *(plot for plot, _ in audited.distributions))],
    }


def rules_table(audited: Audited) -> str:
    """A line a rule."""
    rows = []
    for finding in audited.findings:
        rule = finding.rule
        bounds = " or ".join(
            f"{word} {bound:g}"
            for word, bound in (("below", rule.below), ("above", rule.above))
            if bound is not None
        )
        share = finding.beyond / finding.asked if finding.asked else 0.0
        rows.append(
            (
                rule.id,
                Cell(text=finding.verdict, kind=finding.verdict if finding.asked else "faint"),
                Cell(text=visible(rule.says), kind="words"),
                rule.severity,
                Cell(text=visible(f"{rule.value} {bounds}"), kind="words"),
                Cell(text=f"{finding.asked:,}", order=finding.asked),
                Cell(text=f"{finding.beyond:,}", order=finding.beyond),
                Cell(text=f"{share:.2%}", order=share),
                Cell(text=f"{rule.allowed:.2%}", order=rule.allowed),
            )
        )
    says, beyond = in_words("says"), in_words("beyond is")
    heads = ("rule", "verdict", says, "severity", beyond, "asked", "beyond", "share", "allowed")
    return table(heads, rows)


def funnel(tallies: Sequence[Tally]) -> str:
    """A line a step of the pipeline: what it was offered, kept and rejected, and why."""
    rows = [
        (
            tally.step,
            Cell(text=f"{tally.offered:,}", order=tally.offered),
            Cell(text=f"{tally.kept:,}", order=tally.kept),
            Cell(text=f"{tally.rejected:,}", order=tally.rejected),
            Cell(text=f"{tally.gave_s / 3600:,.2f}", order=tally.gave_s),
            Cell(text=", ".join(f"{why} {n:,}" for why, n in tally.reasons.most_common()), kind="words"),
        )
        for tally in tallies
    ]
    heads = ("step", "offered", "kept", "rejected", "hours out", in_words("reasons"))
    return table(heads, rows) if rows else "<p>The data set holds no landings of its pipeline.</p>"


def spread_card(plot: Plot) -> str:
    """Hours by a value."""
    rows = [(str(label), value) for label, value in plot.rows]
    return card(plot.title, f"hours; n = {plot.samples:,}", bars(rows, "hours"), plot.query)


def value_card(finding: Finding, found: tuple[Plot, float]) -> str:
    """The values that a rule asks of, its bounds drawn in."""
    (plot, width), rule = found, finding.rule
    counts = [(float(at or 0.0), int(count)) for at, count in plot.rows]
    beyond = [rule.is_beyond(at, at + width) for at, _ in counts]
    share = finding.beyond / finding.asked if finding.asked else 0.0
    bounds = " and ".join(map(figure, rule.bounds))
    says = f"{text(rule.value)}; n = {plot.samples:,}; {share:.2%} beyond {bounds}"
    return card(rule.id, says, histogram(counts, width, rule.bounds, beyond), plot.query)


def worst(audited: Audited, shots: Shots) -> str:
    """The worst samples of each rule, under their controls, and the command that shows more of them."""
    parts = []
    for finding in audited.findings:
        if finding.worst:
            shows = finding.rule.shows
            figures = "".join(shown(key, value, shows, shots(key, shows)) for key, value in finding.worst)
            keys = " ".join(key for key, _ in finding.worst[:5])
            command = f"understudy preview {shlex.quote(audited.name)} --out SHEETS --keys {keys}"
            parts.append(
                f'<h3 id="worst-{finding.rule.id}">{text(finding.rule.id)}: {text(finding.rule.says)}</h3>'
                f'<p class="faint">the worst {len(finding.worst)} of {finding.beyond:,}; the first of '
                f"them whole, with video and references:</p><pre>{text(command)}</pre>"
                f'<div class="shots {shows}">{figures}</div>'
            )
    return "".join(parts) or "<p>No sample is beyond any bound.</p>"


def shown(key: str, value: float, shows: Shown, address: str | None) -> str:
    """A sample with its value."""
    more = ", and its references" if shows == "references" else ""
    picture = (
        f'<img src="{address}" alt="the middle frame of {text(key)} under its controls{more}">'
        if address
        else '<p class="faint">no picture</p>'
    )
    return f"<figure>{picture}<figcaption><code>{text(key)}</code> {figure(value)}</figcaption></figure>"


def estimators(found: Sequence[dict[str, Any]]) -> str:
    """Who said what is stored."""
    names = ("role", "name", "version", "licence", "weights_sha256")
    rows = [
        tuple(Cell(text=visible(str(one.get(name, ""))), kind="words") for name in names) for one in found
    ]
    if not rows:
        return "<p>Nothing says which estimators made the data set.</p>"
    return table([in_words(name) for name in ("role", "estimator", "version", "licence", "weights")], rows)


def definitions(measures: Sequence[Measure]) -> str:
    """Every measure with unit, definition and source."""
    rows: list[Row] = [
        (one.name, *(Cell(text=visible(part), kind="words") for part in (one.unit, one.says, one.source)))
        for one in measures
    ]
    return table([in_words(name) for name in ("measure", "unit", "definition", "source")], rows)


def in_words(name: str) -> Cell:
    """The heading of a column of words."""
    return Cell(text=name, kind="words")


def numbers_json(audited: Audited) -> str:
    """The numbers as a JSON file."""
    return json.dumps(numbers_of(audited), indent=1, sort_keys=True, allow_nan=False) + "\n"
