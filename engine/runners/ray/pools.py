"""Who comes and who goes: a pool of workers for each distinct need, and how many each should have now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.leg import Leg
from engine.needs import Capacity, Needs, left_of, place_for, without_gpus


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What workers of a pool take, and the legs that they serve."""

    name: str
    legs: frozenset[str]
    needs: Needs


def kinds(legs: Sequence[Leg]) -> list[Kind]:
    """A kind for each distinct need: those on GPUs first, for these are few, then those of the last legs."""
    found: dict[Needs, list[str]] = {}
    for leg in reversed(legs):
        found.setdefault(leg.needs, []).append(leg.name)
    made = list[Kind]()
    for name, on_gpu in (("gpu", True), ("cpu", False)):
        matching = [(needs, names) for needs, names in found.items() if (needs.gpus > 0) is on_gpu]
        made += [
            Kind(name=f"{name}{number or ''}", legs=frozenset(names), needs=needs)
            for number, (needs, names) in enumerate(matching)
        ]
    return made


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What a pool has, and what it could do."""

    needs: Needs
    over: bool = False  # all of its legs are
    laps: int = 0  # that may begin now
    busy: int = 0  # workers that are at laps
    waiting: int = 0  # the others: idle, or on their way
    unplaced: int = 0  # of these, those that have been on their way for long
    spare: int = 0  # of these, those that have had nothing to do for long


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Most workers without and with a GPU; None for as many as the machines hold."""

    workers: int | None
    gpu_workers: int | None


def balance(demands: Sequence[Demand], machines: Sequence[Capacity], limits: Limits) -> list[int]:
    """By how many workers each pool is to grow, or to shrink where that is below zero.

    A pool grows while laps wait and there is room, in the given order. Where there is none, workers of other
    pools go that have had nothing to do for long, if that makes room. Where nobody works at all, the first
    pool with laps gets a worker, which waits for its place: so a cluster learns that it should grow.
    """
    plan = PoolPlan(demands, machines, limits)
    for place, demand in enumerate(demands):
        for _ in range(demand.unplaced):
            plan.give(place)
        for _ in range(demand.laps - demand.waiting):
            if not plan.make_room(place):
                break
            plan.grow(place)
    if not any(plan.sizes):
        plan.change = [0] * len(demands)
        plan.change[next((place for place, demand in enumerate(demands) if demand.laps), 0)] = 1
    return plan.change


class PoolPlan:
    """Changes of pools, one worker after the other, and what machines have left after them."""

    def __init__(self, demands: Sequence[Demand], machines: Sequence[Capacity], limits: Limits) -> None:
        self.demands, self.machines, self.limits = demands, machines, limits
        self.change = [-demand.waiting if demand.over else 0 for demand in demands]
        self.settle()

    @property
    def sizes(self) -> list[int]:
        """How many workers the pools have after the changes."""
        return [
            demand.busy + demand.waiting + number
            for demand, number in zip(self.demands, self.change, strict=True)
        ]

    def settle(self) -> None:
        """Find places for all workers anew."""
        sizes = zip(self.sizes, self.demands, strict=True)
        self.left = left_of(self.machines, [demand.needs for size, demand in sizes for _ in range(size)])

    def grow(self, place: int) -> None:
        """Hire one more."""
        self.change[place] += 1
        needs = self.demands[place].needs
        if (machine := place_for(self.left, needs)) is not None:
            self.left[machine] = self.left[machine].less(needs)

    def give(self, place: int) -> bool:
        """Let a worker go that another pool has to spare; whether there was one."""
        for other, demand in enumerate(self.demands):
            if other != place and self.change[other] <= 0 and demand.spare + self.change[other] > 0:
                self.change[other] -= 1
                self.settle()
                return True
        return False

    def make_room(self, place: int) -> bool:
        """Whether there is room for one more, once others have given as many as that takes."""
        before = list(self.change)
        while not self.has_room(self.demands[place].needs):
            if not self.give(place):
                self.change = before
                self.settle()
                return False
        return True

    def has_room(self, needs: Needs) -> bool:
        """Whether one more may be hired; processors that go with a GPU are left to those who need it."""
        most = self.limits.gpu_workers if needs.gpus else self.limits.workers
        if most is not None:
            alike = [bool(other.needs.gpus) == bool(needs.gpus) for other in self.demands]
            return sum(size for size, counts in zip(self.sizes, alike, strict=True) if counts) < most
        left = self.left
        if not needs.gpus:
            on_gpus = [other.needs for other in self.demands if other.needs.gpus and not other.over]
            left = without_gpus(left, on_gpus)
        return place_for(left, needs) is not None
