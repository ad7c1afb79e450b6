"""All legs in this process, one lap after the other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Sequence

from engine.core import DeviceMissing, Step, Tally
from engine.ledger import Lap, Ledger
from engine.leg import Leg, LegRunner
from engine.runners.monitored import Monitored
from engine.runners.order import Chain, chains
from engine.runners.status import CurrentItem, RunObserver, WorkerState


def run(
    legs: Sequence[Leg],
    ledger: Ledger,
    watch: RunObserver,
    *,
    clock: Callable[[], float],
    unseal: Callable[[], None],
    gpus: Callable[[], int],
    retry: Container[str] = (),
) -> None:
    """Bring every leg to its end, one after the other. `gpus` counts those of this machine.

    Laps with rejects for a reason of `retry` run again.

    Raises:
        DeviceMissing: a step needs a GPU, and there is none.
    """
    for step in (step for leg in legs for step in leg.steps if isinstance(step, Step)):
        if step.gpus > 0 and gpus() == 0:
            raise DeviceMissing(f"step {step.name!r} needs a GPU, and this machine has none")
    for chained in chains(legs):
        chain = Chain(chained, ledger, ahead=sys.maxsize, unseal=unseal, retry=retry)
        watch.lanes(chain.lanes)
        for leg in chained:
            if chain.needs(frozenset({leg.name})):
                run_leg(leg, chain, ledger, watch, clock)


def run_leg(leg: Leg, chain: Chain, ledger: Ledger, watch: RunObserver, clock: Callable[[], float]) -> None:
    """Run the laps of a leg that have not landed."""
    desk = InlineStatus(watch, clock)
    crew = LegRunner(
        leg, clock, lambda step, stage: Monitored(step=step, stage=stage, holds={}, tell=desk.at)
    )
    while (lap := chain.take(frozenset({leg.name}))) is not None:
        desk.begin(lap)
        chain.landed(lap, crew.run(lap, ledger, desk.tallied))
        watch.lanes(chain.lanes)


class InlineStatus:
    """What this process is at, told to the watch."""

    def __init__(self, watch: RunObserver, clock: Callable[[], float]) -> None:
        self.watch = watch
        self.clock = clock

    def begin(self, lap: Lap) -> None:
        """A lap begins."""
        self.lap = lap
        self.tallies: Sequence[Tally] = ()
        self.at(None)

    def at(self, spot: CurrentItem | None) -> None:
        """An item begins, or none is worked on."""
        self.spot, self.since = spot, self.clock()
        self.tell()

    def tallied(self, tallies: Sequence[Tally]) -> None:
        """An outcome has come."""
        self.tallies = tallies
        self.tell()

    def tell(self) -> None:
        """Tell the watch."""
        sight = WorkerState(
            worker="this process",
            leg=self.lap.leg,
            lap=self.lap.name,
            spot=self.spot,
            since_s=self.clock() - self.since,
            limit_s=None,
            tallies=self.tallies,
        )
        self.watch.sights([sight])
