"""The leg that measures a data set: a lap for each tar."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from dataset.index import Index, read_index
from engine.core import Step
from engine.ledger import Lap, Ledger, digest
from engine.leg import Leg
from pipeline.measures.known import measures
from pipeline.measures.stage import MeasureSamples
from schemas.controls import CANVAS_AREA
from schemas.measures import MeasuredSample, SampleToMeasure
from schemas.media import MAX_CLIP_FRAMES

LEG = "measure"
MEMORY_BYTES = MAX_CLIP_FRAMES * (224 * 224 * 3 + CANVAS_AREA * 4 // 6) + 256 * 2**20
"""Faces, every sixth picture with its luma, and what is made of them."""


def measuring(data: str) -> Leg:
    """The leg; what it lands is known by the samples' bytes and the definitions of all measures."""
    step = Step(
        name="measure",
        make=partial(MeasureSamples, data),
        takes=SampleToMeasure,
        gives=MeasuredSample,
        settings=tuple(map(repr, measures())),
        memory_bytes=MEMORY_BYTES,
    )
    return Leg(name=LEG, steps=(step,), plan=partial(each_tar, data=data))


def each_tar(_: Ledger, leg: Leg, *, data: str) -> list[Lap]:
    """One lap for each tar of the data set."""
    laps = []
    for shard, samples in read_index(data).by_shard():
        identifiers = (text for name in ("key", "sha256") for text in samples.table[name].to_pylist())
        name = shard.removeprefix("shards/").removesuffix(".tar").replace("/", "-")
        inputs = digest(leg.settings, *identifiers)
        read = partial(samples_in, samples=samples)
        laps.append(Lap(leg=leg.name, name=name, inputs=inputs, items=len(samples), read=read))
    return laps


def samples_in(_: Ledger, *, samples: Index) -> Iterator[SampleToMeasure]:
    """The samples of a tar."""
    return (SampleToMeasure(row=row) for row in samples.rows())
