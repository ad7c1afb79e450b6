"""All legs on this machine, one lap after the other, in a process that is watched and replaced when it dies.

So a file that kills its process or never returns costs what it costs on a cluster: itself. Where items are
granted no tries, everything runs in this very process instead, without a limit of time, and the first item
that breaks a step stops the run: for those who debug.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager

from engine.core import DeviceMissing, Step, Tally
from engine.ledger import Landed, Lap, Ledger
from engine.leg import Leg
from engine.runners.order import LapOrder
from engine.runners.process import Failure, LapFailed, WorkerKit, WorkerProcess
from engine.runners.settings import Timeouts
from engine.runners.stall import stalls
from engine.runners.status import CurrentItem, RunObserver, WorkerState, WorkerStatus
from engine.runners.supervisor import Supervisor, kit_of

NAME = "this machine"


def run(
    legs: Sequence[Leg],
    ledger: Ledger,
    watch: RunObserver,
    *,
    clock: Callable[[], float],
    unseal: Callable[[], None],
    gpus: Callable[[], int],
    patience: Timeouts = Timeouts(),  # noqa: B008  it is frozen
    retry: Container[str] = (),
) -> None:
    """Bring every leg to its end, one after the other as they are given. `gpus` counts those of this machine.

    Laps with rejects for a reason of `retry` run again.

    Raises:
        DeviceMissing: a step needs a GPU, and there is none.
        LapFailed: the machine is at fault; the same job goes on from here.
        TooManyFailed: a step fails on too large a share of its items.
        LandingGone: somebody else is at work on the same landings.
        Exception: without tries, what the first item has raised.
    """
    refuse_missing(legs, gpus)
    order = LapOrder(legs, ledger, ahead=sys.maxsize, unseal=unseal, patience=patience, retry=retry)
    watch.lanes(order.lanes)

    def seen(sight: WorkerState) -> None:
        watch.sights([sight])
        watch.stuck(list(stalls(order.lanes, [sight], [], clock()).values()))

    with (guarded if patience.tries else in_process)(legs, ledger, clock, patience, seen) as do:
        for leg in legs:
            while (lap := order.take(frozenset({leg.name}))) is not None:
                watch.lanes(order.lanes)  # a leg is seen while its first lap runs, and not once that is done
                order.landed(lap, do(lap, order.legs_over))
                watch.lanes(order.lanes)


def refuse_missing(legs: Sequence[Leg], gpus: Callable[[], int]) -> None:
    """Raise DeviceMissing where a step needs a GPU, and there is none."""
    for step in (step for leg in legs for step in leg.steps if isinstance(step, Step)):
        if step.gpus > 0 and gpus() == 0:
            raise DeviceMissing(f"step {step.name!r} needs a GPU, and this machine has none")


Do = Callable[[Lap, frozenset[str]], Landed]
"""Lands a lap; the stages of legs that are over go first."""


@contextmanager
def guarded(
    legs: Sequence[Leg],
    ledger: Ledger,
    clock: Callable[[], float],
    patience: Timeouts,
    seen: Callable[[WorkerState], None],
) -> Iterator[Do]:
    """Runs laps in a process of their own, which starts with the first of them."""
    guard: Supervisor | None = None

    def do(lap: Lap, over: frozenset[str]) -> Landed:
        nonlocal guard
        if guard is None:
            guard = Supervisor(kit_of(legs, ledger, patience.tries), patience, clock, NAME, heard=seen)
        end = guard.run(lap, over)
        if isinstance(end, Failure):
            raise LapFailed(end)
        return end

    try:
        yield do
    finally:
        if guard is not None:
            guard.stop()


@contextmanager
def in_process(
    legs: Sequence[Leg],
    ledger: Ledger,
    clock: Callable[[], float],
    patience: Timeouts,
    seen: Callable[[WorkerState], None],
) -> Iterator[Do]:
    """Runs laps in this process, without a limit of time."""
    report = InlineStatus(NAME, clock, seen)
    hands = WorkerProcess(
        WorkerKit(legs={leg.name: leg for leg in legs}, ledger=ledger, tries=patience.tries), report, clock
    )

    def do(lap: Lap, over: frozenset[str]) -> Landed:
        hands.let_go(over)
        report.status.begin(lap)
        return hands.land(lap)

    yield do


class InlineStatus:
    """What this process is at, told on."""

    def __init__(self, name: str, clock: Callable[[], float], seen: Callable[[WorkerState], None]) -> None:
        self.status = WorkerStatus(name, clock, lambda _: None)
        self.seen = seen

    def at(self, spot: CurrentItem | None) -> None:
        """An item begins, or none is worked on."""
        self.status.move(spot)
        self.seen(self.status.sight)

    def tallies(self, tallies: Sequence[Tally]) -> None:
        """An outcome has come."""
        self.status.count(tallies)
        self.seen(self.status.sight)
