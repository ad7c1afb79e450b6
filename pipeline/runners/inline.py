"""All legs in this process, one lap after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from pipeline.core import Tally
from pipeline.landing import Landed, Ledger
from pipeline.leg import Crew, Leg


class Watch(Protocol):
    """Who looks on while a job runs."""

    def leg(self, name: str, *, laps: int, done: int, items: int, items_done: int) -> None:
        """A leg begins, `done` of its laps have landed before."""
        ...

    def tick(self, tallies: Sequence[Tally]) -> None:
        """A lap goes on; its tallies so far."""
        ...

    def landed(self, lap: Landed) -> None:
        """A lap has landed."""
        ...


def run(
    legs: Sequence[Leg],
    ledger: Ledger,
    watch: Watch,
    *,
    clock: Callable[[], float],
    unseal: Callable[[], None],
) -> None:
    """Bring every leg to its end. Laps that have landed from the same inputs are not run again.

    `unseal` is called before a leg changes anything: what vouches for the whole must not outlive a change.
    """
    for leg in legs:
        laps = leg.laps(ledger)
        gone = ledger.prune(leg.name, {lap.name for lap in laps})
        pending = [lap for lap in laps if not ledger.is_done(lap)]
        items = sum(lap.items for lap in laps)
        items_done = items - sum(lap.items for lap in pending)
        watch.leg(leg.name, laps=len(laps), done=len(laps) - len(pending), items=items, items_done=items_done)
        if pending or gone:
            unseal()
        if not pending:
            continue
        crew = Crew(leg, clock)
        for lap in pending:
            watch.landed(crew.run(lap, ledger, watch.tick))
