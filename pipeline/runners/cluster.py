"""Legs on a Ray cluster: workers run laps and land them, Ray places the workers.

Only laps travel to workers and only counts come back: rows and pixels stay where they are made. A lap that is
lost with its worker or its machine is run again; twice is the same as once.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import ray

from pipeline.landing import Landed, Lap, Ledger
from pipeline.leg import Leg
from pipeline.runners.fleet import Equipment, Fleet, Lost
from pipeline.runners.guard import kit_of
from pipeline.runners.hands import Failure, LapFailed
from pipeline.runners.meters import Meters
from pipeline.runners.order import Chain, chains
from pipeline.runners.settings import ClusterSettings
from pipeline.runners.stall import stalls
from pipeline.runners.watch import Watch

OBJECT_STORE_BYTES = 128 * 2**20
"""Ray's shared memory where it runs on this machine alone: nothing large travels."""


def run(
    legs: Sequence[Leg],
    ledger: Ledger,
    watch: Watch,
    *,
    clock: Callable[[], float],
    unseal: Callable[[], None],
    settings: ClusterSettings,
    shared: Sequence[Path] = (),
    retry: Container[str] = (),
) -> None:
    """Bring every leg to its end. `shared` are local paths that every machine must see.

    Laps with rejects for a reason of `retry` run again.

    Raises:
        DeviceMissing: a step needs what no machine has; told before any work is done.
        CannotBegin: a machine does not see what all must see, or workers die as they begin.
        LapFailed: a lap cannot be done; the same job goes on from here.
        ConnectionError: there is no cluster at the address.
    """
    job = Job(ledger=ledger, watch=watch, clock=clock, settings=settings)
    equipment = Equipment(
        kit=kit_of(legs, ledger),
        patience=settings.patience,
        shared=tuple(map(str, shared)),
    )
    house = list(chains(legs))
    with ExitStack() as stack:
        fleet: Fleet | None = None
        for place, chained in enumerate(house):
            chain = Chain(chained, ledger, ahead=settings.laps_ahead, unseal=unseal, retry=retry)
            watch.lanes(chain.lanes)
            if chain.over:
                continue
            later = [leg for rest in house[place + 1 :] for leg in rest]
            if fleet is None:  # a finished job needs no cluster
                stack.enter_context(connected(settings.address))
                fleet = stack.enter_context(
                    Fleet(legs, equipment, clock, workers=settings.workers, gpu_workers=settings.gpu_workers)
                )
                fleet.require([*chained, *later], settings.machine_wait_s)
            job.bring_to_end(chain, fleet, later)


@contextmanager
def connected(address: str | None) -> Iterator[None]:
    """A connection to the cluster, made where there is none yet."""
    if ray.is_initialized():
        yield
        return
    if address is None and "RAY_ADDRESS" not in os.environ:
        where = {"address": "local", "object_store_memory": OBJECT_STORE_BYTES, "include_dashboard": False}
    else:
        where = {"address": address}
    ray.init(logging_level="error", log_to_driver=False, **where)
    try:
        yield
    finally:
        ray.shutdown()


@dataclass(frozen=True, kw_only=True)
class Job:
    """What all chains of a run share."""

    ledger: Ledger
    watch: Watch
    clock: Callable[[], float]
    settings: ClusterSettings

    def bring_to_end(self, chain: Chain, fleet: Fleet, later: Sequence[Leg]) -> None:
        """Run all laps of a chain. Workers that no leg needs any more go at once."""
        losses: Counter[tuple[str, str]] = Counter()
        meters = Meters()
        while not chain.over:
            fleet.staff(chain, later)
            for lap, end in fleet.ends():
                if isinstance(end, Landed):
                    self.refuse_unseen(lap, end)
                    chain.landed(lap, end)
                elif isinstance(end, Failure):
                    raise LapFailed(end)
                else:
                    chain.give_back(lap)
                    losses[lap.leg, lap.name] += 1
                    self.refuse_losses(lap, end, losses[lap.leg, lap.name])
            why = stalls(chain.lanes, fleet.sights, fleet.waits, self.clock())
            self.watch.lanes(chain.lanes)
            self.watch.sights(fleet.sights)
            self.watch.stuck(list(why.values()))
            meters.tell(chain.lanes, why, fleet.sizes)
        chain.tidy()

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
