"""A leg: steps that run together on a lap, from one landing to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

from engine.core import Gather, Stage, Step, Tally, apply, gather, gathering
from engine.identity import identity
from engine.lap_tables import Known, LandedFacet, unchanged
from engine.ledger import Landed, Lap, Ledger, digest
from engine.needs import Needs
from schemas.version import RULES_OF_1

PROCESS_BYTES = 400 * 2**20
"""What a guard and its process take with all that they import, before a stage is made."""
GRAIN_BYTES = 2**30
"""Memory is reserved by so much at a time, so that legs which need about the same share their workers."""


def reserved(stages_bytes: int) -> int:
    """What is reserved for a worker whose stages take so much."""
    return -(-(PROCESS_BYTES + stages_bytes) // GRAIN_BYTES) * GRAIN_BYTES


class Plan(Protocol):
    """Which laps a leg has: a pure function of what has landed before it (`pipeline.plans`)."""

    def __call__(self, ledger: Ledger, leg: Leg, /) -> list[Lap]: ...


@runtime_checkable
class Following(Plan, Protocol):
    """A plan with a lap for each name of a lap of the legs before, which need not wait for other names."""

    def lap(self, leg: Leg, name: str, landed: Mapping[str, Landed], /) -> Lap:
        """The lap that reads what has landed under a name: by leg, in the order of `leg.after`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Leg:
    """Steps in order, the plan of the laps that they run on, and the legs that these depend on."""

    name: str
    steps: tuple[Step[Any, Any] | Gather[Any, Any], ...]
    plan: Plan
    after: tuple[str, ...] = ()
    """Legs whose rows are its items: what they give, all together, is what it is offered."""
    beside: tuple[str, ...] = ()
    """Legs whose landings its plan looks into as well."""

    def laps(self, ledger: Ledger) -> list[Lap]:
        """The laps of the leg; to be asked when the legs that it depends on have landed."""
        return self.plan(ledger, self)

    def lap_after(self, name: str, landed: Mapping[str, Landed]) -> Lap:
        """The lap that follows the landed laps of a name, by their legs; only where the leg `follows` any."""
        assert isinstance(self.plan, Following)
        return self.plan.lap(self, name, {leg: landed[leg] for leg in self.after if leg in landed})

    @property
    def follows(self) -> tuple[str, ...]:
        """The legs that are followed lap by lap."""
        return self.after if isinstance(self.plan, Following) else ()

    @property
    def awaits(self) -> tuple[str, ...]:
        """The legs that must be over before the leg is planned."""
        return tuple(leg for leg in (*self.after, *self.beside) if leg not in self.follows)

    @cached_property
    def settings(self) -> str:
        """Digest of all that the answers depend on besides the items."""
        return digest(*map(step_identity, self.steps), *self.facets.values())

    @cached_property
    def earlier(self) -> str:
        """What `settings` was in data sets of schema 1, where it is known to mean the same; else empty.

        They told settings by their repr and files of weights by their names. So only steps without settings
        whose rule is still that of then are known by it.
        """
        if any(step.version > 1 or step.settings is not None for step in self.steps) or self.facets:
            return ""
        return digest(str(RULES_OF_1), *(f"{step.name} None" for step in self.steps))

    @cached_property
    def facets(self) -> dict[str, str]:
        """By facet of its step, if it has any, a digest of all that it depends on besides the items."""
        digests: dict[str, str] = {}
        for step in self.steps:
            for facet in step.facets if isinstance(step, Step) else ():
                before = (digests[name] for name in facet.reads)
                digests[facet.name] = digest(
                    step_identity(step), facet.name, identity(facet.settings), *before
                )
        return digests

    def facet_inputs(self, lap: Lap) -> dict[str, str]:
        """By facet, a digest of all that it is made from in a lap."""
        return {facet: digest(facet_digest, lap.reads) for facet, facet_digest in self.facets.items()}

    def kept(self, lap: Lap, landed: Landed) -> dict[str, LandedFacet]:
        """The facets of a landed lap that stay when it runs again."""
        gathered = {
            facet.name
            for step in self.steps
            for facet in (step.facets if isinstance(step, Step) else ())
            if facet.gathered and landed.rejects  # some items would know it, and some not
        }
        same = unchanged(landed.facets, self.facet_inputs(lap))
        return {name: facet for name, facet in same.items() if name not in gathered}

    @property
    def needs(self) -> Needs:
        """What a worker needs for its steps, which run in turns while their stages stand side by side."""
        steps = [step for step in self.steps if isinstance(step, Step)]
        return Needs(
            cpus=max((step.cpus for step in steps), default=0.0),
            gpus=max((step.gpus for step in steps), default=0.0),
            memory_bytes=reserved(sum(step.memory_bytes for step in steps)),
            weights=frozenset().union(*(step.weights for step in steps)),
        )

    @property
    def gives(self) -> type:
        """Class of the rows that land."""
        return self.steps[-1].gives


