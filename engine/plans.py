"""Which laps a leg has that reads what legs before it have landed: pure functions of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from engine.ledger import Landed, Lap, Ledger, digest
from engine.leg import Leg

Passed = Iterable[tuple[str, Landed]]
"""Names of landed laps, and what their markers say."""
Reading = tuple[str, Sequence[str], type]
"""A leg, names of its laps, and the class of their rows."""


def at_once(
    ledger: Ledger,
    leg: Leg,
    *,
    reads: tuple[type, ...],
    check: Callable[[Passed], Passed] = iter,
) -> list[Lap]:
    """One lap over all that the legs before have landed; `check` sees it pass and may raise.

    `reads` are the classes of their rows, in the order of the legs.
    """
    readings, contents, items = list[Reading](), list[str](), 0
    for before, cls in zip(leg.after, reads, strict=True):
        landed = [(name, lap.content, lap.rows) for name, lap in check(ledger.all_landed(before))]
        readings.append((before, tuple(name for name, *_ in landed), cls))
        contents += [content for _, content, _ in landed]
        items += sum(rows for *_, rows in landed)
    return [
        Lap(
            leg=leg.name,
            name=f"{0:06d}",
            inputs=digest(leg.settings, *contents),
            earlier=(digest(leg.earlier, *contents),) if leg.earlier else (),
            items=items,
            read=partial(_all_rows, readings=tuple(readings)),
        )
    ]


@dataclass(frozen=True, kw_only=True)
class LapForLap:
    """One lap for each name of a lap of the legs before; it can begin once all of that name have landed.

    It reads the rows of the first leg, then those of the next; a `Gather` may put them together.
    """

    reads: tuple[type, ...]
    """Classes of the rows of the legs before, in the order of the legs."""

    def __call__(self, ledger: Ledger, leg: Leg) -> list[Lap]:
        """The laps whose laps of the legs before have landed."""
        found: dict[str, dict[str, Landed]] = {}
        for before in leg.after:
            for name, landed in ledger.all_landed(before):
                found.setdefault(name, {})[before] = landed
        return [self.lap(leg, name, landed) for name, landed in found.items()]

    def lap(self, leg: Leg, name: str, landed: Mapping[str, Landed]) -> Lap:
        """The lap that reads landed laps of the legs before."""
        classes = dict(zip(leg.after, self.reads, strict=True))
        contents = [lap.content for lap in landed.values()]
        return Lap(
            leg=leg.name,
            name=name,
            inputs=digest(leg.settings, *contents),
            reads=digest(*contents) if leg.facets else "",
            items=sum(lap.rows for lap in landed.values()),
            read=partial(_all_rows, readings=tuple((before, (name,), classes[before]) for before in landed)),
        )


def _all_rows(ledger: Ledger, *, readings: Sequence[Reading]) -> Iterator[Any]:
    for leg, names, cls in readings:
        for name in names:
            yield from ledger.rows(leg, name, cls)
