"""What a benchmark comes to, read from its landings: numbers by method, what is missing, values of each pair.

Films are read one by one, their features go to files of a scratch folder: memory does not grow with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.ledger import Ledger
from jobs.evaluation.manifest import BenchManifest
from jobs.evaluation.measured import MeasuredFilm, MeasuredTruth
from jobs.evaluation.results import RESERVED
from jobs.evaluation.scoring import FILMS, TRUTHS
from model.eval.intervals import Span, spans_of
from model.eval.metrics import METRICS
from model.eval.summary import SETS, Number, mean_values, of_means, of_set


@dataclass(frozen=True, kw_only=True)
class MissingFilm:
    """A film that has no numbers."""

    method: str
    pair_id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """All that is told of a benchmark."""

    numbers: dict[str, dict[str, Number]]
    """By method and metric; the driving films' own are those of `RESERVED`."""
    values: dict[tuple[str, str], dict[str, float]]
    """Of each method and pair."""
    missing: list[MissingFilm]
    losses: dict[str, dict[str, int]]
    """By method: what lossy codecs may have cost, and how many of its films."""


class FeatureFiles:
    """Rows of features by method and extractor, in files of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.widths: dict[tuple[str, str], int] = {}
        self.counts: dict[tuple[str, str], dict[str, int]] = {}

    def path(self, method: str, extractor: str) -> Path:
        """The file of a method's rows."""
        return self.folder / f"{method}.{extractor}.f32"

    def add(self, film: MeasuredFilm) -> None:
        """Keep a film's rows."""
        for part in film.features:
            self.widths[film.method, part.name] = part.rows.shape[1]
            self.counts.setdefault((film.method, part.name), {})[film.pair_id] = len(part.rows)
            with self.path(film.method, part.name).open("ab") as file:
                part.rows.tofile(file)

    def spans(self, method: str, extractor: str) -> list[Span]:
        """Rows of each pair, of a method and of the driving films; none where these are other pairs."""
        made, truth = (self.counts.get((name, extractor), {}) for name in (method, RESERVED))
        return spans_of([*made.values()], [*truth.values()]) if [*made] == [*truth] else []

    def rows(self, method: str, extractor: str) -> np.ndarray | None:
        """All rows (n, d) of a method, on the disk; None where there are none."""
        width = self.widths.get((method, extractor))
        if width is None:
            return None
        return np.memmap(self.path(method, extractor), np.float32, mode="r").reshape(-1, width)


@dataclass(kw_only=True)
class Reading:
    """What has been read of the landings so far."""

    features: FeatureFiles
    values: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)
    losses: dict[str, dict[str, int]] = field(default_factory=dict)

    def take(self, film: MeasuredFilm, *, in_sets: bool) -> None:
        """Take a film in; its features too where it counts in sets."""
        self.values[film.method, film.pair_id] = mean_values(film.frames, film.numbers)
        if film.loss:
            codec = film.loss.partition(",")[0]
            of_method = self.losses.setdefault(film.method, {})
            of_method[codec] = of_method.get(codec, 0) + 1
        if in_sets:
            self.features.add(film)


def outcome_of(
    ledger: Ledger, manifest: BenchManifest, methods: Sequence[str], scratch: Path, *, allow_small: bool
) -> Outcome:
    """What the landings of a finished run come to."""
    own = {pair.pair_id for pair in manifest.pairs if pair.kind == "self"}
    reading = Reading(features=FeatureFiles(scratch))
    for film in films_in(ledger):
        reading.take(film, in_sets=film.pair_id in own)
    missing = list(missing_in(ledger))
    numbers = {}
    for method in (RESERVED, *methods):
        found = [values for (name, _), values in sorted(reading.values.items()) if name == method]
        means = of_means(found, seed=manifest.statistics.seed, bootstraps=manifest.statistics.bootstrap)
        lacking = sum(film.method == method and film.pair_id in own for film in missing)
        sets = (
            {} if method == RESERVED else sets_of(reading.features, method, lacking, allow_small=allow_small)
        )
        found_all = means | sets
        numbers[method] = {name: found_all[name] for name in METRICS if name in found_all}
    return Outcome(numbers=numbers, values=reading.values, missing=missing, losses=reading.losses)


def sets_of(files: FeatureFiles, method: str, missing: int, *, allow_small: bool) -> dict[str, Number]:
    """Numbers of the set of a method's films beside that of the driving films."""
    found = {}
    for name, (extractor, _, _) in SETS.items():
        made, truth = files.rows(method, extractor), files.rows(RESERVED, extractor)
        if made is not None and truth is not None:
            spans = files.spans(method, extractor)
            found[name] = of_set(name, made, truth, missing=missing, allow_small=allow_small, spans=spans)
    return found


def films_in(ledger: Ledger) -> Iterator[MeasuredFilm]:
    """All films that were measured, those that drive first."""
    for name in ledger.names(TRUTHS):
        yield from (row.film for row in ledger.rows(TRUTHS, name, MeasuredTruth))
    for name in ledger.names(FILMS):
        yield from ledger.rows(FILMS, name, MeasuredFilm)


def missing_in(ledger: Ledger) -> Iterator[MissingFilm]:
    """Films that were not measured, and why."""
    for table in ledger.all_rejects(FILMS):
        for no in table.to_pylist():
            method, _, pair_id = no["key"].partition("/")
            yield MissingFilm(method=method, pair_id=pair_id, reason=f"{no['reason']}: {no['detail']}")


def plain(numbers: Mapping[str, Number]) -> dict[str, dict[str, object]]:
    """Numbers as JSON has them."""
    return {name: dict(vars(number)) for name, number in sorted(numbers.items())}
