"""A run on paper: which worker is at which lap at what time.

The rules are the runner's. A leg waits for all of the leg before it, or lap for lap where it follows it. Legs
that need a GPU have workers of their own, the others share theirs. A worker takes the next lap of the last
leg that has one; it starts with its first lap, and makes the stages of a leg for the first of its laps.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Work:
    """The laps of one leg, and what a worker at one of them needs."""

    leg: str
    laps_s: tuple[float, ...]
    crew_s: float = 0.0  # to make the leg's stages, weights loaded: once a worker
    cpus: float = 1.0
    gpus: float = 0.0
    follows: bool = False  # lap n waits for lap n of the leg before, not for the whole leg


@dataclass(frozen=True, kw_only=True)
class Machines:
    """Some machines of one kind."""

    name: str
    count: int
    cores: int
    gpus: int = 0
    price: float | None = None  # of one, an hour


@dataclass
class SimulatedWorker:
    """Runs laps of its legs, one after the other."""

    machine: int  # counted over all machines of all kinds, in their order
    legs: frozenset[int]
    crews: set[int] = field(default_factory=set)  # legs whose stages are made

    def ready_s(self, leg: int, work: Work, worker_s: float) -> float:
        """Seconds until it can begin a lap."""
        wait_s = (0.0 if self.crews else worker_s) + (0.0 if leg in self.crews else work.crew_s)
        self.crews.add(leg)
        return wait_s


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One lap, as it ran; what the worker did to be ready for it is part of it."""

    leg: int  # index of its work
    lap: int
    worker: int
    machine: int
    start_s: float
    stop_s: float


class Queues:
    """Which laps may run, by leg."""

    def __init__(self, works: Sequence[Work]) -> None:
        self.works = works
        self.ready: list[deque[int]] = [deque() for _ in works]
        self.left = [len(work.laps_s) for work in works]
        self.open(0)

    def open(self, leg: int) -> None:
        """The leg before is done: all laps of this one may run; a leg without laps is done at once."""
        if leg < len(self.works):
            if not self.works[leg].follows:
                self.ready[leg].extend(range(len(self.works[leg].laps_s)))
            if not self.left[leg]:
                self.open(leg + 1)

    def take(self, legs: frozenset[int]) -> tuple[int, int] | None:
        """Leg and lap that are next for a worker of these legs."""
        leg = next((leg for leg in sorted(legs, reverse=True) if self.ready[leg]), None)
        return None if leg is None else (leg, self.ready[leg].popleft())

    def landed(self, leg: int, lap: int) -> None:
        """A lap is done."""
        self.left[leg] -= 1
        if leg + 1 < len(self.works) and self.works[leg + 1].follows:
            self.ready[leg + 1].append(lap)
        if not self.left[leg]:
            self.open(leg + 1)


def simulate(works: Sequence[Work], machines: Sequence[Machines], *, worker_s: float = 0.0) -> list[Ran]:
    """All laps in the order of their starts; `worker_s` is what the start of a worker takes.

    Raises:
        ValueError: a leg's worker fits on none of the machines, or a leg that follows has not the laps of the
            leg before.
    """
    workers = workers_on(machines, works)
    check(works, workers)
    queues, now, ran = Queues(works), 0.0, list[Ran]()
    idle = list(range(len(workers)))
    running: list[tuple[float, int]] = []  # when it stops, index into `ran`
    while True:
        still: list[int] = []
        for number in idle:
            worker, lap = workers[number], queues.take(workers[number].legs)
            if lap is None:
                still.append(number)
                continue
            work = works[lap[0]]
            stop_s = now + worker.ready_s(lap[0], work, worker_s) + work.laps_s[lap[1]]
            heapq.heappush(running, (stop_s, len(ran)))
            place = {"worker": number, "machine": worker.machine}
            ran.append(Ran(leg=lap[0], lap=lap[1], start_s=now, stop_s=stop_s, **place))
        if not running:
            return ran
        now, index = heapq.heappop(running)
        queues.landed(ran[index].leg, ran[index].lap)
        idle = sorted([*still, ran[index].worker])


def workers_on(machines: Sequence[Machines], works: Sequence[Work]) -> list[SimulatedWorker]:
    """The workers that the machines hold: those of GPUs have their place, the others what is left.

    Machines without GPUs come first for work without them.
    """
    kinds = [kind for kind in machines for _ in range(kind.count)]
    on_gpus = [leg for leg, work in enumerate(works) if work.gpus > 0]
    plain = [leg for leg, work in enumerate(works) if work.gpus == 0]
    gpus, cpus = (max((works[leg].cpus for leg in legs), default=0.0) for legs in (on_gpus, plain))
    gpu_share = max((works[leg].gpus for leg in on_gpus), default=0.0)
    found = []
    for number, kind in sorted(enumerate(kinds), key=lambda one: one[1].gpus):
        first = int(min(kind.cores / gpus if gpus else kind.cores, kind.gpus / gpu_share)) if gpu_share else 0
        rest = int((kind.cores - first * gpus) / cpus) if cpus else 0
        found += [SimulatedWorker(number, frozenset(on_gpus)) for _ in range(first)]
        found += [SimulatedWorker(number, frozenset(plain)) for _ in range(rest)]
    return found


def check(works: Sequence[Work], workers: Sequence[SimulatedWorker]) -> None:
    """Raises: ValueError: the laps cannot run."""
    for leg, work in enumerate(works):
        if not any(leg in worker.legs for worker in workers):
            raise ValueError(
                f"leg {work.leg!r}: no machine has {work.cpus:g} cores and {work.gpus:g} GPUs for a worker"
            )
        if work.follows and (leg == 0 or len(works[leg - 1].laps_s) != len(work.laps_s)):
            raise ValueError(f"leg {work.leg!r} follows lap for lap, and the leg before has other laps")
