"""A leg: steps that run together on a lap, from one landing to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.core import Gather, Stage, Step, Tally, apply, gather
from pipeline.landing import Landed, Lap, Ledger, digest
from schemas.version import PIPELINE


class Plan(Protocol):
    """Which laps a leg has: a pure function of what has landed before it (`pipeline.plan`)."""

    def __call__(self, ledger: Ledger, leg: str, settings: str, /) -> list[Lap]: ...


@dataclass(frozen=True, kw_only=True)
class Leg:
    """Steps in order, and the plan of the laps that they run on."""

    name: str
    steps: tuple[Step[Any, Any] | Gather[Any, Any], ...]
    plan: Plan

    def laps(self, ledger: Ledger) -> list[Lap]:
        """The laps of the leg; to be asked when the legs before have landed."""
        settings = [str(PIPELINE), *(f"{step.name} {step.settings!r}" for step in self.steps)]
        return self.plan(ledger, self.name, digest(*settings))

    @property
    def gives(self) -> type:
        """Class of the rows that land."""
        return self.steps[-1].gives


class Crew:
    """The stages of a leg, made once: what a worker holds between laps."""

    def __init__(self, leg: Leg, clock: Callable[[], float]) -> None:
        self.leg = leg
        self.clock = clock
        self.stages: list[Stage[Any, Any] | None] = [
            step.make() if isinstance(step, Step) else None for step in leg.steps
        ]

    def run(self, lap: Lap, ledger: Ledger, watch: Callable[[list[Tally]], None]) -> Landed:
        """Run a lap and land it. `watch` is shown the running tallies after each outcome."""
        tallies = [Tally(step=step.name) for step in self.leg.steps]

        def watched(outcomes: Iterable[Any]) -> Iterator[Any]:
            for outcome in outcomes:
                watch(tallies)
                yield outcome

        outcomes: Iterable[Any] = lap.read(ledger)
        for step, stage, tally in zip(self.leg.steps, self.stages, tallies, strict=True):
            if isinstance(step, Step) and stage is not None:
                outcomes = apply(step, stage, outcomes, tally, self.clock)
            elif isinstance(step, Gather):
                outcomes = gather(step, outcomes, tally)
        return ledger.land(lap, watched(outcomes), self.leg.gives, tallies)
