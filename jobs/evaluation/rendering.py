"""The leg from a benchmark to the films that a run, or a baseline, makes of its pairs: a lap for each."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from engine.core import Step
from engine.ledger import Lap, Ledger, digest, marker_of
from engine.leg import Leg
from jobs.animation.performer import Performer
from jobs.evaluation.films import Pictures
from jobs.evaluation.manifest import Benchmark, BenchPair, refuse_changed
from media.encode import VideoSettings, write_video
from model.sample.segments import HandOver
from model.sample.solve import SamplerSettings
from model.train.load import Taken
from pipeline.backends import Backends
from schemas.base import record
from schemas.media import FPS
from schemas.outcome import Rejected
from storage.place import Place

RENDERED = "rendered"
"""The leg."""
FILM = VideoSettings(crf=10)
"""How films are kept: what is measured should be the network's, and not the codec's."""
MEMORY = 12 * 2**30
"""Bytes that a network of some size takes with its estimators."""


class Renderer(Protocol):
    """Makes a film of a person in a picture that moves like a film's."""

    def __call__(self, reference: Path, driving: Path, pair: BenchPair, /) -> Iterator[Pictures]:
        """The frames (t, h, w, 3), part by part, as many as the pair's driving film has at 24 a second.

        Their size is the pair's canvas, where that is not larger than what the network has learned.

        Raises:
            Rejected: a person cannot be found where one is needed.
        """
        ...


class Rendering(Protocol):
    """Settings that make a renderer; its answers depend on all but placements."""

    def build(self) -> Renderer:
        """The renderer, its weights loaded."""
        ...


@dataclass(frozen=True, kw_only=True)
class RunRendering:
    """Films by a run of ours."""

    run: Path = field(repr=False)
    checkpoint: Path
    """The run's last; its content counts, not its place."""
    backends: Backends
    sampler: SamplerSettings
    hand_over: HandOver
    match_colours: bool
    weights: Taken
    seed: int
    second_pass: bool

    def build(self) -> Renderer:
        """The run's performer, everything loaded once."""
        performer = Performer.of(
            self.run,
            self.backends,
            sampler=self.sampler,
            hand_over=self.hand_over,
            match_colours=self.match_colours,
            weights=self.weights,
            seed=self.seed,
        )
        return partial(performed, performer, second_pass=self.second_pass)


def performed(
    performer: Performer, reference: Path, driving: Path, pair: BenchPair, *, second_pass: bool
) -> Iterator[Pictures]:
    """The frames of one film by a run."""
    performer = performer.on_canvases(math.prod(pair.canvas))
    try:
        portrait, driver = performer.portrait([reference]), performer.people.video(driving)
    except ValueError as error:
        if isinstance(error.__cause__, Rejected):
            raise error.__cause__ from error
        raise
    clip = driver.clip
    if clip.duration_s < clip.video.duration_s - 1 / FPS:
        span = f"only {clip.start_s:.1f} to {clip.stop_s:.1f} s of {clip.video.duration_s:.1f} s"
        raise Rejected("not_comparable", f"{span} of the driving film show one person alone")
    played = performer.performance(portrait, driver, None, "mouth")
    yield from performer.perform(portrait, played, second_pass=second_pass, say=lambda _: None)


@record
class RenderedFilm:
    """A film that was made."""

    key: str
    uri: str  # of the driving film
    name: str  # of the film in OUT
    sha256: str
    frames: int
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class RenderTask:
    """A film to be made."""

    key: str
    uri: str
    folder: Path
    """Of the benchmark."""
    pair: BenchPair


class RenderFilms:
    """The stage: one film after the other, written where they belong."""

    def __init__(self, how: Rendering, out: str) -> None:
        self.renderer, self.out = how.build(), Place.at(out)

    def __call__(self, task: RenderTask) -> Iterator[RenderedFilm]:
        """The film of a pair.

        Raises:
            Rejected: a file of the benchmark is another, or the people in them cannot be made out.
        """
        reference = refuse_changed(task.folder, task.pair.reference)
        driving = refuse_changed(task.folder, task.pair.driving)
        name, count, size = f"{task.pair.pair_id}.mp4", 0, (0, 0)

        def counted(parts: Iterator[Pictures]) -> Iterator[np.ndarray]:
            nonlocal count, size
            for part in parts:
                count, size = count + len(part), (part.shape[2], part.shape[1])
                yield part

        with tempfile.TemporaryDirectory() as folder:
            film = Path(folder) / "film.mp4"
            write_video(film, counted(self.renderer(reference, driving, task.pair)), FILM)
            sha256 = self.out.put(name, film)
        yield RenderedFilm(
            key=task.key, uri=task.uri, name=name, sha256=sha256, frames=count, width=size[0], height=size[1]
        )


def rendering_legs(benchmark: Benchmark, how: Rendering, out: str, *, gpus: float) -> list[Leg]:
    """The leg that makes the films of a benchmark."""
    step = Step(
        name="render",
        make=partial(RenderFilms, how, out),
        takes=RenderTask,
        gives=RenderedFilm,
        settings=(how, FILM),
        memory_bytes=MEMORY,
        gpus=gpus,
        weights=frozenset({"animator"}),
    )
    return [Leg(name=RENDERED, steps=(step,), plan=partial(each_pair, benchmark=benchmark))]


def each_pair(_: Ledger, leg: Leg, *, benchmark: Benchmark) -> list[Lap]:
    """A lap for each pair."""
    return [
        Lap(
            leg=leg.name,
            name=f"{number:06d}",
            inputs=digest(leg.settings, pair.pair_id, pair.driving.sha256, pair.reference.sha256),
            items=1,
            read=partial(render_task, folder=benchmark.folder, pair=pair),
        )
        for number, pair in enumerate(benchmark.manifest.pairs)
    ]


def render_task(_: Ledger, *, folder: Path, pair: BenchPair) -> list[RenderTask]:
    """The one item of a lap."""
    return [RenderTask(key=pair.pair_id, uri=str(folder / pair.driving.uri), folder=folder, pair=pair)]


def forget_lost_films(ledger: Ledger, out: Place) -> None:
    """To be called before the leg runs: a film that is gone is made anew, whatever the ledger says."""
    for name in ledger.names(RENDERED):
        if any(out.size(film.name) is None for film in ledger.rows(RENDERED, name, RenderedFilm)):
            ledger.place.remove(marker_of(RENDERED, name))
