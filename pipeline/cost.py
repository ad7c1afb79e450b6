"""What a run takes on given machines: hours of each leg and machine, and money."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.simulation import Machines, Ran, Work, simulate

MACHINES = re.compile(
    r"(?P<name>\w+)=(?P<count>\d+)x(?P<cores>\d+)(\+(?P<gpus>\d+))?(@(?P<price>\d+(\.\d+)?))?", re.ASCII
)


def machines_of(text: str) -> Machines:
    """The machines that a word says: `gpu=4x8+1@0.80` is four of 8 cores and a GPU, at 0.80 an hour each.

    Raises:
        ValueError: it says no machines.
    """
    said = MACHINES.fullmatch(text)
    if said is None or not int(said["count"]):
        raise ValueError(
            f"{text!r} is no list of machines: write NAME=COUNTxCORES+GPUS@PRICE, as cpu=8x16@0.68"
        )
    price = None if said["price"] is None else float(said["price"])
    return Machines(
        name=said["name"],
        count=int(said["count"]),
        cores=int(said["cores"]),
        gpus=int(said["gpus"] or 0),
        price=price,
    )


@dataclass(frozen=True, kw_only=True)
class LegBill:
    """What a leg takes."""

    leg: str
    laps: int
    work_s: float  # of workers, their starts included
    start_s: float  # from the run's start to its first lap's
    stop_s: float
    least_s: float  # its work on all workers that may do it


@dataclass(frozen=True, kw_only=True)
class MachineBill:
    """What machines of one kind take: each is paid from the run's start to its last lap."""

    kind: Machines
    paid_s: float  # over all of them
    used: float  # share of the paid cores, or of the GPUs where it has some, that a worker has
    price: float | None


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What a run takes."""

    wall_s: float
    legs: tuple[LegBill, ...]
    machines: tuple[MachineBill, ...]

    @property
    def bottleneck(self) -> LegBill:
        """The leg that would be the longest if each leg had the machines for itself."""
        return max(self.legs, key=lambda leg: leg.least_s)

    @property
    def price(self) -> float | None:
        """Of all machines; None where one has no price."""
        prices = [bill.price for bill in self.machines]
        return None if None in prices else sum(price for price in prices if price is not None)


def bill(works: Sequence[Work], machines: Sequence[Machines]) -> Bill:
    """What the laps take on the machines.

    Raises:
        ValueError: as `simulate`.
    """
    ran = simulate(works, machines)
    wall_s = max((lap.stop_s for lap in ran), default=0.0)
    of_legs = [[lap for lap in ran if lap.leg == leg] for leg in range(len(works))]
    return Bill(
        wall_s=wall_s,
        legs=tuple(leg_bill(work, laps, machines) for work, laps in zip(works, of_legs, strict=True)),
        machines=tuple(machine_bills(works, ran, machines, wall_s)),
    )


def leg_bill(work: Work, laps: Sequence[Ran], machines: Sequence[Machines]) -> LegBill:
    """What one leg takes."""
    work_s = sum(lap.stop_s - lap.start_s for lap in laps)
    return LegBill(
        leg=work.leg,
        laps=len(laps),
        work_s=work_s,
        start_s=min((lap.start_s for lap in laps), default=0.0),
        stop_s=max((lap.stop_s for lap in laps), default=0.0),
        least_s=work_s / sum(kind.workers(work) for kind in machines),
    )


def machine_bills(
    works: Sequence[Work], ran: Sequence[Ran], machines: Sequence[Machines], wall_s: float
) -> Iterator[MachineBill]:
    """What each kind of machine takes. One without cores, a head, is paid to the end."""
    first = 0
    for kind in machines:
        last = [0.0 if kind.cores else wall_s] * kind.count
        used_s = 0.0
        for lap in ran:
            if first <= lap.machine < first + kind.count:
                last[lap.machine - first] = max(last[lap.machine - first], lap.stop_s)
                work = works[lap.leg]
                used_s += (work.gpus if kind.gpus else work.cpus) * (lap.stop_s - lap.start_s)
        first += kind.count
        paid_s = sum(last)
        places = kind.gpus or kind.cores
        yield MachineBill(
            kind=kind,
            paid_s=paid_s,
            used=used_s / (paid_s * places) if paid_s and places else 0.0,
            price=None if kind.price is None else kind.price * paid_s / 3600,
        )
