"""The legs from a benchmark and the films of methods to what was measured: driving films first, then all.

A driving film is looked at by networks once, whatever the number of methods. Laps land one by one: what was
measured is never measured again while films, weights and settings stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from engine.core import Step
from engine.ledger import Landed, Lap, Ledger, digest
from engine.leg import Leg
from jobs.evaluation.films import facts_of, loss_of, pictures_of
from jobs.evaluation.instruments import Instruments, Measuring
from jobs.evaluation.manifest import Benchmark, BenchPair, refuse_changed
from jobs.evaluation.measured import MeasuredFilm, MeasuredTruth, curves_of, features_of
from jobs.evaluation.opened import opened_film
from jobs.evaluation.results import RESERVED, MadeResult, Results
from media.content import sha256_of_file, state_of
from model.eval.drift import over_time
from model.eval.people import compared, joints, likeness
from schemas.outcome import Rejected

TRUTHS, FILMS = "truths", "films"
"""The legs."""
SCORES = 2
"""Meaning of what is measured: raised when it would come out otherwise."""
RATE_SHARE = 0.01
"""Films whose rates differ by more than this are not compared frame by frame."""
MEMORY = 3 * 2**30
"""Bytes that networks and estimators take, with the frames of a film that they see at a time."""


@dataclass(frozen=True, kw_only=True)
class TruthTask:
    """A driving film to be measured."""

    key: str
    uri: str
    folder: Path
    """Of the benchmark."""
    pair: BenchPair


@dataclass(frozen=True, kw_only=True)
class FilmTask:
    """A film to be measured, and what its driving film gave."""

    key: str
    uri: str
    folder: Path
    """Of the benchmark."""
    pair: BenchPair
    method: str
    made: MadeResult | str
    truth: MeasuredTruth | str
    """Or why there is none."""


class MeasureTruth:
    """The stage of the first leg."""

    def __init__(self, how: Measuring) -> None:
        self.how, self.instruments = how, Instruments(how)

    def __call__(self, task: TruthTask) -> Iterator[MeasuredTruth]:
        """The driving film, measured.

        Raises:
            Rejected: it or the reference is not the file that the manifest names, or cannot be read.
        """
        path = refuse_changed(task.folder, task.pair.driving)
        reference = refuse_changed(task.folder, task.pair.reference)
        face = self.instruments.face(reference)
        video = facts_of(path)
        reading = self.instruments.measured(pictures_of(video), None, face, video.fps)
        readings = reading.readings
        numbers = over_time(readings.frames, self.how.segments)
        numbers |= self.instruments.in_step(reading, [path], video.fps)
        film = MeasuredFilm(
            key=task.key,
            uri=task.uri,
            method=RESERVED,
            pair_id=task.pair.pair_id,
            loss=loss_of(video),
            curves=curves_of(readings),
            features=features_of(readings),
            numbers=numbers,
        )
        expected = None
        if task.pair.kind == "cross":
            frames = len(readings.frames["change"])
            expected = self.instruments.expected(reference, path, frames, video.fps)
        yield MeasuredTruth(key=task.key, uri=task.uri, film=film, person=reading.person, expected=expected)


class MeasureFilm:
    """The stage of the second leg."""

    def __init__(self, how: Measuring) -> None:
        self.how, self.instruments = how, Instruments(how)

    def __call__(self, task: FilmTask) -> Iterator[MeasuredFilm]:
        """The film, measured beside its truth where the pair is driven by a film of the same person.

        Raises:
            Rejected: it is missing, cannot be read, or not be compared; or its driving film could not.
        """
        if isinstance(task.truth, str):
            raise Rejected("missing", f"its driving film could not be measured: {task.truth}")
        if isinstance(task.made, str):
            raise Rejected("missing", task.made)
        face = self.instruments.face(refuse_changed(task.folder, task.pair.reference))
        driving = facts_of(task.folder / task.pair.driving.uri)
        film = opened_film(task.made, task.pair.driving.fps)
        refuse_rate(film.fps, task.pair.driving.fps)
        same = task.pair.kind == "self"
        size = (driving.width, driving.height) if same and self.how.resize == "lanczos" else None
        fps, truth = task.pair.driving.fps, pictures_of(driving) if same else None
        reading = self.instruments.measured(film.pictures(size), truth, face, fps)
        readings, person = reading.readings, reading.person
        refuse_length(len(readings.frames["change"]), len(task.truth.film.frames["change"]))
        frames, numbers = dict(readings.frames), over_time(readings.frames, self.how.segments)
        if person is not None and task.truth.person is not None:
            frames |= compared(person, task.truth.person, same_person=same)
            if (wanted := task.truth.expected) is not None:
                place = wanted.in_film(film.width, film.height)
                frames |= {} if place is None else joints(person, place, wanted.score)
            numbers |= moves_alike(frames, task.truth.film)
        heard = [] if task.made.pictures else [task.made.path]
        films = [*heard, task.folder / task.pair.driving.uri]
        numbers |= self.instruments.in_step(reading, films, fps)
        yield MeasuredFilm(
            key=task.key,
            uri=task.uri,
            method=task.method,
            pair_id=task.pair.pair_id,
            loss=film.loss,
            curves=curves_of(replace(readings, frames=frames)),
            features=features_of(readings),
            numbers=numbers,
        )


def refuse_rate(made: float, driving: float) -> None:
    """Raise Rejected where two films are not of one rate."""
    if abs(made - driving) > RATE_SHARE * driving:
        raise Rejected(
            "not_comparable", f"the films differ in rate: {made:.3g} and {driving:.3g} frames a second"
        )


def refuse_length(made: int, driving: int) -> None:
    """Raise Rejected where two films have not as many frames."""
    if made != driving:
        raise Rejected("not_comparable", f"the films differ in length: {made} and {driving} frames")


def moves_alike(frames: Mapping[str, np.ndarray], truth: MeasuredFilm) -> dict[str, float]:
    """How a mouth follows the driver's: the correlation of their openings."""
    value = likeness(frames["mouth_open"], truth.frames["mouth_open"])
    return {"mouth_corr": value} if np.isfinite(value) else {}


