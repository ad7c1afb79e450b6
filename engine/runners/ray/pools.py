"""The workers of a job on a cluster: hired as laps wait, placed by Ray, replaced when lost."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Self

import ray
from ray.exceptions import RayError, RayTaskError
from ray.util import get_node_ip_address

from engine.core import CannotRun, DeviceMissing, Step
from engine.ledger import Landed, Lap
from engine.leg import Leg, Needs
from engine.runners.order import LapOrder
from engine.runners.process import Failure
from engine.runners.ray.meters import WorkerMeters
from engine.runners.settings import Timeouts
from engine.runners.stall import Wait
from engine.runners.status import WorkerState
from engine.runners.supervisor import Supervisor

LOOK_S = 1.0
"""How often the driver looks round."""
STILLBORN = 20
"""So many workers in a row may die before they begin, as they do where machines go, but not more."""
IN_CREATION = "error raised in its creation task"
"""How Ray says that a worker could not be made: the next one could not either."""


class CannotBegin(CannotRun):
    """Workers cannot work on the machines where they are placed."""


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

    def run(self, lap: Lap) -> Landed | Failure:
        """Run a lap."""
        end = self.guard.run(lap)
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
    since: float
    lap: Lap | None = None
    work: Any = None
    look: Any = None
    sight: WorkerState | None = None


@dataclass(kw_only=True)
class Pool:
    """Workers of one kind: for all legs that need a GPU, or for all that need none."""

    name: str
    legs: frozenset[str]
    needs: Needs
    most: int | None
    workers: list[WorkerHandle] = field(default_factory=list)
    stillborn: int = 0  # workers in a row that died before they began
    closed: bool = False

    def fits(self, node: Mapping[str, Any]) -> int:
        """How many workers a machine of the cluster holds."""
        has, needs = node["Resources"], self.needs
        wanted = {"CPU": needs.cpus, "GPU": needs.gpus, "memory": float(needs.memory_bytes)}
        return int(min(has.get(what, 0.0) // amount for what, amount in wanted.items() if amount))


def pools(legs: Sequence[Leg], workers: int | None, gpu_workers: int | None) -> list[Pool]:
    """A pool for each kind of machine that the legs need: those with a GPU first, for there are fewer."""
    made = []
    for name, most, kind in (("gpu", gpu_workers, True), ("cpu", workers, False)):
        here = [leg for leg in legs if (leg.needs.gpus > 0) is kind]
        if here:
            needs = here[0].needs
            for leg in here:
                needs |= leg.needs
            made.append(Pool(name=name, legs=frozenset(leg.name for leg in here), needs=needs, most=most))
    return made


class Fleet:
    """All workers of a job."""

    def __init__(
        self,
        legs: Sequence[Leg],
        equipment: WorkerSpec,
        clock: Callable[[], float],
        *,
        workers: int | None,
        gpu_workers: int | None,
    ) -> None:
        self.equipment = ray.put(equipment)
        self.clock = clock
        self.pools = pools(legs, workers, gpu_workers)
        self.numbers = count()
        self.remote = ray.remote(concurrency_groups={"look": 1})(PoolWorker)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pool in self.pools:
            self.close(pool)

    def require(self, order: LapOrder, wait_s: float) -> None:
        """Make sure that each leg that is not over has a machine that can hold its workers.

        Raises:
            DeviceMissing: there is none, nor has one come in `wait_s`.
        """
        until = self.clock() + wait_s
        for pool in self.pools:
            if order.left(pool.legs):
                while not any(map(pool.fits, machines())):
                    if self.clock() >= until:
                        raise missing(pool, [order.states[leg].leg for leg in pool.legs])
                    if not pool.workers:
                        self.hire(pool)  # what waits for a place makes a cluster grow
                    time.sleep(LOOK_S)

    def staff(self, order: LapOrder) -> None:
        """Hire where laps wait, give laps to the idle, and close pools that are needed no more."""
        for pool in self.pools:
            if not order.left(pool.legs):
                self.close(pool)
                continue
            wanted = order.num_free(pool.legs) + sum(worker.work is not None for worker in pool.workers)
            if len(pool.workers) < wanted:
                for _ in range(min(self.size(pool), wanted) - len(pool.workers)):
                    self.hire(pool)
            for worker in pool.workers:
                if worker.coming is None and worker.work is None and (lap := order.take(pool.legs)):
                    worker.lap, worker.work, worker.sight = lap, worker.actor.run.remote(lap), None

    def size(self, pool: Pool) -> int:
        """How many workers the pool may have: at least one, which waits for its place if need be.

        Where others need a GPU, the processors that go with it are left to them.
        """
        if pool.most is not None:
            return pool.most
        alive = machines()
        fit = sum(map(pool.fits, alive))
        if pool.needs.gpus:
            return max(1, fit)
        kept = sum(
            other.needs.cpus * max(len(other.workers), sum(map(other.fits, alive)))
            for other in self.pools
            if other is not pool and not other.closed
        )
        return max(1, fit - math.ceil(kept / pool.needs.cpus))

    def hire(self, pool: Pool) -> None:
        """Ask Ray for one more worker."""
        name = f"{pool.name}-{next(self.numbers)}"
        actor = self.remote.options(
            num_cpus=pool.needs.cpus, num_gpus=pool.needs.gpus, memory=pool.needs.memory_bytes
        ).remote(self.equipment, name, max(1, int(pool.needs.cpus)))
        pool.workers.append(
            WorkerHandle(name=name, actor=actor, coming=actor.begin.remote(), since=self.clock())
        )

    def ends(self) -> Iterator[tuple[Lap, Landed | Failure | Lost]]:
        """Laps that have come to an end, waiting a moment for the first; workers that died are let go.

        Raises:
            CannotBegin: workers are placed where they cannot work.
        """
        refs = {
            ref: (pool, worker)
            for pool in self.pools
            for worker in pool.workers
            for ref in (worker.coming, worker.work)
            if ref is not None
        }
        ready, _ = ray.wait(list(refs), num_returns=1, timeout=LOOK_S)
        ready, _ = ray.wait(list(refs), num_returns=len(refs), timeout=0) if ready else ([], [])
        for ref in ready:
            pool, worker = refs[ref]
            lap = worker.lap
            if (end := self.end(pool, worker, ref)) is not None and lap is not None:
                yield lap, end
        self.look()

    def end(self, pool: Pool, worker: WorkerHandle, ref: Any) -> Landed | Failure | Lost | None:
        """What a worker has to say; nothing where it has only begun, or died before."""
        try:
            said = ray.get(ref)
        except RayTaskError:
            raise
        except RayError as error:
            self.release(pool, worker)
            if worker.coming is not None:
                pool.stillborn += 1
                if pool.stillborn == STILLBORN or IN_CREATION in str(error):
                    raise CannotBegin(f"no worker of pool {pool.name} can begin: {error}") from error
            return Lost(why=str(error).strip().splitlines()[0])
        worker.lap = worker.work = worker.sight = None
        if worker.coming is None:
            return said  # type: ignore[no-any-return]
        if said:
            raise CannotBegin(said)
        worker.coming, pool.stillborn = None, 0
        return None

    def look(self) -> None:
        """See what the workers are at, without waiting for any."""
        for worker in [worker for pool in self.pools for worker in pool.workers if worker.work is not None]:
            if worker.look is not None and ray.wait([worker.look], timeout=0)[0]:
                with suppress(RayError):  # its lap will tell
                    worker.sight = ray.get(worker.look)
                worker.look = None
            if worker.look is None:
                worker.look = worker.actor.sight.options(concurrency_group="look").remote()

    @property
    def sights(self) -> list[WorkerState]:
        """What the busy workers were at when they were last seen."""
        return [worker.sight for pool in self.pools for worker in pool.workers if worker.sight is not None]

    @property
    def waits(self) -> list[Wait]:
        """Workers that wait for a place."""
        return [
            Wait(legs=pool.legs, since=worker.since, needs=said(pool.needs))
            for pool in self.pools
            for worker in pool.workers
            if worker.coming is not None
        ]

    @property
    def sizes(self) -> dict[str, int]:
        """Workers of each pool that have their place."""
        return {pool.name: sum(worker.coming is None for worker in pool.workers) for pool in self.pools}

    def close(self, pool: Pool) -> None:
        """Let all workers of a pool go; it is needed no more."""
        pool.closed = True
        for worker in list(pool.workers):
            self.release(pool, worker)

    def release(self, pool: Pool, worker: WorkerHandle) -> None:
        """Let a worker go, dead or alive."""
        pool.workers.remove(worker)
        ray.kill(worker.actor)


def machines() -> list[dict[str, Any]]:
    """The machines of the cluster that are alive."""
    return [node for node in ray.nodes() if node["Alive"]]


def said(needs: Needs) -> str:
    """Needs for a person: 1 CPU, 0.5 GPU, 1 GiB."""
    amounts = ((needs.cpus, "CPU"), (needs.gpus, "GPU"), (needs.memory_bytes / 2**30, "GiB"))
    return ", ".join(f"{amount:g} {what}" for amount, what in amounts if amount)


def missing(pool: Pool, legs: Sequence[Leg]) -> DeviceMissing:
    """Which step needs what no machine has."""
    steps = [step for leg in legs if leg.name in pool.legs for step in leg.steps if isinstance(step, Step)]
    hardest = max(steps, key=lambda step: (step.gpus, step.cpus, step.memory_bytes))
    return DeviceMissing(
        f"step {hardest.name!r} needs {said(pool.needs)} on one machine, and no machine of the cluster has "
        "it (a cluster that can grow is given time with --machine-wait-s)"
    )
