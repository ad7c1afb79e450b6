"""A leg: steps that run together on a lap, from one landing to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

from engine.core import Gather, Stage, Step, Tally, apply, gather, gathering
from engine.ledger import Landed, Lap, Ledger, digest
from schemas.version import PIPELINE


class Plan(Protocol):
    """Which laps a leg has: a pure function of what has landed before it (`pipeline.plans`)."""

    def __call__(self, ledger: Ledger, leg: str, settings: str, /) -> list[Lap]: ...


@runtime_checkable
class Following(Plan, Protocol):
    """A plan with a lap for each lap of the leg before, which need not wait for the others."""

    @property
    def before(self) -> str:
        """The leg that is followed."""
        ...

    def after(self, leg: str, settings: str, name: str, landed: Landed, /) -> Lap:
        """The lap that follows a landed one."""
        ...


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a worker takes of a machine."""

    cpus: float
    gpus: float
    memory_bytes: int

    def __or__(self, other: Needs) -> Needs:
        """What serves both, one after the other."""
        return Needs(
            cpus=max(self.cpus, other.cpus),
            gpus=max(self.gpus, other.gpus),
            memory_bytes=max(self.memory_bytes, other.memory_bytes),
        )


@dataclass(frozen=True, kw_only=True)
class Leg:
    """Steps in order, and the plan of the laps that they run on."""

    name: str
    steps: tuple[Step[Any, Any] | Gather[Any, Any], ...]
    plan: Plan

    def laps(self, ledger: Ledger) -> list[Lap]:
        """The laps of the leg; to be asked when the legs before have landed."""
        return self.plan(ledger, self.name, self.settings)

    def lap_after(self, name: str, landed: Landed) -> Lap:
        """The lap that follows a landed lap of the leg before; only where the leg `follows` one."""
        assert isinstance(self.plan, Following)
        return self.plan.after(self.name, self.settings, name, landed)

    @property
    def follows(self) -> str | None:
        """The leg that is followed lap by lap, where there is one."""
        return self.plan.before if isinstance(self.plan, Following) else None

    @cached_property
    def settings(self) -> str:
        """Digest of all that the answers depend on besides the items."""
        return digest(str(PIPELINE), *(f"{step.name} {step.settings!r}" for step in self.steps))

    @property
    def needs(self) -> Needs:
        """What a worker needs for all of its steps."""
        all_needs = Needs(cpus=0.0, gpus=0.0, memory_bytes=0)
        for step in self.steps:
            if isinstance(step, Step):
                all_needs |= Needs(cpus=step.cpus, gpus=step.gpus, memory_bytes=step.memory_bytes)
        return all_needs

    @property
    def gives(self) -> type:
        """Class of the rows that land."""
        return self.steps[-1].gives


Mind = Callable[[Step[Any, Any] | Gather[Any, Any], Stage[Any, Any]], Stage[Any, Any]]
"""Puts a watch around the stage of a step (`engine.runners.monitored`)."""


@dataclass(frozen=True, kw_only=True)
class BoundStep:
    """A step as a worker holds it."""

    step: Step[Any, Any] | Gather[Any, Any]
    stage: Stage[Any, Any]
    light_s: Callable[[], float]

    def run(self, items: Iterable[Any], tally: Tally, clock: Callable[[], float]) -> Iterator[Any]:
        """The outcomes of the items."""
        if isinstance(self.step, Gather):
            yield from gather(self.step, self.stage, items, tally, clock)
            return
        before_s = self.light_s()
        for outcome in apply(self.step, self.stage, items, tally, clock):
            tally.light_s = self.light_s() - before_s
            yield outcome


def post(step: Step[Any, Any] | Gather[Any, Any], clock: Callable[[], float], mind: Mind) -> BoundStep:
    """The step with its stage made."""
    if isinstance(step, Gather):
        return BoundStep(step=step, stage=mind(step, gathering(step)), light_s=float)
    stage = step.make()
    light_s = step.light(stage, clock) if step.light is not None else float
    return BoundStep(step=step, stage=mind(step, stage), light_s=light_s)


class LegRunner:
    """The stages of a leg, made once: what a worker holds between laps."""

    def __init__(self, leg: Leg, clock: Callable[[], float], mind: Mind) -> None:
        self.leg = leg
        self.clock = clock
        self.posts = [post(step, clock, mind) for step in leg.steps]

    def run(self, lap: Lap, ledger: Ledger, watch: Callable[[Sequence[Tally]], None]) -> Landed:
        """Run a lap and land it. `watch` is shown the running tallies after each outcome."""
        tallies = [Tally(step=step.name) for step in self.leg.steps]

        def watched(outcomes: Iterable[Any]) -> Iterator[Any]:
            for outcome in outcomes:
                watch(tallies)
                yield outcome

        outcomes: Iterable[Any] = lap.read(ledger)
        for here, tally in zip(self.posts, tallies, strict=True):
            outcomes = here.run(outcomes, tally, self.clock)
        return ledger.land(lap, watched(outcomes), self.leg.gives, tallies)
