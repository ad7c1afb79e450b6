"""A run on paper: which worker is at which lap at what time.

The rule is the runner's: a leg waits for all of the leg before it, or lap for lap where its laps are those of
the leg before; where a worker can choose, later legs come first, and laps in their order.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Work:
    """The laps of one leg, and what a worker at one of them needs."""

    leg: str
    laps_s: tuple[float, ...]
    start_s: float = 0.0  # to start one more worker of this leg: process, imports, weights
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

    def workers(self, work: Work) -> int:
        """How many workers of a leg fit onto all of them."""
        fit = [self.cores // work.cpus] if work.cpus else []
        fit += [self.gpus // work.gpus] if work.gpus else []
        return self.count * int(min(fit))


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One lap, as it ran."""

    leg: int  # index of its work
    lap: int
    machine: int  # counted over all machines of all kinds, in their order
    start_s: float
    stop_s: float


@dataclass
class Machine:
    """One machine while the laps run."""

    number: int
    kind: Machines
    cores: float
    gpus: float
    crews: Counter[int] = field(default_factory=Counter)  # workers that were started, by leg
    busy: Counter[int] = field(default_factory=Counter)

    def fits(self, work: Work) -> bool:
        """Whether one more worker of a leg has its place."""
        return self.cores >= work.cpus and self.gpus >= work.gpus

    def take(self, leg: int, work: Work) -> float:
        """Begin a lap; seconds until a worker is ready for it."""
        self.cores -= work.cpus
        self.gpus -= work.gpus
        self.busy[leg] += 1
        wait_s = work.start_s if self.busy[leg] > self.crews[leg] else 0.0
        self.crews[leg] = max(self.crews[leg], self.busy[leg])
        return wait_s

    def give(self, leg: int, work: Work) -> None:
        """A lap has landed."""
        self.cores += work.cpus
        self.gpus += work.gpus
        self.busy[leg] -= 1


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
            if not self.works[leg].follows or leg == 0:
                self.ready[leg].extend(range(len(self.works[leg].laps_s)))
            if not self.left[leg]:
                self.open(leg + 1)

    def landed(self, leg: int, lap: int) -> None:
        """A lap is done."""
        self.left[leg] -= 1
        if leg + 1 < len(self.works) and self.works[leg + 1].follows:
            self.ready[leg + 1].append(lap)
        if not self.left[leg]:
            self.open(leg + 1)

    def next(self) -> Iterator[int]:
        """Legs with laps that may run, the last first."""
        return (leg for leg in reversed(range(len(self.works))) if self.ready[leg])


def simulate(works: Sequence[Work], machines: Sequence[Machines]) -> list[Ran]:
    """All laps in the order of their starts.

    Raises:
        ValueError: a leg's worker fits on none of the machines, or a leg that follows has not the laps of the
            leg before.
    """
    check(works, machines)
    kinds = [kind for kind in machines for _ in range(kind.count)]
    fleet = [Machine(number, kind, kind.cores, kind.gpus) for number, kind in enumerate(kinds)]
    plain_first = sorted(fleet, key=lambda machine: machine.gpus)  # GPUs stay free for those who need them
    queues, now, ran = Queues(works), 0.0, list[Ran]()
    running: list[tuple[float, int]] = []  # stop, index into `ran`
    while True:
        for leg in queues.next():
            while queues.ready[leg] and (machine := best(plain_first, leg, works[leg])):
                lap = queues.ready[leg].popleft()
                stop_s = now + machine.take(leg, works[leg]) + works[leg].laps_s[lap]
                heapq.heappush(running, (stop_s, len(ran)))
                ran.append(Ran(leg=leg, lap=lap, machine=machine.number, start_s=now, stop_s=stop_s))
        if not running:
            return ran
        now, index = heapq.heappop(running)
        fleet[ran[index].machine].give(ran[index].leg, works[ran[index].leg])
        queues.landed(ran[index].leg, ran[index].lap)


def best(fleet: Sequence[Machine], leg: int, work: Work) -> Machine | None:
    """A machine with room for a lap: one whose worker of this leg is idle, else the first."""
    room = [machine for machine in fleet if machine.fits(work)]
    return next(
        (machine for machine in room if machine.crews[leg] > machine.busy[leg]), next(iter(room), None)
    )


def check(works: Sequence[Work], machines: Sequence[Machines]) -> None:
    """Raises: ValueError: the laps cannot run."""
    for before, work in zip([None, *works], works, strict=False):
        if not any(kind.workers(work) for kind in machines):
            raise ValueError(
                f"leg {work.leg!r}: no machine has {work.cpus:g} cores and {work.gpus:g} GPUs for a worker"
            )
        if work.follows and (before is None or len(before.laps_s) != len(work.laps_s)):
            raise ValueError(f"leg {work.leg!r} follows lap for lap, and the leg before has other laps")
