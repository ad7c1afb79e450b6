"""What runners tell of a job under way, and whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.core import Tally
from engine.ledger import Lap


@dataclass(frozen=True, kw_only=True)
class CurrentItem:
    """An item in a step; of a group, the member that is worked on."""

    step: str
    key: str
    uri: str
    footage_s: float


@dataclass(frozen=True, kw_only=True)
class WorkerState:
    """What one worker is at."""

    worker: str
    leg: str
    lap: str
    spot: CurrentItem | None  # None between items
    since_s: float  # how long it has been there
    limit_s: float | None  # how long it may be; None where nobody keeps the time
    tallies: Sequence[Tally]  # of the lap so far


@dataclass(frozen=True, kw_only=True)
class LegProgress:
    """How far a leg is. Totals grow while the legs that it follows go on."""

    leg: str
    laps: int
    done: int
    running: int
    ready: int  # laps that could run now
    items: int
    items_done: int
    waits_for: tuple[str, ...] = ()  # the legs that it depends on, while its laps are not known


class WorkerStatus:
    """What one worker is at, as it tells while it runs laps."""

    lap: Lap
    spot: CurrentItem | None
    since: float
    tallies: Sequence[Tally]

    def __init__(
        self, worker: str, clock: Callable[[], float], limit_s: Callable[[CurrentItem | None], float | None]
    ) -> None:
        self.worker = worker
        self.clock = clock
        self.limit_s = limit_s

    def begin(self, lap: Lap) -> None:
        """A lap begins."""
        self.lap = lap
        self.tallies = ()
        self.move(None)

    def move(self, spot: CurrentItem | None) -> None:
        """An item begins, or none is worked on."""
        self.spot, self.since = spot, self.clock()

    def count(self, tallies: Sequence[Tally]) -> None:
        """What has become of the lap's items so far."""
        self.tallies = tallies

    @property
    def sight(self) -> WorkerState:
        """What is going on, once the first lap has begun. May be asked from another thread."""
        spot, since = self.spot, self.since
        return WorkerState(
            worker=self.worker,
            leg=self.lap.leg,
            lap=self.lap.name,
            spot=spot,
            since_s=self.clock() - since,
            limit_s=self.limit_s(spot),
            tallies=self.tallies,
        )


class RunObserver(Protocol):
    """Who looks on while a job runs."""

    def lanes(self, lanes: Sequence[LegProgress]) -> None:
        """How far the legs are that are under way; told when a leg begins and whenever a lap has landed."""
        ...

    def sights(self, sights: Sequence[WorkerState]) -> None:
        """What all workers are at; told again and again."""
        ...

    def stuck(self, why: Sequence[str]) -> None:
        """Legs that do not go on, a sentence each; told again and again, empty where all is well."""
        ...
