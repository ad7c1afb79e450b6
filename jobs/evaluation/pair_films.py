"""Pairs on the page: reference, driving film and what methods made of them, played together; curves below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

import numpy as np

from engine.ledger import Ledger
from jobs.evaluation.manifest import Benchmark, BenchPair
from jobs.evaluation.measured import MeasuredFilm, MeasuredTruth
from jobs.evaluation.outcome import Outcome
from jobs.evaluation.preview import film_data, picture_data
from jobs.evaluation.results import RESERVED, MadeResult, Results
from jobs.evaluation.scoring import FILMS, TRUTHS
from jobs.pages.charts import lines
from jobs.pages.document import paragraph
from model.eval.metrics import METRICS
from schemas.outcome import Rejected

MOST_PAIRS = 8
"""Worst pairs that are shown."""
MOST_BYTES = 14 * 2**20
"""Of films on the page."""
JUDGED = ("psnr", "csim_dlib", "head_pose_deg", "joints_torso", "dynamic_degree")
"""A pair is as bad as it is by the first of these that is measured of any."""
CURVES = ("psnr", "lpips_alex", "effnet_distance", "vmaf", "csim_dlib", "head_pose_deg", "joints_torso",
          "expression", "mouth_open", "colour", "sharpness", "motion")  # fmt: skip
"""Shown of a pair where there are any."""


def pair_parts(
    benchmark: Benchmark, results: Mapping[str, Results], outcome: Outcome, ledger: Ledger
) -> Iterator[str]:
    """The worst pairs, worst first, as far as their films fit on the page."""
    worst, size = worst_pairs(benchmark, outcome), 0
    metric = judged_by(outcome)
    if metric is not None:
        yield paragraph(f"The worst pairs by {metric}, mean over methods, worst first.")
    for number, pair in worst[:MOST_PAIRS]:
        part = pair_part(number, pair, benchmark, results, ledger)
        size += len(part)
        if size > MOST_BYTES:
            yield paragraph("More films would make the page too large.")
            return
        yield part


def judged_by(outcome: Outcome) -> str | None:
    """The metric by which pairs are put in order."""
    made = [values for (method, _), values in outcome.values.items() if method != RESERVED]
    return next((name for name in JUDGED if any(name in values for values in made)), None)


def worst_pairs(benchmark: Benchmark, outcome: Outcome) -> list[tuple[int, BenchPair]]:
    """All pairs with their numbers, the worst one first; those without a value last."""
    name = judged_by(outcome)

    def badness(place: tuple[int, BenchPair]) -> float:
        found = [
            values[name]
            for (method, pair_id), values in outcome.values.items()
            if method != RESERVED and pair_id == place[1].pair_id and name in values
        ]
        if name is None or not found:
            return np.inf
        return float(np.mean(found)) * (-1 if METRICS[name].better == "less" else 1)

    return sorted(enumerate(benchmark.manifest.pairs), key=badness)


def pair_part(
    number: int, pair: BenchPair, benchmark: Benchmark, results: Mapping[str, Results], ledger: Ledger
) -> str:
    """One pair: its pictures and films, and curves of its frames."""
    shown = [picture("reference", pair, benchmark)]
    shown.append(film("driving", MadeResult(path=benchmark.path(pair.driving))))
    measured = {film.method: film for film in films_of(ledger, number, sorted(results))}
    for method in sorted(results):
        made = results[method][pair.pair_id]
        shown.append(film(method, made if method in measured else "not measured"))
    methods = [RESERVED, *sorted(results)]
    drawn = [chart for name in CURVES if (chart := curves(name, measured, methods))]
    slider = '<input type="range" aria-label="time" min="0" max="1" step="0.001" value="0">'
    controls = f'<p class="controls"><button>Play</button>{slider}</p>'
    body = f'<div class="films">{"".join(shown)}</div>{controls}{"".join(drawn)}'
    return f'<div class="pair"><h3>{escape(pair.pair_id)}</h3>{body}</div>'


def films_of(ledger: Ledger, number: int, methods: Sequence[str]) -> Iterator[MeasuredFilm]:
    """What was measured of a pair, the driving film first."""
    landed = set(ledger.names(FILMS))
    yield from (row.film for row in ledger.rows(TRUTHS, f"{number:06d}", MeasuredTruth))
    for name in (f"{method}-{number:06d}" for method in methods):
        if name in landed:
            yield from ledger.rows(FILMS, name, MeasuredFilm)


def curves(name: str, measured: Mapping[str, MeasuredFilm], methods: Sequence[str]) -> str:
    """A metric over the frames of a pair's films."""
    found = {method: film.frames[name] for method, film in measured.items() if name in film.frames}
    return lines(name, found, below="frames", among=methods)


def picture(name: str, pair: BenchPair, benchmark: Benchmark) -> str:
    """The reference."""
    try:
        data = picture_data(benchmark.path(pair.reference))
    except Rejected as no:
        return lacking(name, str(no))
    return f'<figure><img alt="{escape(name)}" src="{data}"><figcaption>{escape(name)}</figcaption></figure>'


def film(name: str, made: MadeResult | str) -> str:
    """A film that plays without sound, over and over with the others."""
    if isinstance(made, str):
        return lacking(name, made)
    try:
        data = film_data(made)
    except Rejected as no:
        return lacking(name, str(no))
    caption = f"<figcaption>{escape(name)}</figcaption>"
    return f'<figure><video muted playsinline preload="auto" src="{data}"></video>{caption}</figure>'


def lacking(name: str, why: str) -> str:
    """What stands where nothing can be shown."""
    return f'<figure><figcaption>{escape(name)}: <span class="bad">{escape(why)}</span></figcaption></figure>'
