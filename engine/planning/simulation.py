"""A run on paper: which worker is at which lap at what time.

The rules are the runner's. A leg waits for all of the legs that it awaits, and lap for lap for those that it
follows. Legs of the same needs share workers. A worker takes the next lap of the last of its legs that has
one; it starts with its first lap, and makes the stages of a leg for the first of its laps. Where laps find
neither a worker nor room for one, a worker of other needs goes that has no lap: at once, where the runner
gives it some seconds.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from engine.needs import Capacity, Needs, place_for, without_gpus

ONE_CORE = Needs(cpus=1.0, gpus=0.0, memory_bytes=0)


@dataclass(frozen=True, kw_only=True)
class Work:
    """The laps of one leg, and what a worker at one of them needs."""

    leg: str
    laps_s: tuple[float, ...]
    crew_s: float = 0.0  # to make the leg's stages, weights loaded: once a worker
    needs: Needs = ONE_CORE
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

    @property
    def capacity(self) -> Capacity:
        """What one of them has; of memory, enough."""
        return Capacity(cpus=self.cores, gpus=self.gpus, memory_bytes=2.0**60)


@dataclass(eq=False)
class SimulatedWorker:
    """Runs laps of legs of its needs, one after the other."""

    number: int
    place: int  # of its machine, in the order of their GPUs
    needs: Needs
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
        self.by_rank = sorted(range(len(works)), key=lambda leg: (works[leg].needs.gpus == 0, -leg))
        self.followers = [
            [(place, other) for place, other in enumerate(works) if work.leg in other.follows]
            for work in works
        ]
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

    def waiting(self) -> Iterator[int]:
        """Legs that have laps that may run: those on GPUs first, then the last."""
        return (leg for leg in self.by_rank if self.ready[leg])

    def landed(self, leg: int, lap: int) -> bool:
        """A lap is done; whether its leg is over by it."""
        name = list(self.works)[leg]
        self.done[name].add(lap)
        for place, other in self.followers[leg]:
            if other.leg in self.begun and self.may_run(other, lap):
                self.ready[place].append(lap)
        if over := self.is_over(name):
            self.begin()
        return over


class SimulatedCrowd:
    """The workers of a run on paper, and the room that they leave."""

    def __init__(self, works: Sequence[Work], machines: Sequence[Machines]) -> None:
        self.works = works
        house = [kind.capacity for kind in machines for _ in range(kind.count)]
        self.order = sorted(range(len(house)), key=lambda number: house[number].gpus)
        self.left = [house[number] for number in self.order]
        self.idle: list[SimulatedWorker] = []
        self.full: set[Needs] = set()  # what found no room since the last worker went
        self.numbers = count()

    def worker_for(self, leg: int, queues: Queues) -> SimulatedWorker | None:
        """An idle worker for a leg, or a new one where there is room or another that is idle makes room."""
        needs = self.works[leg].needs
        if (known := next((worker for worker in self.idle if worker.needs == needs), None)) is not None:
            self.idle.remove(known)
            return known
        if needs in self.full and not self.idle:
            return None
        wanted = {self.works[other].needs for other in queues.waiting()}
        spare = [worker for worker in self.idle if worker.needs not in wanted]
        while needs in self.full or (place := place_for(self.room(needs, queues), needs)) is None:
            self.full.add(needs)
            if not spare:
                return None
            self.release(spare.pop())
        self.left[place] = self.left[place].less(needs)
        return SimulatedWorker(number=next(self.numbers), place=place, needs=needs)

    def room(self, needs: Needs, queues: Queues) -> list[Capacity]:
        """What machines have left for a worker, but for what goes with GPUs while legs need them."""
        if needs.gpus:
            return self.left
        on_gpus = {work.needs for work in self.works if work.needs.gpus and not queues.is_over(work.leg)}
        return without_gpus(self.left, on_gpus)

    def release(self, worker: SimulatedWorker) -> None:
        """Let an idle worker go."""
        self.full.clear()
        self.idle.remove(worker)
        self.left[worker.place] = self.left[worker.place].less(worker.needs, -1)


def simulate(works: Sequence[Work], machines: Sequence[Machines], *, worker_s: float = 0.0) -> list[Ran]:
    """All laps in the order of their starts; `worker_s` is what the start of a worker takes.

    Raises:
        ValueError: a leg's worker fits on none of the machines; a leg stands before one that it depends on,
            or has not as many laps as one that it follows.
    """
    check(works, machines)
    queues, crowd, now, ran = Queues(works), SimulatedCrowd(works, machines), 0.0, list[Ran]()
    running: list[tuple[float, int, SimulatedWorker]] = []  # when it stops, index into `ran`
    needed = {work.needs for work in works if not queues.is_over(work.leg)}
    while True:
        while (begun := next_lap(queues, crowd)) is not None:
            leg, lap, worker = begun
            stop_s = now + worker.ready_s(leg, works[leg], worker_s) + works[leg].laps_s[lap]
            heapq.heappush(running, (stop_s, len(ran), worker))
            who = {"worker": worker.number, "machine": crowd.order[worker.place]}
            ran.append(Ran(leg=leg, lap=lap, start_s=now, stop_s=stop_s, **who))
        if not running:
            return ran
        now, index, worker = heapq.heappop(running)
        crowd.idle.append(worker)
        if queues.landed(ran[index].leg, ran[index].lap):
            needed = {work.needs for work in works if not queues.is_over(work.leg)}
        for one in [one for one in crowd.idle if one.needs not in needed]:
            crowd.release(one)


def next_lap(queues: Queues, crowd: SimulatedCrowd) -> tuple[int, int, SimulatedWorker] | None:
    """A leg, the lap of it that begins now, and the worker that takes it; None where none can."""
    for leg in queues.waiting():
        if (worker := crowd.worker_for(leg, queues)) is not None:
            return leg, queues.ready[leg].popleft(), worker
    return None


def places_of(works: Sequence[Work], machines: Sequence[Machines]) -> list[int]:
    """How many workers of each leg find room at once, with nothing but it and what is kept for GPUs."""
    left = [kind.capacity for kind in machines for _ in range(kind.count)]
    plain = without_gpus(left, {work.needs for work in works if work.needs.gpus})
    return [
        sum(machine.fits(work.needs) for machine in (left if work.needs.gpus else plain)) for work in works
    ]


def check(works: Sequence[Work], machines: Sequence[Machines]) -> None:
    """Raises: ValueError: the laps cannot run."""
    for leg, (work, places) in enumerate(zip(works, places_of(works, machines), strict=True)):
        if not places:
            wanted = f"{work.needs.cpus:g} cores and {work.needs.gpus:g} GPUs"
            raise ValueError(f"leg {work.leg!r}: no machine has {wanted} for a worker")
        before = {work.leg: len(work.laps_s) for work in works[:leg]}
        if missing := [name for name in (*work.awaits, *work.follows) if name not in before]:
            raise ValueError(f"leg {work.leg!r} depends on {missing[0]!r}, which does not stand before it")
        if other := [name for name in work.follows if before[name] != len(work.laps_s)]:
            raise ValueError(f"leg {work.leg!r} follows {other[0]!r} lap for lap, which has other laps")
