"""Which legs do not go on, and why: a pure function of what the driver sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.runners.status import LegProgress, WorkerState

LATE_SHARE = 0.5
"""An item is told once it has taken this share of its time,"""
LATE_S = 60.0
"""and has taken at least so long. A worker is told when it waits so long for its place."""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """A worker that waits for a place in the cluster."""

    legs: frozenset[str]
    since: float
    needs: str


def stalls(
    lanes: Sequence[LegProgress], sights: Sequence[WorkerState], waits: Sequence[Wait], now: float
) -> dict[str, str]:
    """A sentence for each leg that has work and does not go on."""
    found: dict[str, str] = {}
    busy = {sight.leg for sight in sights}
    for lane in lanes:
        late = [sight for sight in sights if sight.leg == lane.leg and is_late(sight)]
        if late:
            found[lane.leg] = of_sight(max(late, key=lambda sight: sight.since_s))
        elif lane.ready and lane.leg not in busy:
            unplaced = [wait for wait in waits if lane.leg in wait.legs and now - wait.since >= LATE_S]
            if unplaced:
                found[lane.leg] = of_wait(lane, min(unplaced, key=lambda wait: wait.since), now)
    return found


def is_late(sight: WorkerState) -> bool:
    """Whether a worker has been where it is for suspiciously long."""
    limit_s = sight.limit_s if sight.limit_s is not None else float("inf")
    return sight.since_s >= max(LATE_S, LATE_SHARE * limit_s)


def of_sight(sight: WorkerState) -> str:
    """A leg that is stuck in an item."""
    where = (
        f"step {sight.spot.step}, item {sight.spot.key}" if sight.spot else f"lap {sight.lap}, between items"
    )
    until = f", and is given up after {sight.limit_s:.0f} s" if sight.limit_s is not None else ""
    return f"{sight.leg}: {sight.worker} has been at {where} for {sight.since_s:.0f} s{until}"


def of_wait(lane: LegProgress, wait: Wait, now: float) -> str:
    """A leg that no worker works at."""
    return (
        f"{lane.leg}: {lane.ready} laps wait for a worker, and no machine has had room for one "
        f"({wait.needs}) for {now - wait.since:.0f} s"
    )
