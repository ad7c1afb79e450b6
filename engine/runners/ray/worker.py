"""A worker on a cluster: an actor on some machine, and what the driver knows of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ray.util import get_node_ip_address

from engine.ledger import Landed, Lap
from engine.runners.process import Failure
from engine.runners.ray.meters import WorkerMeters
from engine.runners.settings import Timeouts
from engine.runners.status import WorkerState
from engine.runners.supervisor import Supervisor


@dataclass(frozen=True, kw_only=True)
class Lost:
    """A worker died with its lap."""

    why: str


@dataclass(frozen=True, kw_only=True)
class WorkerSpec:
    """What every worker is given."""

    kit: bytes  # legs and ledger, for the guarded process alone
    patience: Timeouts
    shared: tuple[str, ...]  # local paths that its machine must see


class PoolWorker:
    """An actor: a guard and the process it guards, on some machine."""

    def __init__(self, equipment: WorkerSpec, name: str, threads: int) -> None:
        self.machine = get_node_ip_address()
        self.shared = equipment.shared
        name = f"{name} on {self.machine}"
        self.guard = Supervisor(equipment.kit, equipment.patience, time.monotonic, name, threads=threads)
        self.meters = WorkerMeters()

    def begin(self) -> str:
        """Answer, once placed: nothing, or why no work can be done there."""
        unseen = [path for path in self.shared if not Path(path).exists()]
        return f"machine {self.machine} does not see {unseen[0]}: all machines must" if unseen else ""

    def run(self, lap: Lap, over: frozenset[str]) -> Landed | Failure:
        """Run a lap; the stages of legs that are `over` go first."""
        end = self.guard.run(lap, over)
        if isinstance(end, Landed):
            self.meters.tell(lap.leg, end)
        return end

    def sight(self) -> WorkerState | None:
        """What the worker is at, while it runs a lap."""
        return self.guard.sight()


@dataclass(kw_only=True)
class WorkerHandle:
    """A worker as the driver knows it."""

    name: str
    actor: Any
    coming: Any  # answers once placed; then None
    since: float  # when it was hired, placed, or done with its last lap
    lap: Lap | None = None
    work: Any = None
    state_ref: Any = None
    sight: WorkerState | None = None

    @property
    def is_idle(self) -> bool:
        """Whether it has its place and no lap."""
        return self.coming is None and self.work is None
