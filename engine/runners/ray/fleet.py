"""The workers of a job on a cluster: hired as laps wait, placed by Ray, replaced when lost, let go."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self

import ray
from ray.exceptions import RayError, RayTaskError

from engine.core import CannotRun, DeviceMissing, Step
from engine.ledger import Landed, Lap
from engine.leg import Leg
from engine.needs import Capacity, Needs
from engine.runners.order import LapOrder
from engine.runners.process import Failure
from engine.runners.ray.pools import Demand, Kind, Limits, balance, kinds
from engine.runners.ray.worker import Lost, PoolWorker, WorkerHandle, WorkerSpec
from engine.runners.stall import Wait
from engine.runners.status import WorkerState

POLL_S = 1.0
"""How often the driver looks round."""
IDLE_S = 10.0
"""So long a worker without a lap is kept while others want its place: about what a new one takes to begin."""
STILLBORN = 20
"""So many workers in a row may die before they begin, as they do where machines go, but not more."""
IN_CREATION = "error raised in its creation task"
"""How Ray says that a worker could not be made: the next one could not either."""


class CannotBegin(CannotRun):
    """Workers cannot work on the machines where they are placed."""


@dataclass(kw_only=True)
class Pool:
    """The workers of one kind."""

    kind: Kind
    workers: list[WorkerHandle] = field(default_factory=list)
    stillborn: int = 0  # workers in a row that died before they began

    def demand(self, order: LapOrder, now: float, *, at_rest: bool) -> Demand:
        """What it has and could do; where all workers are `at_rest`, nothing will come for the idle ones."""
        waiting = [worker for worker in self.workers if worker.work is None]
        late = [worker for worker in waiting if now - worker.since >= IDLE_S]
        laps = order.num_free(self.kind.legs)
        return Demand(
            needs=self.kind.needs,
            over=not order.left(self.kind.legs),
            laps=laps,
            busy=len(self.workers) - len(waiting),
            waiting=len(waiting),
            unplaced=sum(worker.coming is not None for worker in late),
            spare=0 if laps else len(waiting if at_rest else late),
        )


class Fleet:
    """All workers of a job."""

    def __init__(
        self, legs: Sequence[Leg], equipment: WorkerSpec, clock: Callable[[], float], limits: Limits
    ) -> None:
        self.equipment = ray.put(equipment)
        self.clock = clock
        self.limits = limits
        self.pools = [Pool(kind=kind) for kind in kinds(legs)]
        self.numbers = count()
        self.remote = ray.remote(concurrency_groups={"state": 1})(PoolWorker)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pool, worker in self.workers:
            self.release(pool, worker)

    @property
    def workers(self) -> list[tuple[Pool, WorkerHandle]]:
        """All workers, with their pools."""
        return [(pool, worker) for pool in self.pools for worker in pool.workers]

    def require(self, order: LapOrder, wait_s: float) -> None:
        """Make sure that each leg that is not over has a machine that can hold its workers.

        Raises:
            DeviceMissing: there is none, nor has one come in `wait_s`.
        """
        until = self.clock() + wait_s
        for pool in self.pools:
            if order.left(pool.kind.legs):
                while not any(machine.fits(pool.kind.needs) for machine in machines()):
                    if self.clock() >= until:
                        raise missing(pool.kind, [order.states[leg].leg for leg in sorted(pool.kind.legs)])
                    if not pool.workers:
                        self.hire(pool)  # what waits for a place makes a cluster grow
                    time.sleep(POLL_S)

    def staff(self, order: LapOrder) -> None:
        """Let workers go and hire others as laps wait, and give laps to the idle."""
        now, at_rest = self.clock(), all(worker.work is None for _, worker in self.workers)
        demands = [pool.demand(order, now, at_rest=at_rest) for pool in self.pools]
        changes = balance(demands, machines(), self.limits)
        for pool, number in sorted(zip(self.pools, changes, strict=True), key=lambda change: change[1]):
            idle = [worker for worker in pool.workers if worker.work is None]
            for worker in sorted(idle, key=lambda worker: worker.since)[: max(0, -number)]:
                self.release(pool, worker)
            for _ in range(number):
                self.hire(pool)
        for pool, worker in self.workers:
            if worker.is_idle and (lap := order.take(pool.kind.legs)):
                worker.lap, worker.sight = lap, None
                worker.work = worker.actor.run.remote(lap, order.legs_over)

    def hire(self, pool: Pool) -> None:
        """Ask Ray for one more worker."""
        name, needs = f"{pool.kind.name}-{next(self.numbers)}", pool.kind.needs
        actor = self.remote.options(
            num_cpus=needs.cpus, num_gpus=needs.gpus, memory=needs.memory_bytes
        ).remote(self.equipment, name, max(1, int(needs.cpus)))
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
            for pool, worker in self.workers
            for ref in (worker.coming, worker.work)
            if ref is not None
        }
        ready, _ = ray.wait(list(refs), num_returns=1, timeout=POLL_S)
        ready, _ = ray.wait(list(refs), num_returns=len(refs), timeout=0) if ready else ([], [])
        for ref in ready:
            pool, worker = refs[ref]
            lap = worker.lap
            if (end := self.end(pool, worker, ref)) is not None and lap is not None:
                yield lap, end
        self.poll()

    def end(self, pool: Pool, worker: WorkerHandle, ref: Any) -> Landed | Failure | Lost | None:
        """What a worker has to say; nothing where it has only begun, or died before."""
        try:
            result = ray.get(ref)
        except RayTaskError:
            raise
        except RayError as error:
            self.release(pool, worker)
            if worker.coming is not None:
                pool.stillborn += 1
                if pool.stillborn == STILLBORN or IN_CREATION in str(error):
                    raise CannotBegin(f"no worker of pool {pool.kind.name} can begin: {error}") from error
            return Lost(why=str(error).strip().splitlines()[0])
        worker.lap = worker.work = worker.sight = None
        worker.since = self.clock()
        if worker.coming is None:
            return result  # type: ignore[no-any-return]
        if result:
            raise CannotBegin(result)
        worker.coming, pool.stillborn = None, 0
        return None

    def poll(self) -> None:
        """See what the workers are at, without waiting for any."""
        for worker in [worker for _, worker in self.workers if worker.work is not None]:
            if worker.state_ref is not None and ray.wait([worker.state_ref], timeout=0)[0]:
                with suppress(RayError):  # its lap will tell
                    worker.sight = ray.get(worker.state_ref)
                worker.state_ref = None
            if worker.state_ref is None:
                worker.state_ref = worker.actor.sight.options(concurrency_group="state").remote()

    @property
    def sights(self) -> list[WorkerState]:
        """What the busy workers were at when they were last seen."""
        return [worker.sight for _, worker in self.workers if worker.sight is not None]

    @property
    def waits(self) -> list[Wait]:
        """Workers that wait for a place."""
        return [
            Wait(legs=pool.kind.legs, since=worker.since, needs=needs_text(pool.kind.needs))
            for pool, worker in self.workers
            if worker.coming is not None
        ]

    @property
    def sizes(self) -> dict[str, int]:
        """Workers of each pool that have their place."""
        return {pool.kind.name: sum(worker.coming is None for worker in pool.workers) for pool in self.pools}

    def release(self, pool: Pool, worker: WorkerHandle) -> None:
        """Let a worker go, dead or alive."""
        pool.workers.remove(worker)
        ray.kill(worker.actor)


def machines() -> list[Capacity]:
    """The machines of the cluster that are alive, in the order of their GPUs."""
    alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    found = [
        Capacity(cpus=has.get("CPU", 0.0), gpus=has.get("GPU", 0.0), memory_bytes=has.get("memory", 0.0))
        for has in alive
    ]
    return sorted(found, key=lambda machine: machine.gpus)


def needs_text(needs: Needs) -> str:
    """Needs for a person: 1 CPU, 0.5 GPU, 1 GiB."""
    amounts = ((needs.cpus, "CPU"), (needs.gpus, "GPU"), (needs.memory_bytes / 2**30, "GiB"))
    return ", ".join(f"{amount:g} {what}" for amount, what in amounts if amount)


def missing(kind: Kind, legs: Sequence[Leg]) -> DeviceMissing:
    """Which step needs what no machine has."""
    steps = [step for leg in legs for step in leg.steps if isinstance(step, Step)]
    hardest = max(steps, key=lambda step: (step.gpus, step.cpus, step.memory_bytes))
    return DeviceMissing(
        f"step {hardest.name!r} needs {needs_text(kind.needs)} on one machine, and no machine of the cluster "
        "has it (a cluster that can grow is given time with --machine-wait-s)"
    )
