"""What may run next: legs in chains, laps in their order, and no leg too far ahead of the next."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from engine.failures import FailureCount
from engine.ledger import Landed, Lap, Ledger
from engine.leg import Leg
from engine.runners.settings import Timeouts
from engine.runners.status import LegProgress


def chains(legs: Sequence[Leg]) -> Iterator[list[Leg]]:
    """The legs in stretches that overlap: each leg of a stretch follows the one before it, lap by lap."""
    chain: list[Leg] = []
    for leg in legs:
        if chain and leg.follows != chain[-1].name:
            yield chain
            chain = []
        chain.append(leg)
    if chain:
        yield chain


def settled(landed: Iterable[tuple[str, Landed]], retry: Container[str]) -> dict[str, Landed]:
    """The laps without a reject for a reason of `retry`; without tallies, for there may be a million."""
    return {
        name: replace(lap, steps=())
        for name, lap in landed
        if not any(reason in retry for tally in lap.steps for reason in tally.reasons)
    }


@dataclass(kw_only=True)
class LegState:
    """A leg under way."""

    leg: Leg
    laps: int
    before: dict[str, Landed]  # what had landed when it began, until it is offered
    done: int = 0
    items: int = 0
    items_done: int = 0
    ready: deque[Lap] = field(default_factory=deque)
    running: dict[str, Lap] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Whether all laps have landed."""
        return self.done == self.laps

    @property
    def lane(self) -> LegProgress:
        """How far it is."""
        return LegProgress(
            leg=self.leg.name,
            laps=self.laps,
            done=self.done,
            running=len(self.running),
            ready=len(self.ready),
            items=self.items,
            items_done=self.items_done,
        )


class Chain:
    """Legs that overlap.

    Laps that have landed from the same inputs are not run again, unless something in them was rejected for a
    reason of `retry`. `unseal` is called before anything changes: what vouches for the whole must not outlive
    a change.
    """

    def __init__(
        self,
        legs: Sequence[Leg],
        ledger: Ledger,
        *,
        ahead: int,
        unseal: Callable[[], None],
        patience: Timeouts = Timeouts(),  # noqa: B008  it is frozen
        retry: Container[str] = (),
    ) -> None:
        self.failures = FailureCount(max_share=patience.max_failed_share, min_failed=patience.min_failed)
        self.ahead = ahead
        self.ledger = ledger
        self.unseal = unseal
        self.sealed = True
        laps = legs[0].laps(ledger)
        self.ways = [
            LegState(leg=leg, laps=len(laps), before=settled(ledger.all_landed(leg.name), retry))
            for leg in legs
        ]
        self.names = {lap.name for lap in laps}
        if any(way.before.keys() - self.names for way in self.ways):
            self.change()
        self.tidy()
        for lap in laps:
            self.offer(0, lap)

    @property
    def over(self) -> bool:
        """Whether all laps of all legs have landed."""
        return all(way.over for way in self.ways)

    @property
    def lanes(self) -> list[LegProgress]:
        """How far the legs are."""
        return [way.lane for way in self.ways]

    def tidy(self) -> None:
        """Forget laps that are in no plan any more, and what dead workers left. Only while nobody works."""
        for way in self.ways:
            self.ledger.prune(way.leg.name, self.names)

    def gone(self) -> list[str]:
        """Laps that had landed and whose markers are gone; to be asked at the end.

        So it is where a worker that was given up for dead, or a second run, is still at them.
        """
        return [
            f"{way.leg.name}/{name}"
            for way in self.ways
            for name in sorted(self.names.difference(self.ledger.names(way.leg.name)))
        ]

    def needs(self, legs: frozenset[str]) -> bool:
        """Whether any of these legs has laps that have not landed."""
        return any(not way.over for way in self.ways if way.leg.name in legs)

    def offer(self, place: int, lap: Lap) -> None:
        """Take note of a lap that could run, or whose landing is as it should be."""
        way = self.ways[place]
        way.items += lap.items
        landed = way.before.pop(lap.name, None)
        if landed is not None and landed.inputs == lap.inputs:
            self.pass_on(place, lap, landed)
        else:
            way.ready.append(lap)

    def pass_on(self, place: int, lap: Lap, landed: Landed) -> None:
        """Count a landed lap, and offer the one that follows it."""
        way = self.ways[place]
        way.done += 1
        way.items_done += lap.items
        if place + 1 < len(self.ways):
            self.offer(place + 1, self.ways[place + 1].leg.lap_after(lap.name, landed))

    def take(self, legs: frozenset[str]) -> Lap | None:
        """The next lap of these legs: of the last leg that has one and is not too far ahead."""
        for place in reversed(range(len(self.ways))):
            way = self.ways[place]
            if way.leg.name in legs and way.ready and self.may_go(place):
                lap = way.ready.popleft()
                way.running[lap.name] = lap
                self.change()
                return lap
        return None

    def change(self) -> None:
        """Something is about to change."""
        if self.sealed:
            self.unseal()
            self.sealed = False

    def may_go(self, place: int) -> bool:
        """Whether less than `ahead` laps wait for the next leg, those included that are about to."""
        if place + 1 == len(self.ways):
            return True
        return len(self.ways[place].running) + len(self.ways[place + 1].ready) < self.ahead

    def landed(self, lap: Lap, landed: Landed) -> None:
        """A lap that was taken has landed.

        Raises:
            TooManyFailed: a step fails on too large a share of its items.
        """
        self.failures.add(landed.steps)
        place = self.place_of(lap)
        del self.ways[place].running[lap.name]
        self.pass_on(place, lap, landed)

    def give_back(self, lap: Lap) -> None:
        """A lap that was taken was lost with its worker: it is the next to run."""
        way = self.ways[self.place_of(lap)]
        del way.running[lap.name]
        way.ready.appendleft(lap)

    def place_of(self, lap: Lap) -> int:
        """Which of the legs the lap belongs to."""
        return next(place for place, way in enumerate(self.ways) if way.leg.name == lap.leg)

    def wanted(self, legs: frozenset[str]) -> int:
        """How many workers of these legs could be busy."""
        return sum(len(way.ready) + len(way.running) for way in self.ways if way.leg.name in legs)
