"""What a network makes of clips that it never learns from: their loss, and films of some.

The clips are those of the sources that the loader holds out. Windows, times and noise stay the same from one
validation to the next, so that two losses differ by the weights alone.

B clips, F video frames, H, W height and width of the video, px.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from model.data.batch import Batch
from model.data.epoch_order import Draw, longest_windows
from model.data.loader import Loader
from model.data.maps import maps_of
from model.data.mixture import MixedSamples, mixed_table
from model.data.prefetch import Stored
from model.data.rng import words
from model.data.settings import LoaderSettings, undisturbed
from model.data.worker import BatchMaker, BatchTask, Slot
from model.flow.solver import Velocity
from model.nets.autoencoders.wan import VideoCodec
from model.nets.conditions import Conditions
from model.sample.solve import SamplerSettings, sample
from model.train.engines.engine import Engine
from model.train.objectives.video import Score, VelocityNet


@dataclass(frozen=True, kw_only=True)
class ValidationSettings:
    """When and how closely held-out clips are looked at."""

    every: int = 500
    """Steps between two looks; each phase also ends with one."""
    clips: int = 16
    """Most clips whose loss is taken."""
    times: int = 4
    """Times and noises that each clip is tried with."""
    films: int = 1
    """Clips that are made into films, from their first reference and their own motion."""
    sampler: SamplerSettings = field(default_factory=lambda: SamplerSettings(steps=16))

    def __post_init__(self) -> None:
        if min(self.every, self.clips, self.times) < 1 or self.films < 0:
            raise ValueError("validation looks at 1 clip at least, at 1 time at least, every 1 step or more")


@dataclass(frozen=True, kw_only=True)
class ValidationResult:
    """What was seen of the held-out clips."""

    loss: float
    """Mean over clips and times, without a handed-over frame; not a number where nothing could be scored."""
    films: tuple[Film, ...]
    metrics: dict[str, float] = field(default_factory=dict)
    """Means of all that the task says of a lesson, the loss among them."""


@dataclass(frozen=True, kw_only=True)
class Film:
    """A held-out clip beside what the network makes of it."""

    key: str
    pictures: Tensor
    """F H 4W 3 uint8, from left to right: the reference, the maps, the video as made, the video as it is."""


Teach = Callable[[Batch], Any]
"""What a batch teaches in the phase under way."""
Judge = Callable[[Any, Generator, float], Score]
"""The loss of a lesson, given what draws times and noise, and the share of hand-overs."""


class Validator:
    """Some samples, those held out as a rule, each looked at in the same way every time."""

    def __init__(
        self, loader: Loader, samples: MixedSamples | None, settings: ValidationSettings, codec: VideoCodec
    ) -> None:
        how = replace(loader.settings, sample=undisturbed(loader.settings.sample))
        self.maker = BatchMaker(loader.roots, how)
        found = slots(samples, how, settings.clips) if samples is not None else ()
        known = loader.captions
        self.slots = tuple(
            replace(slot, captions=known.captions(at.row for at in slot.rows)) if known else slot
            for slot in found
        )
        self.settings, self.codec, self.seed = settings, codec, how.seed

    def __len__(self) -> int:
        """Number of clips."""
        return len(self.slots)

    def __getitem__(self, number: int) -> Batch:
        """A clip, alone in its batch.

        Raises:
            ValueError: it breaks a promise of formats.md.
        """
        batch = self.maker[BatchTask(slot=self.slots[number], upcoming=Slot())]
        if batch.faults:
            raise ValueError(f"not fit to be examined on: {batch.faults[0]}")
        return batch

    @torch.no_grad()
    def validate(self, engine: Engine, teach: Teach, judge: Judge, names: Sequence[str]) -> ValidationResult:
        """Means of the metrics of these names, the loss among them, and films; all ranks call it together."""
        sums = torch.zeros(1 + len(names), device=engine.device)
        for clip, counts in turns(len(self), engine.replica, engine.replicas):
            given = teach(self[clip])
            for time in range(self.settings.times):
                found = judge(given, self.lot(clip, time), 0.0)
                values = [found.metrics[name] for name in names]
                sums += counts * found.counts * torch.stack([torch.ones_like(found.counts), *values])
        num, *totals = engine.mean(sums).tolist()
        means = {name: total / num if num else math.nan for name, total in zip(names, totals, strict=True)}
        filmed = range(min(self.settings.films, len(self)))
        return ValidationResult(
            loss=means["loss"],
            films=tuple(self.film(clip, engine, teach) for clip in filmed),
            metrics=means,
        )

    def film(self, clip: int, engine: Engine, teach: Teach) -> Film:
        """A clip beside what the network makes of it."""
        batch = self[clip]
        given = teach(batch)
        conditions = replace(given.conditions, first_given=torch.zeros_like(given.conditions.first_given))
        noise = torch.randn(given.latents.shape, generator=self.lot(clip, FILM)).to(engine.device)
        latents = sample(partial(engine_velocity, engine), conditions, noise, self.settings.sampler)
        made = ((self.codec.decode(latents)[0].cpu().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
        skeleton, sphere = (drawn[0] for drawn in maps_of(batch))
        maps = torch.maximum(skeleton, sphere)
        reference = batch.references[0, :1].expand_as(maps)
        shown = (reference, maps, made.movedim(0, -1), batch.video[0])
        return Film(key=batch.keys[0], pictures=torch.cat(shown, dim=2))

    def lot(self, clip: int, time: int) -> Generator:
        """What draws a time and noise for a clip."""
        return Generator().manual_seed(int(words(1, "validation", self.seed, clip, time)[0]) >> 1)


FILM = -1
"""The number of the noise that films begin with."""


def turns(clips: int, rank: int, world_size: int) -> Iterator[tuple[int, bool]]:
    """A rank's clips, and whether each counts: all ranks take as many turns, so the last one may be idle."""
    for first in range(0, clips, world_size):
        yield min(first + rank, clips - 1), first + rank < clips


def slots(found: MixedSamples, settings: LoaderSettings, most: int) -> tuple[Slot, ...]:
    """The middle windows of clips spread evenly over samples, as long as the settings allow."""
    samples = mixed_table(found, settings.order)
    longest = longest_windows(samples, settings.order)
    fit = np.flatnonzero((samples.group >= 0) & (longest >= settings.order.window.min_frames))
    chosen = fit[np.unique(np.linspace(0, len(fit) - 1, min(most, len(fit)), dtype=int))]
    start, seeds = (samples.frames - longest) // 2, words(len(found), "held out", settings.seed)
    draws = [Draw(row, int(start[row]), int(longest[row]), int(seeds[row])) for row in chosen.tolist()]
    canvas = {d.row: (int(samples.height[d.row]), int(samples.width[d.row])) for d in draws}
    rows = {d.row: Stored(found.data_set_of(d.row), found.row(d.row)) for d in draws}
    return tuple(Slot(draws=(d,), rows=(rows[d.row],), shape=(d.frames, *canvas[d.row])) for d in draws)


def engine_velocity(net: VelocityNet, conditions: Conditions) -> Velocity:
    """The velocity of a network that may be spread over ranks: only as a whole can it be asked."""
    return lambda x, t: net(x, t, conditions).float()
