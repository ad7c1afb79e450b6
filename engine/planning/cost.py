"""What a run takes on given machines: hours of each leg and machine, and money."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.planning.simulation import Machines, Ran, Work, places_of, simulate

MACHINES = re.compile(
    r"(?P<name>\w+)=(?P<count>\d+)x(?P<cores>\d+)(\+(?P<gpus>\d+))?(@(?P<price>\d+(\.\d+)?))?", re.ASCII
)


def machines_of(text: str) -> Machines:
    """The machines that a word says: `gpu=4x8+1@0.80` is four of 8 cores and a GPU, at 0.80 an hour each.

    Raises:
        ValueError: it says no machines.
    """
    parsed = MACHINES.fullmatch(text)
    if parsed is None or not int(parsed["count"]):
        raise ValueError(
            f"{text!r} is no list of machines: write NAME=COUNTxCORES+GPUS@PRICE, as cpu=8x16@0.68"
        )
    price = None if parsed["price"] is None else float(parsed["price"])
    return Machines(
        name=parsed["name"],
        count=int(parsed["count"]),
        cores=int(parsed["cores"]),
        gpus=int(parsed["gpus"] or 0),
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
    used: float  # share of the paid time that its workers are at laps
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


def bill(works: Sequence[Work], machines: Sequence[Machines], *, worker_s: float = 0.0) -> Bill:
    """What the laps take on the machines.

    Raises:
        ValueError: as `simulate`.
    """
    ran = simulate(works, machines, worker_s=worker_s)
    wall_s = max((lap.stop_s for lap in ran), default=0.0)
    places = places_of(works, machines)
    return Bill(
        wall_s=wall_s,
        legs=tuple(
            leg_bill(work, [lap for lap in ran if lap.leg == leg], places[leg])
            for leg, work in enumerate(works)
        ),
        machines=tuple(machine_bills(machines, works, ran, wall_s)),
    )


def leg_bill(work: Work, laps: Sequence[Ran], workers: int) -> LegBill:
    """What one leg takes."""
    work_s = sum(lap.stop_s - lap.start_s for lap in laps)
    return LegBill(
        leg=work.leg,
        laps=len(laps),
        work_s=work_s,
        start_s=min((lap.start_s for lap in laps), default=0.0),
        stop_s=max((lap.stop_s for lap in laps), default=0.0),
        least_s=work_s / workers,
    )


def most_workers(kind: Machines, works: Sequence[Work]) -> int:
    """How many workers a machine holds where all legs have laps: those on GPUs, and others beside them."""
    left, most = kind.capacity, 0
    for needs in {work.needs for work in works if work.needs.gpus}:
        most += left.fits(needs)
        left = left.less(needs, left.fits(needs))
    plain = [work.needs for work in works if not work.needs.gpus]
    return most + (left.fits(max(plain, key=lambda needs: needs.cpus)) if plain else 0)


def machine_bills(
    machines: Sequence[Machines], works: Sequence[Work], ran: Sequence[Ran], wall_s: float
) -> Iterator[MachineBill]:
    """What each kind of machine takes. One without cores, a head, is paid to the end."""
    last: dict[int, float] = {}
    busy_s: defaultdict[int, float] = defaultdict(float)
    for lap in ran:
        last[lap.machine] = max(last.get(lap.machine, 0.0), lap.stop_s)
        busy_s[lap.machine] += lap.stop_s - lap.start_s
    first = 0
    for kind in machines:
        numbers = range(first, first + kind.count)
        first += kind.count
        paid_s = {number: last.get(number, 0.0) if kind.cores else wall_s for number in numbers}
        could_s = sum(paid_s.values()) * most_workers(kind, works)
        yield MachineBill(
            kind=kind,
            paid_s=sum(paid_s.values()),
            used=sum(busy_s[number] for number in numbers) / could_s if could_s else 0.0,
            price=None if kind.price is None else kind.price * sum(paid_s.values()) / 3600,
        )
