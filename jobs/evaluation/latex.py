"""The numbers of a benchmark as LaTeX: a table for each group of metrics, the paper's own first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from jobs.evaluation.outcome import Outcome
from jobs.evaluation.report import GROUPS, measured_of
from jobs.evaluation.results import RESERVED
from jobs.recipes.evaluation import PaperTable
from model.eval.metrics import METRICS
from model.eval.summary import Number

SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    sign: f"\\{sign}" for sign in "&%$#_{}"
}
ARROWS = {"more": r" $\uparrow$", "less": r" $\downarrow$", "": ""}


def latex(outcome: Outcome, paper: PaperTable | None, digest: str) -> str:
    """All tables; they need `booktabs`."""
    tables = [] if paper is None else [paper_table(paper, outcome)]
    for title, metrics in GROUPS.items():
        if shown := measured_of(metrics, outcome):
            tables.append(tabular(title, {name: name for name in shown}, outcome.numbers, []))
    return f"% manifest {digest}\n" + "\n".join(tables)


def paper_table(paper: PaperTable, outcome: Outcome) -> str:
    """The paper's table, its rows as printed above ours."""
    printed = [
        [f"{method} (as printed)", *(f"{value:g}" for value in row)] for method, row in paper.printed.items()
    ]
    columns = {variant: f"{name} ({variant})" for name, variant in paper.columns.items()}
    return tabular(paper.title, columns, outcome.numbers, printed)


def tabular(
    title: str,
    columns: Mapping[str, str],
    numbers: Mapping[str, Mapping[str, Number]],
    before: Sequence[Sequence[str]],
) -> str:
    """A table of some metrics, with rows that are given before those of the methods."""
    heads = [plain(text) + ARROWS[METRICS[name].better] for name, text in columns.items()]
    rows = [[plain(text) for text in row] for row in before]
    for method, found in numbers.items():
        if method != RESERVED and found:
            rows.append([plain(method), *(value(found.get(name)) for name in columns)])
            rows.append(["", *(small_print(found.get(name)) for name in columns)])
    return "\n".join(ruled(title, heads, rows))


def ruled(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table."""
    yield f"\\begin{{table}}\\caption{{{plain(title)}}}\\begin{{tabular}}{{l{'r' * len(heads)}}}\\toprule"
    yield " & ".join(["method", *heads]) + r" \\ \midrule"
    for row in rows:
        yield " & ".join(row) + r" \\"
    yield "\\bottomrule\\end{tabular}\\end{table}\n"


def value(number: Number | None) -> str:
    """A number, or a dash where there is none."""
    return "--" if number is None or number.value is None else f"{number.value:.4f}"


def small_print(number: Number | None) -> str:
    """What stands below a number: its interval where there is one, and its n."""
    if number is None:
        return ""
    spread = "" if number.low is None else f"{number.low:.4f} to {number.high:.4f}, "
    withheld = "" if number.value is not None else "withheld, "
    return f"\\scriptsize {withheld}{spread}$n$ = {number.n}"


def plain(text: str) -> str:
    """A text whose signs mean nothing to LaTeX."""
    return "".join(SPECIAL.get(sign, sign) for sign in text)
