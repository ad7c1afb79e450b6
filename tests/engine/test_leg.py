"""What a worker needs, and how near a step comes to its speed of light."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from engine.core import Facet, Step
from engine.ledger import digest
from engine.leg import PROCESS_BYTES, Leg, LegRunner, reserved
from engine.needs import Needs
from pipeline import plans
from pipeline.backends import Backends
from pipeline.estimators.appearance.open_clip_embedder import OpenClip
from pipeline.flow import Curation, legs
from pipeline.stages.probe import ProbeSettings
from pipeline.stages.shard import Shard
from schemas.media import Listed, Source
from tests.engine.runners.odd import listing


class Clock:
    """Goes on by itself a little, and as far as it is told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Slow:
    """A stage that takes 3 s of which the model takes 2."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.model_s = 0.0

    def __call__(self, item: Listed) -> Iterator[Source]:
        self.clock.now += 1.0
        self.clock.now += 2.0
        self.model_s += 2.0
        yield Source(key=item.key, uri=item.uri, sha256="0" * 64, num_bytes=1, origin=item.origin)


def model_s(stage: Slow, clock: Callable[[], float]) -> Callable[[], Mapping[str, float]]:
    assert clock() == 0.0
    return lambda: {"model": stage.model_s}


def test_seconds_that_no_scheduling_can_save_are_told_by_lap(tmp_path: Path) -> None:
    ledger, clock = listing(tmp_path, "/v/fine-1", "/v/fine-2", "/v/fine-3"), Clock()
    made: list[Slow] = []

    def make() -> Slow:
        made.append(Slow(clock))
        return made[-1]

    step: Step[Any, Any] = Step(name="slow", make=make, takes=Listed, gives=Source, light=model_s)
    leg = Leg(name="sources", steps=(step,), plan=partial(plans.listed, sources_per_lap=2))
    crew = LegRunner(leg, clock, lambda step, stage: stage)
    result = [crew.run(lap, ledger, lambda tallies: None).steps[0] for lap in leg.laps(ledger)]
    assert [(tally.busy_s, tally.light_s) for tally in result] == [(6.0, 4.0), (3.0, 2.0)]
    assert len(made) == 1  # weights are loaded once for all laps


def test_a_leg_needs_what_its_hungriest_step_needs() -> None:
    same: dict[str, Any] = {"make": Slow, "takes": Listed, "gives": Source}
    steps: list[Step[Any, Any]] = [
        Step(name="a", cpus=2.0, memory_bytes=2**30, weights=frozenset({"x"}), **same),
        Step(name="b", gpus=0.5, memory_bytes=700 * 2**20, **same),
    ]
    leg = Leg(name="x", steps=tuple(steps), plan=partial(plans.listed, sources_per_lap=2))
    assert leg.needs == Needs(cpus=2.0, gpus=0.5, memory_bytes=3 * 2**30, weights=frozenset({"x"}))


def test_memory_is_the_process_and_what_its_steps_say_by_the_grain() -> None:
    assert reserved(0) == 2**30
    assert reserved(2**30 - PROCESS_BYTES) == 2**30
    assert reserved(2**30 - PROCESS_BYTES + 1) == 2**31


def test_what_a_worker_reserves_follows_from_the_largest_pictures_that_are_let_in() -> None:
    def reserved_for(**changes: Any) -> dict[str, int]:
        return {leg.name: leg.needs.memory_bytes // 2**30 for leg in legs(Curation(**changes), Path())}

    small = ProbeSettings(max_source_pixels=1920 * 1088)
    assert reserved_for(probe=small) == {
        "sources": 1,
        "catalogue": 1,
        "clips": 1,
        "tracks": 2,
        "samples": 1,
        "shards": 2,
    }
    large = reserved_for(probe=ProbeSettings(max_source_pixels=8192 * 4608))
    assert {name: size for name, size in large.items() if size > 2} == {"clips": 3, "tracks": 4, "shards": 4}


def test_only_a_backend_on_a_gpu_makes_the_estimate_ask_for_one(tmp_path: Path) -> None:
    def gpus(run: Curation) -> dict[str, float]:
        return {leg.name: leg.needs.gpus for leg in legs(run, tmp_path)}

    assert set(gpus(Curation()).values()) == {0.0}
    on_gpu = Curation(backends=Backends(appearance=OpenClip(device="cuda")), gpu_share=0.25)
    assert {name: share for name, share in gpus(on_gpu).items() if share} == {"tracks": 0.25}


def test_tars_alone_are_made_anew_where_their_bytes_would_be_others(monkeypatch: Any) -> None:
    before = [leg.settings for leg in legs(Curation(), Path())]
    monkeypatch.setattr(Shard, "version", -1)
    after = [leg.settings for leg in legs(Curation(), Path())]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True] * 5 + [False]


def test_work_of_schema_1_is_known_only_where_nothing_but_the_rule_counts() -> None:
    def leg(**how: Any) -> Leg:
        step: Step[Any, Any] = Step(
            name="corpus", make=lambda: Slow(Clock()), takes=Listed, gives=Source, **how
        )
        return Leg(name="sources", steps=(step,), plan=partial(plans.listed, sources_per_lap=2))

    assert leg().earlier == digest("13", "corpus None")
    assert {leg(version=2).earlier, leg(settings=3).earlier, leg(facets=(Facet(name="a"),)).earlier} == {""}
