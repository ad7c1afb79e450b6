"""A leg under way: which of its laps wait, run and have landed."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.failures import FailureCount
from engine.ledger import Landed, Lap
from engine.leg import Leg
from engine.runners.status import LegProgress

UNPLANNED: Mapping[str, None] = {}
"""The names of the laps of a leg whose plan is not known yet."""


@dataclass(kw_only=True)
class LegState:
    """A leg under way."""

    leg: Leg
    failures: FailureCount
    names: Mapping[str, None] = field(default_factory=lambda: UNPLANNED)  # of its laps, in order
    before: dict[str, Landed | None] = field(default_factory=dict)  # what had landed, until it is offered
    arrived: dict[str, dict[str, Landed]] = field(default_factory=dict)  # what laps read, until all is there
    done: int = 0
    items: int = 0
    items_done: int = 0
    ready: deque[Lap] = field(default_factory=deque)
    running: dict[str, Lap] = field(default_factory=dict)

    @property
    def is_planned(self) -> bool:
        """Whether its laps are known."""
        return self.names is not UNPLANNED

    @property
    def over(self) -> bool:
        """Whether all laps have landed."""
        return self.is_planned and self.done == len(self.names)

    @property
    def lane(self) -> LegProgress:
        """How far it is."""
        return LegProgress(
            leg=self.leg.name,
            laps=len(self.names),
            done=self.done,
            running=len(self.running),
            ready=len(self.ready),
            items=self.items,
            items_done=self.items_done,
            waits_for=() if self.is_planned else (*self.leg.after, *self.leg.beside),
        )