def legs(benchmark: Benchmark, results: Mapping[str, Results], how: Measuring) -> list[Leg]:
    """The legs of a benchmark and the films of methods."""
    how_run: dict[str, Any] = {
        "settings": how,
        "version": SCORES,
        "memory_bytes": MEMORY,
        "gpus": 0.0 if how.device == "cpu" else 1.0,
        "weights": frozenset({"evaluation"}),
    }
    truth = partial(MeasureTruth, how)
    truths = Step(name="measure_truth", make=truth, takes=TruthTask, gives=MeasuredTruth, **how_run)
    film = partial(MeasureFilm, how)
    films = Step(name="measure_film", make=film, takes=FilmTask, gives=MeasuredFilm, **how_run)
    return [
        Leg(name=TRUTHS, steps=(truths,), plan=partial(each_truth, benchmark=benchmark)),
        Leg(
            name=FILMS,
            steps=(films,),
            plan=partial(each_film, benchmark=benchmark, results=results),
            beside=(TRUTHS,),
        ),
    ]


def each_truth(_: Ledger, leg: Leg, *, benchmark: Benchmark) -> list[Lap]:
    """A lap for each pair."""
    return [
        Lap(
            leg=leg.name,
            name=f"{number:06d}",
            inputs=digest(leg.settings, pair.pair_id, *files_of(pair)),
            items=1,
            read=partial(truth_task, folder=benchmark.folder, pair=pair),
        )
        for number, pair in enumerate(benchmark.manifest.pairs)
    ]


def each_film(ledger: Ledger, leg: Leg, *, benchmark: Benchmark, results: Mapping[str, Results]) -> list[Lap]:
    """A lap for each pair and method, once the driving films have landed."""
    landed = dict(ledger.all_landed(TRUTHS))
    return [
        film_lap(
            leg,
            number,
            pair,
            method,
            results[method][pair.pair_id],
            landed[f"{number:06d}"],
            benchmark.folder,
        )
        for method in sorted(results)
        for number, pair in enumerate(benchmark.manifest.pairs)
    ]


def film_lap(
    leg: Leg,
    number: int,
    pair: BenchPair,
    method: str,
    made: MadeResult | str,
    truth: Landed,
    folder: Path,
) -> Lap:
    """The lap of one film."""
    return Lap(
        leg=leg.name,
        name=f"{method}-{number:06d}",
        inputs=digest(leg.settings, method, pair.pair_id, pair.kind, truth.content, *state(made)),
        items=1,
        read=partial(film_task, number=number, pair=pair, method=method, made=made, folder=folder),
    )


def files_of(pair: BenchPair) -> tuple[str, str]:
    """Digests of a pair's files."""
    return pair.driving.sha256, pair.reference.sha256


def state(made: MadeResult | str) -> tuple[str, ...]:
    """What a made film is: its bytes and which part of it, or why there is none."""
    if isinstance(made, str):
        return ("missing", made)
    try:
        content = [sha256_of_file(path, state_of(path)) for path in made.pictures or (made.path,)]
    except (OSError, Rejected) as error:
        return ("missing", str(error))
    return *content, repr((made.start, made.crop, made.fps))


def truth_task(_: Ledger, *, folder: Path, pair: BenchPair) -> list[TruthTask]:
    """The one item of a lap of driving films."""
    return [TruthTask(key=pair.pair_id, uri=pair.driving.uri, folder=folder, pair=pair)]


def film_task(
    ledger: Ledger, *, number: int, pair: BenchPair, method: str, made: MadeResult | str, folder: Path
) -> list[FilmTask]:
    """The one item of a lap of films."""
    uri = made if isinstance(made, str) else str(made.path)
    key, truth = f"{method}/{pair.pair_id}", truth_of(ledger, f"{number:06d}")
    return [FilmTask(key=key, uri=uri, folder=folder, pair=pair, method=method, made=made, truth=truth)]


def truth_of(ledger: Ledger, name: str) -> MeasuredTruth | str:
    """What a driving film gave, or why it gave nothing."""
    for row in ledger.rows(TRUTHS, name, MeasuredTruth):
        return row
    (no,) = ledger.rejects(TRUTHS, name).to_pylist()
    return f"{no['reason']}: {no['detail']}"
