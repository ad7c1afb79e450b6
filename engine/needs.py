"""What workers take of machines, and where they find room: pure arithmetic, for a cluster and for paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a worker takes of a machine, and which weights it holds: legs of the same needs share workers."""

    cpus: float
    gpus: float
    memory_bytes: int
    weights: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """What a machine has, or has left."""

    cpus: float
    gpus: float
    memory_bytes: float

    def fits(self, needs: Needs) -> int:
        """How many such workers it holds."""
        wanted = (needs.cpus, self.cpus), (needs.gpus, self.gpus), (needs.memory_bytes, self.memory_bytes)
        return max(0, int(min(has // amount for amount, has in wanted if amount)))

    def less(self, needs: Needs, times: int = 1) -> Capacity:
        """What is left once so many such workers have their places."""
        return Capacity(
            cpus=self.cpus - times * needs.cpus,
            gpus=self.gpus - times * needs.gpus,
            memory_bytes=self.memory_bytes - times * needs.memory_bytes,
        )


def left_of(machines: Sequence[Capacity], workers: Iterable[Needs]) -> list[Capacity]:
    """What machines have left where workers have their places, as far as they find any: the hungriest first.

    Machines are in the order of their GPUs, so that work without one goes where there is none.
    """
    left = list(machines)
    hungriest = sorted(workers, key=lambda needs: (-needs.gpus, -needs.cpus, -needs.memory_bytes))
    for needs in hungriest:
        if (place := place_for(left, needs)) is not None:
            left[place] = left[place].less(needs)
    return left


def place_for(left: Sequence[Capacity], needs: Needs) -> int | None:
    """The first machine that holds such a worker, None where there is none."""
    return next((place for place, machine in enumerate(left) if machine.fits(needs)), None)


def without_gpus(left: Sequence[Capacity], on_gpus: Iterable[Needs]) -> list[Capacity]:
    """What is left for others where the processors and memory that go with GPUs are kept for those."""
    kept = list(left)
    for needs in on_gpus:
        kept = [machine.less(needs, machine.fits(needs)) for machine in kept]
    return kept
