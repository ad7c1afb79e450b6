"""How fast steps are, measured, and the work that a corpus of so many hours would be."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from engine.core import Tally
from engine.ledger import Landed, Ledger
from engine.leg import Leg
from engine.planning.simulation import Work
from engine.plans import at_once
from schemas.media import FPS


@dataclass(frozen=True, kw_only=True)
class Rate:
    """One step, measured."""

    leg: str
    step: str
    frames_per_s: float  # of footage at 24 fps, by one worker; 0 where a step takes no time
    keeps: float  # footage that it gives over footage that it is given; of items before there is footage


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What an estimate is made from."""

    measured: str  # on which machine, from what
    steps: tuple[Rate, ...]
    source_s: float  # mean footage of a source
    sample_s: float  # of a sample
    lap_s: float  # what a lap costs beyond its steps
    worker_s: float  # to start a worker
    crew_s: Mapping[str, float]  # by leg: to make its stages in a worker

    def of(self, leg: str) -> list[Rate]:
        """Steps of a leg, in order."""
        return [rate for rate in self.steps if rate.leg == leg]


def read_rates(path: Path) -> Rates:
    """The rates of a file that `write_rates` wrote.

    Raises:
        ValueError: it is none.
        OSError: it cannot be read.
    """
    try:
        raw: dict[str, Any] = json.loads(path.read_text())
        return Rates(**raw | {"steps": tuple(Rate(**rate) for rate in raw["steps"])})
    except (UnicodeDecodeError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: no table of rates ({error})") from error


def write_rates(path: Path, rates: Rates) -> None:
    """Write the rates as JSON."""
    path.write_text(json.dumps(asdict(rates), indent=1) + "\n")


def measured(ledger: Ledger, legs: Sequence[Leg], before: Rates, origin: str) -> Rates:
    """The rates of what has landed in a data set; those of `before` for steps that have landed nothing.

    `origin` tells where they are from. A lap's own cost and a worker's start do not show in a ledger.

    Raises:
        ValueError: no file has been probed yet.
    """
    tallies = {(leg.name, tally.step): tally for leg in legs for tally in ledger.tallies(leg.name)}
    of_step = {step: tally for (_, step), tally in tallies.items()}
    probe, shard = of_step.get("probe"), of_step.get("shard")
    if probe is None or not probe.gave_s:
        raise ValueError(f"{ledger.place}: no footage has been measured yet")
    source_s = probe.gave_s / probe.gave
    fresh = {place: rate_of(place[0], tally, source_s) for place, tally in tallies.items() if tally.offered}
    return replace(
        before,
        measured=origin,
        steps=tuple(fresh.get((rate.leg, rate.step), rate) for rate in before.steps),
        source_s=source_s,
        sample_s=shard.offered_s / shard.offered if shard and shard.offered else before.sample_s,
    )


def rate_of(leg: str, tally: Tally, source_s: float) -> Rate:
    """Rate of a step; items that have no footage yet count as a source's."""
    footage_s = tally.offered_s or tally.offered * source_s
    return Rate(
        leg=leg,
        step=tally.step,
        frames_per_s=footage_s * FPS / tally.busy_s if tally.busy_s else 0.0,
        keeps=tally.gave_s / tally.offered_s if tally.offered_s else tally.kept / tally.offered,
    )


def works_of(
    rates: Rates,
    legs: Sequence[Leg],
    *,
    hours: float,
    source_s: float,
    sources_per_lap: int,
    samples_per_shard: int,
    tar_leg: str,
) -> list[Work]:
    """The laps of a corpus of so many hours, each of a leg as long as the others.

    Those of `tar_leg` are tars of samples, those of the others follow the chunks of the listing.
    """
    laps = math.ceil(3600 * hours / source_s / sources_per_lap)
    works, given_s = list[Work](), dict[str, float]()
    for leg in legs:
        footage_s = sum(given_s[before] for before in leg.after) if leg.after else 3600 * hours
        tars = math.ceil(footage_s / rates.sample_s / samples_per_shard)
        work_s = 0.0
        for rate in rates.of(leg.name):
            work_s += footage_s * FPS / rate.frames_per_s if rate.frames_per_s else 0.0
            footage_s *= rate.keeps
        given_s[leg.name] = footage_s
        count = max(1, tars) if leg.name == tar_leg else 1 if reads_all(leg) else laps
        works.append(work_of(leg, rates, (work_s / count + rates.lap_s,) * count))
    return works


def works_landed(ledger: Ledger, legs: Sequence[Leg], rates: Rates) -> list[Work]:
    """The laps that have landed, each as long as its steps were busy, and what a lap costs beside."""
    return [
        work_of(leg, rates, tuple(busy_s(landed) + rates.lap_s for _, landed in ledger.all_landed(leg.name)))
        for leg in legs
    ]


def busy_s(landed: Landed) -> float:
    """Seconds that the steps of a landed lap took."""
    return sum(tally.busy_s for tally in landed.steps)


def work_of(leg: Leg, rates: Rates, laps_s: tuple[float, ...]) -> Work:
    """Laps of a leg, with what its steps declare."""
    return Work(
        leg=leg.name,
        laps_s=laps_s,
        crew_s=rates.crew_s[leg.name],
        needs=leg.needs,
        awaits=leg.awaits,
        follows=leg.follows,
    )


def reads_all(leg: Leg) -> bool:
    """Whether a leg is one lap over all that landed before it."""
    return getattr(leg.plan, "func", None) is at_once
