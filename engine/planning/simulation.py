"""A run on paper: which worker is at which lap at what time.

The rules are the runner's. A leg waits for all of the legs that it awaits, and lap for lap for those that it
follows. Legs that need a GPU have workers of their own, the others share theirs. A worker takes the next lap
of the last leg that has one; it starts with its first lap, and makes the stages of a leg for the first of its
laps.
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
    awaits: tuple[str, ...] = ()  # legs that must be over before any lap
    follows: tuple[str, ...] = ()  # legs whose lap n is over before lap n


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
        self.works = {work.leg: work for work in works}
        self.places = {work.leg: place for place, work in enumerate(works)}
        self.ready: list[deque[int]] = [deque() for _ in works]
        self.done: dict[str, set[int]] = {work.leg: set() for work in works}
        self.begun: set[str] = set()
        self.begin()

    def begin(self) -> None:
        """Legs that await nothing more begin; one without laps is over at once."""
        for leg, work in self.works.items():
            if leg not in self.begun and all(map(self.is_over, work.awaits)):
                self.begun.add(leg)
                self.ready[self.places[leg]].extend(
                    lap for lap in range(len(work.laps_s)) if self.may_run(work, lap)
                )

    def is_over(self, leg: str) -> bool:
        """Whether all laps of a leg are done."""
        return leg in self.begun and len(self.done[leg]) == len(self.works[leg].laps_s)

    def may_run(self, work: Work, lap: int) -> bool:
        """Whether the laps are done that a lap of a leg that has begun reads."""
        return all(lap in self.done[leg] for leg in work.follows)

    def take(self, legs: frozenset[int]) -> tuple[int, int] | None:
        """Leg and lap that are next for a worker of these legs."""
        leg = next((leg for leg in sorted(legs, reverse=True) if self.ready[leg]), None)
        return None if leg is None else (leg, self.ready[leg].popleft())

    def landed(self, leg: int, lap: int) -> None:
        """A lap is done."""
        name = list(self.works)[leg]
        self.done[name].add(lap)
        for other, work in self.works.items():
            if name in work.follows and other in self.begun and self.may_run(work, lap):
                self.ready[self.places[other]].append(lap)
        if self.is_over(name):
            self.begin()


def simulate(works: Sequence[Work], machines: Sequence[Machines], *, worker_s: float = 0.0) -> list[Ran]:
    """All laps in the order of their starts; `worker_s` is what the start of a worker takes.

    Raises:
        ValueError: a leg's worker fits on none of the machines; a leg stands before one that it depends on,
            or has not as many laps as one that it follows.
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
        before = {work.leg: len(work.laps_s) for work in works[:leg]}
        if missing := [name for name in (*work.awaits, *work.follows) if name not in before]:
            raise ValueError(f"leg {work.leg!r} depends on {missing[0]!r}, which does not stand before it")
        if other := [name for name in work.follows if before[name] != len(work.laps_s)]:
            raise ValueError(f"leg {work.leg!r} follows {other[0]!r} lap for lap, which has other laps")
