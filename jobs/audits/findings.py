"""What rules find in a data set, and the numbers of its plots, each by a question that is told with it."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from jobs.audits.rules import Rule, Verdict
from jobs.audits.tables import AUDITED
from jobs.questions.asking import answer_to

WORST = 50
BINS = 24


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one rule found."""

    rule: Rule
    asked: int
    beyond: int
    worst: tuple[tuple[str, float], ...]
    """Keys and values, the furthest beyond first."""

    @property
    def verdict(self) -> Verdict:
        """Pass, warn or fail."""
        return self.rule.verdict(self.asked, self.beyond)


def values_of(rule: Rule, table: str = AUDITED) -> str:
    """A question: keys and values of the samples that a rule asks of."""
    return f"select key, ({rule.value})::double as value from {table} where {rule.scope}"


def beyond_of(rule: Rule, table: str = AUDITED) -> str:
    """A question: keys and values of the samples beyond the rule's bounds, the furthest first."""
    ways = [f"value - {rule.above!r}"] if rule.above is not None else []
    ways += [f"{rule.below!r} - value"] if rule.below is not None else []
    far = f"greatest({', '.join(ways)})"
    return f"select key, value from ({values_of(rule, table)}) where {rule.beyond} order by {far} desc, key"


def found(rule: Rule, asked: duckdb.DuckDBPyConnection, table: str = AUDITED) -> Finding:
    """What a rule finds.

    Raises:
        ValueError: the rule cannot be asked; names it.
    """
    counts = f"select count(value), count(*) filter ({rule.beyond}) from ({values_of(rule, table)})"
    try:
        ((number, beyond),) = answer_to(counts, asked).rows
        worst = tuple(answer_to(f"{beyond_of(rule, table)} limit {WORST}", asked).rows)
    except ValueError as error:
        raise ValueError(f"rule {rule.id}: {error}") from error
    return Finding(rule=rule, asked=number, beyond=beyond, worst=worst)


def denied(findings: list[Finding], asked: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Keys of all samples beyond a rule of severity error, and the rules they are beyond of."""
    keys = dict[str, list[str]]()
    for finding in findings:
        if finding.rule.severity == "error" and finding.beyond:
            for key, _ in answer_to(beyond_of(finding.rule), asked).rows:
                keys.setdefault(key, []).append(finding.rule.id)
    return dict(sorted(keys.items()))


@dataclass(frozen=True, kw_only=True)
class Plot:
    """Numbers by labels or by edges, of how many samples they are, and the question that gives them."""

    title: str
    query: str
    rows: tuple[tuple[str | float | None, float], ...]
    samples: int


SPREADS = {
    "framing": "framing",
    "canvas": "bucket",
    "licence": "licence",
    "usable for": "usable_for",
    "domain": "domain",
    "source": "source_sha256[:12]",
    "subject": "subject",
    "person": "person",
    "length": "printf('%2d to %2d s', duration_s::int // 2 * 2, duration_s::int // 2 * 2 + 2)",
    "body yaw": "printf('%4d°', (round(degrees((yaw_min + yaw_max) / 2) / 30) * 30)::int)",
    "face size": "printf('%4d to %4d px', head_px::int // 32 * 32, head_px::int // 32 * 32 + 32)",
    "sound": "if(has_audio, 'with sound', 'silent')",
}
"""What hours are told by, and the expression of each; columns that an index lacks are passed over."""
MOST_BARS = 12


def hours_by(value: str, table: str = AUDITED) -> str:
    """A question: hours and number of samples by a value."""
    return (
        f"select coalesce(nullif(({value})::varchar, ''), 'not told') as what, "
        f"sum(duration_s) / 3600 as hours, count(*) as samples from {table} group by what"
    )


def spread(title: str, value: str, asked: duckdb.DuckDBPyConnection) -> Plot:
    """Hours by a value, the most first."""
    query = f"{hours_by(value)} order by hours desc, what limit {MOST_BARS}"
    rows = list(answer_to(query, asked).rows)
    bars = tuple((what, hours) for what, hours, _ in rows)
    return Plot(title=title, query=query, rows=bars, samples=sum(count for *_, count in rows))


def distribution(rule: Rule, asked: duckdb.DuckDBPyConnection) -> tuple[Plot, float]:
    """How the values of a rule are spread, in `BINS` columns of one width; and that, 0 where all are one.

    The outermost of the values, one in two hundred on either side, are counted in the last columns.
    """
    values = f"{values_of(rule)} and isfinite(({rule.value})::double)"
    ends = f"select quantile_cont(value, 0.005), quantile_cont(value, 0.995) from ({values})"
    ((low, high),) = answer_to(ends, asked).rows
    if low is None:
        return Plot(title=rule.id, query=values, rows=(), samples=0), 0.0
    width = (high - low) / BINS
    place = f"least(greatest(floor((value - {low!r}) / {width or 1.0!r}), 0), {BINS - 1})"
    query = (
        f"select {low!r} + {width!r} * {place} as edge, count(*) as samples from ({values}) "
        "group by edge order by edge"
    )
    rows = tuple(answer_to(query, asked).rows)
    return Plot(title=rule.id, query=query, rows=rows, samples=int(sum(count for _, count in rows))), width
