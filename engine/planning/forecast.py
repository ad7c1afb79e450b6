"""What a run would do that has not been done: laps by leg, and what they take. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from engine.ledger import Landed, Ledger
from engine.leg import Following, Leg
from engine.planning.rates import busy_s


@dataclass(frozen=True, kw_only=True)
class LegForecast:
    """What a run would do of a leg."""

    leg: str
    laps: int
    """All that the leg has, as far as it can be told."""
    again: tuple[float, ...]
    """Seconds that each lap takes which would run, as they were measured; of new ones the mean."""
    why: str
    """Why they would: empty where none would."""


def forecast(legs: Sequence[Leg], ledger: Ledger) -> list[LegForecast]:
    """What a run of these legs would do, from what has landed.

    Where a leg reads as a whole what would be done again before it, all its laps may be others: they are all
    counted.
    """
    found: list[LegForecast] = []
    running: dict[str, AbstractSet[str]] = {}
    for leg in legs:
        landed = dict(ledger.all_landed(leg.name))
        before = [name for name in (*leg.after, *leg.beside) if running.get(name)]
        names, run = laps_of(leg, ledger, landed, before, running)
        running[leg.name] = run
        why = f"reads {' and '.join(before)}" if before else "settings, versions or weights"
        if not landed.keys() & run:
            why = "not done yet"
        found.append(
            LegForecast(leg=leg.name, laps=len(names), again=seconds(landed, run), why=why if run else "")
        )
    return found


def laps_of(
    leg: Leg,
    ledger: Ledger,
    landed: Mapping[str, Landed],
    before: Sequence[str],
    running: Mapping[str, AbstractSet[str]],
) -> tuple[AbstractSet[str], AbstractSet[str]]:
    """The names of a leg's laps, and of those that would run; `before` are the legs it reads that would."""
    if before and not isinstance(leg.plan, Following):
        return landed.keys(), landed.keys() or {"000000"}
    laps = {lap.name: lap.inputs for lap in leg.laps(ledger)}
    late = {name for one in before for name in running[one]}
    return laps.keys() | late, late | stale(laps, landed)


def stale(laps: Mapping[str, str], landed: Mapping[str, Landed]) -> set[str]:
    """Names of laps that have not landed from these inputs."""
    return {name for name, inputs in laps.items() if name not in landed or landed[name].inputs != inputs}


def seconds(landed: Mapping[str, Landed], run: AbstractSet[str]) -> tuple[float, ...]:
    """What each lap of a leg that would run takes one worker."""
    took = {name: busy_s(lap) for name, lap in landed.items()}
    mean = sum(took.values()) / len(took) if took else 0.0
    return tuple(took.get(name, mean) for name in sorted(run))