def known_of(ledger: Ledger, leg: Leg, lap: Lap) -> Known:
    """What is known of a lap that begins; to be asked before it lands."""
    landed = ledger.landed(leg.name, lap.name) if leg.facets else None
    if landed is None:
        return Known(inputs=leg.facet_inputs(lap))
    return ledger.known(lap, leg.facet_inputs(lap), leg.kept(lap, landed), landed, leg.gives)


def step_identity(step: Step[Any, Any] | Gather[Any, Any]) -> str:
    """What the answers of a step depend on besides its items and facets."""
    return f"{step.name} {step.version} {identity(step.settings)}"


def refuse_disorder(legs: Sequence[Leg]) -> None:
    """Return where each leg has a name of its own, and stands behind all that it depends on.

    Raises:
        ValueError: one does not.
    """
    seen: set[str] = set()
    for leg in legs:
        if leg.name in seen:
            raise ValueError(f"two legs are named {leg.name!r}")
        if missing := [name for name in (*leg.after, *leg.beside) if name not in seen]:
            raise ValueError(f"leg {leg.name!r} depends on {missing[0]!r}, which does not stand before it")
        seen.add(leg.name)


Mind = Callable[[Step[Any, Any] | Gather[Any, Any], Stage[Any, Any]], Stage[Any, Any]]
"""Puts a watch around the stage of a step (`engine.runners.monitored`)."""


@dataclass(frozen=True, kw_only=True)
class BoundStep:
    """A step as a worker holds it."""

    step: Step[Any, Any] | Gather[Any, Any]
    stage: Stage[Any, Any]
    light_s: Callable[[], Mapping[str, float]]

    def run(
        self, items: Iterable[Any], tally: Tally, clock: Callable[[], float], known: Known
    ) -> Iterator[Any]:
        """The outcomes of the items; what took time before, of what is known, counts as if it did now."""
        if isinstance(self.step, Gather):
            yield from gather(self.step, self.stage, items, tally, clock)
            return
        stage, kept_s, before_s = self.stage, dict[str, float](), dict(self.light_s())
        if self.step.facets:
            stage, kept_s = self.knowing(known), dict(known.spent_s)
            tally.busy_s = sum(kept_s.values())
        for outcome in apply(self.step, stage, items, tally, clock):
            tally.parts_s = {part: s - before_s.get(part, 0.0) for part, s in self.light_s().items()} | kept_s
            tally.light_s = sum(tally.parts_s.values())
            yield outcome

    def knowing(self, known: Known) -> Stage[Any, Any]:
        """The stage, told what is known of each item."""
        return lambda item: self.stage(item, **known.of(item.key))


def post(step: Step[Any, Any] | Gather[Any, Any], clock: Callable[[], float], mind: Mind) -> BoundStep:
    """The step with its stage made."""
    if isinstance(step, Gather):
        return BoundStep(step=step, stage=mind(step, gathering(step)), light_s=dict)
    stage = step.make()
    light_s = step.light(stage, clock) if step.light is not None else dict
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

        known = known_of(ledger, self.leg, lap)
        outcomes: Iterable[Any] = lap.read(ledger)
        for bound_step, tally in zip(self.posts, tallies, strict=True):
            outcomes = bound_step.run(outcomes, tally, self.clock, known)
        return ledger.land(lap, watched(outcomes), self.leg.gives, tallies, known)
