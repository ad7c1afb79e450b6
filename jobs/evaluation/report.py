"""The page of a benchmark's results: the paper's table, all numbers, what is missing, films together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.made_by import version_of
from jobs.evaluation.manifest import BenchManifest, Benchmark
from jobs.evaluation.outcome import Outcome
from jobs.evaluation.results import RESERVED
from jobs.pages.document import document, listed, paragraph, section
from jobs.pages.tables import Cell, row, table
from jobs.recipes.evaluation import PaperTable
from model.eval.metrics import METRICS, PEOPLE, PICTURES, SETS, TIME, Metric
from model.eval.summary import Number

FROZEN = "dynamic_degree"
"""Told beside all that a film wins in which nobody moves: likeness, steady heads, no flicker."""
GROUPS: Mapping[str, Mapping[str, Metric]] = {
    "Frames beside their truth": PICTURES,
    "Sets of frames and windows": SETS,
    "People": PEOPLE | {FROZEN: METRICS[FROZEN]},
    "Over time": TIME,
}
ARROWS = {"more": " ↑", "less": " ↓", "": ""}


def page(
    benchmark: Benchmark, outcome: Outcome, paper: PaperTable | None, pairs: Sequence[str], version: str
) -> str:
    """The whole page; `pairs` are its parts that show films."""
    manifest = benchmark.manifest
    about = (
        f"Benchmark {manifest.name}, {len(manifest.pairs)} pairs, manifest {benchmark.sha256}, "
        f"understudy {version}. "
        "Intervals are of 95 %: of means by a bootstrap over pairs, of sets by a jackknife over groups of "
        "pairs. A film that could not be measured is missing, and numbers of sets are withheld then. "
        "The row of the driving films says what such films are like."
    )
    parts = [paragraph(about)]
    parts += [] if paper is None else [paper_section(paper, outcome)]
    parts += [section(name, group_table(metrics, outcome)) for name, metrics in GROUPS.items()]
    parts.append(section("Missing and lossy", *caveats(outcome), *other_decoder(manifest)))
    parts.append(section("Films", *pairs))
    parts.append(section("What the metrics are", definitions(outcome)))
    return document(f"Evaluation: {manifest.name}", parts)


def paper_section(paper: PaperTable, outcome: Outcome) -> str:
    """The paper's table with our rows below its own, and what it does not say."""
    headings = row("method", *(Cell(text=name, note=variant) for name, variant in paper.columns.items()))
    printed = [
        row(Cell(text=method, note="as printed", kind="faint"), *(faint(value) for value in values))
        for method, values in paper.printed.items()
    ]
    ours = [
        row(method, *(cell(numbers.get(variant), best=False) for variant in paper.columns.values()))
        for method, numbers in outcome.numbers.items()
        if method != RESERVED
    ]
    caveat = "Rows as printed are of other films and unknown variants: compare order and gaps, not values."
    return section(paper.title, paragraph(caveat), table(headings, [*printed, *ours]), listed(paper.unknown))


def group_table(metrics: Mapping[str, Metric], outcome: Outcome) -> str:
    """A row for each method, a column for each metric that any has."""
    shown = measured_of(metrics, outcome)
    methods = [method for method, numbers in outcome.numbers.items() if numbers.keys() & set(shown)]
    if not methods:
        return paragraph("Nothing of this kind was measured.")
    headings = row("method", *(heading(name) for name in shown))
    rows = [row(label(method), *group_cells(method, shown, outcome)) for method in methods]
    return table(headings, rows)


def measured_of(metrics: Mapping[str, Metric], outcome: Outcome) -> list[str]:
    """Those metrics of a group that any film has; none where there is nothing to tell the motion beside."""
    shown = [name for name in metrics if any(name in numbers for numbers in outcome.numbers.values())]
    return [] if shown == [FROZEN] else shown


def group_cells(method: str, names: Sequence[str], outcome: Outcome) -> Iterator[Cell]:
    """A method's numbers."""
    for name in names:
        yield cell(outcome.numbers[method].get(name), best=is_best(method, name, outcome))


def faint(value: float) -> Cell:
    """A number of the paper's."""
    return Cell(text=f"{value:g}", kind="faint")


def heading(name: str) -> Cell:
    """A metric's name, which way is better, and its unit."""
    metric = METRICS[name]
    return Cell(text=name + ARROWS[metric.better], note=metric.unit)


def label(method: str) -> Cell:
    """A method's name."""
    return Cell(text="driving films", kind="faint") if method == RESERVED else Cell(text=method)


def cell(number: Number | None, *, best: bool) -> Cell:
    """A number with its interval and n, or why there is none."""
    if number is None:
        return Cell(text="", order="")
    if number.value is None:
        return Cell(text="withheld", note=number.withheld, order="", kind="faint")
    spread = "" if number.low is None or number.high is None else f"{number.low:.4g} to {number.high:.4g}, "
    kind = "best" if best else ""
    return Cell(text=f"{number.value:.4f}", note=f"{spread}n = {number.n}", order=number.value, kind=kind)


def is_best(method: str, name: str, outcome: Outcome) -> bool:
    """Whether a method's value is the best of all methods', of several with as many pairs behind them."""
    better = METRICS[name].better
    found = {
        other: number
        for other, numbers in outcome.numbers.items()
        if other != RESERVED and (number := numbers.get(name)) is not None and number.value is not None
    }
    if (
        method not in found
        or len(found) < 2
        or not better
        or len({number.n for number in found.values()}) > 1
    ):
        return False
    values = [number.value for number in found.values() if number.value is not None]
    return found[method].value == (max(values) if better == "more" else min(values))


def caveats(outcome: Outcome) -> Iterator[str]:
    """Films that are missing, and what lossy may have cost."""
    if outcome.missing:
        rows = [
            row(film.method, film.pair_id, Cell(text=film.reason, kind="bad")) for film in outcome.missing
        ]
        yield table(["method", "pair", "why"], rows, f"{len(outcome.missing)} films are missing")
    else:
        yield paragraph("No film is missing.")
    texts = [
        f"{'driving films' if method == RESERVED else method}: {count} films in {codec}"
        for method, lossy in outcome.losses.items()
        for codec, count in sorted(lossy.items())
    ]
    if texts:
        yield paragraph("Lossy files, which cost every number that compares pixels, by as much as 1 to 3 dB:")
        yield listed(texts)


def other_decoder(manifest: BenchManifest) -> Iterator[str]:
    """What is told where films were decoded by another version than the manifest names."""
    decode, version = manifest.decode, version_of("av")
    if decode.version != version:
        yield paragraph(
            f"Films were decoded by {decode.library} {version}, and the manifest names {decode.version}: "
            "pixels, and with them all numbers, may differ a little from other labs'."
        )


def definitions(outcome: Outcome) -> str:
    """What each metric is that stands on the page."""
    shown = [name for name in METRICS if any(name in numbers for numbers in outcome.numbers.values())]
    rows = [
        row(name, METRICS[name].better or "neither", Cell(text=METRICS[name].text, kind="words"))
        for name in shown
    ]
    return table(["metric", "better", Cell(text="what it is", kind="words")], rows)
