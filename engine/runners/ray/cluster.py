"""Legs on a Ray cluster: workers run laps and land them, Ray places the workers.

Only laps travel to workers and only counts come back: rows and pixels stay where they are made. A lap that is
lost with its worker or its machine is run again; twice is the same as once.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from pathlib import Path

from engine.ledger import Ledger
from engine.leg import Leg
from engine.runners.order import LapOrder
from engine.runners.settings import ClusterSettings, Timeouts
from engine.runners.status import RunObserver


def run(
    legs: Sequence[Leg],
    ledger: Ledger,
    watch: RunObserver,
    *,
    clock: Callable[[], float],
    unseal: Callable[[], None],
    settings: ClusterSettings,
    patience: Timeouts = Timeouts(),  # noqa: B008  it is frozen
    shared: Sequence[Path] = (),
    retry: Container[str] = (),
) -> None:
    """Bring every leg to its end. `shared` are local paths that every machine must see.

    Laps with rejects for a reason of `retry` run again.

    Raises:
        DeviceMissing: a step needs what no machine has; told before any work is done.
        CannotBegin: a machine does not see what all must see, or workers die as they begin.
        LapFailed: a lap cannot be done; the same job goes on from here.
        TooManyFailed: a step fails on too large a share of its items.
        LandingGone: somebody else is at work on the same landings.
        NoRay: it does not start, or there is none that answers at the address.
    """
    order = LapOrder(legs, ledger, ahead=settings.laps_ahead, unseal=unseal, patience=patience, retry=retry)
    watch.lanes(order.lanes)
    if order.over:
        return
    from engine.runners.ray.driver import driving  # a finished job needs no cluster, and no Ray

    paths = [str(path) for path in shared]
    with driving(legs, ledger, watch, clock=clock, settings=settings, patience=patience, shared=paths) as job:
        job.fleet.require(order, settings.machine_wait_s)
        job.bring_to_end(order)
