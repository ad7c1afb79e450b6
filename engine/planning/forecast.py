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
    facets: tuple[str, ...] = ()
    """The facets that would be made again, where others of them stay."""


def forecast(legs: Sequence[Leg], ledger: Ledger) -> list[LegForecast]:
    """What a run of these legs would do, from what has landed.

    Where a leg reads as a whole what would be done again before it, all its laps may be others: they are all
    counted. Laps that keep facets are as long as without these.
    """
    found: list[LegForecast] = []
    running: dict[str, AbstractSet[str]] = {}
    for leg in legs:
        landed = dict(ledger.all_landed(leg.name))
        before = [name for name in (*leg.after, *leg.beside) if running.get(name)]
        laps, run = laps_of(leg, ledger, landed, before, running)
        running[leg.name] = run.keys()
        again = tuple(facet for facet in leg.facets if any(facet not in kept for kept in run.values()))
        facets = again if any(run.values()) else ()
        why = f"reads {' and '.join(before)}" if before else "settings, versions or weights"
        why += f" of {', '.join(facets)}" if facets else ""
        if not landed.keys() & run.keys():
            why = "not done yet"
        found.append(
            LegForecast(
                leg=leg.name,
                laps=laps,
                again=seconds(landed, run),
                why=why if run else "",
                facets=facets,
            )
        )
    return found


Run = dict[str, AbstractSet[str]]
"""Laps that would run, by name, and the facets that each keeps."""


def laps_of(
    leg: Leg,
    ledger: Ledger,
    landed: Mapping[str, Landed],
    before: Sequence[str],
    running: Mapping[str, AbstractSet[str]],
) -> tuple[int, Run]:
    """How many laps a leg has, and those that would run; `before` are the legs it reads that would."""
    if before and not isinstance(leg.plan, Following):
        return len(landed), dict.fromkeys(landed.keys() or {"000000"}, frozenset())
    late = {name for one in before for name in running[one]}
    run: Run = dict.fromkeys(late, frozenset())
    laps = leg.laps(ledger)
    for lap in laps:
        was = landed.get(lap.name)
        if lap.name not in late and not lap.is_in(was):
            run[lap.name] = leg.kept(lap, was).keys() if was else frozenset()
    return len({lap.name for lap in laps} | late), run


def seconds(landed: Mapping[str, Landed], run: Run) -> tuple[float, ...]:
    """What each lap of a leg that would run takes one worker."""
    took = {name: busy_s(lap) for name, lap in landed.items()}
    mean = sum(took.values()) / len(took) if took else 0.0
    return tuple(
        took[name] - kept_s(landed[name], run[name]) if name in took else mean for name in sorted(run)
    )


def kept_s(lap: Landed, kept: AbstractSet[str]) -> float:
    """What those of a landed lap's facets took that it keeps."""
    return sum(s for tally in lap.steps for facet, s in tally.parts_s.items() if facet in kept)
