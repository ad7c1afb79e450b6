"""The driver on a Ray cluster: the connection, the fleet, and legs that it brings to their end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from engine.ledger import Landed, Lap, Ledger
from engine.leg import Leg
from engine.runners.order import LapOrder
from engine.runners.process import Failure, LapFailed
from engine.runners.ray.connection import connected
from engine.runners.ray.fleet import Fleet
from engine.runners.ray.meters import Meters
from engine.runners.ray.pools import Limits
from engine.runners.ray.worker import Lost, WorkerSpec
from engine.runners.settings import ClusterSettings, Timeouts
from engine.runners.stall import stalls
from engine.runners.status import RunObserver
from engine.runners.supervisor import kit_of


@contextmanager
def driving(
    legs: Sequence[Leg],
    ledger: Ledger,
    watch: RunObserver,
    *,
    clock: Callable[[], float],
    settings: ClusterSettings,
    patience: Timeouts,
    shared: Sequence[str],
) -> Iterator[Job]:
    """A job on a cluster, with nobody hired yet; at its end all workers go.

    Raises:
        NoRay: it does not start, or there is none that answers at the address.
    """
    equipment = WorkerSpec(kit=kit_of(legs, ledger, patience.tries), patience=patience, shared=tuple(shared))
    limits = Limits(workers=settings.workers, gpu_workers=settings.gpu_workers)
    with connected(settings.address), Fleet(legs, equipment, clock, limits) as fleet:
        yield Job(ledger=ledger, watch=watch, clock=clock, settings=settings, fleet=fleet)


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a run on a cluster works with."""

    ledger: Ledger
    watch: RunObserver
    clock: Callable[[], float]
    settings: ClusterSettings
    fleet: Fleet

    def bring_to_end(self, order: LapOrder) -> None:
        """Run all laps. Workers that no leg needs any more go at once."""
        fleet = self.fleet
        losses: Counter[tuple[str, str]] = Counter()
        meters = Meters()
        while not order.over:
            fleet.staff(order)
            for lap, end in fleet.ends():
                if isinstance(end, Landed):
                    self.refuse_unseen(lap, end)
                    order.landed(lap, end)
                elif isinstance(end, Failure):
                    raise LapFailed(end)
                else:
                    order.give_back(lap)
                    losses[lap.leg, lap.name] += 1
                    self.refuse_losses(lap, end, losses[lap.leg, lap.name])
            why = stalls(order.lanes, fleet.sights, fleet.waits, self.clock())
            self.watch.lanes(order.lanes)
            self.watch.sights(fleet.sights)
            self.watch.stuck(list(why.values()))
            meters.tell(order.lanes, why, fleet.sizes)

    def refuse_unseen(self, lap: Lap, landed: Landed) -> None:
        """Stop where a worker lands where nobody else looks: on the disk of its own machine."""
        if self.ledger.landed(lap.leg, lap.name) != landed:
            sentence = (
                f"{lap.leg}/{lap.name} has landed on a worker's machine and is not seen from here: "
                "the data set must lie where all machines see it, on shared storage or in an object store"
            )
            raise LapFailed(Failure(sentence=sentence))

    def refuse_losses(self, lap: Lap, lost: Lost, times: int) -> None:
        """Stop where a lap is lost again and again."""
        if times >= self.settings.losses:
            sentence = (
                f"{lap.leg}/{lap.name} was lost {times} times with its worker; the last time: {lost.why}"
            )
            raise LapFailed(Failure(sentence=sentence))
