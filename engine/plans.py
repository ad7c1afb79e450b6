"""Which laps a leg has that reads what the leg before has landed: pure functions of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from engine.ledger import Landed, Lap, Ledger, digest

T = TypeVar("T")


Passed = Iterable[tuple[str, Landed]]
"""Names of landed laps, and what their markers say."""


def at_once(
    ledger: Ledger,
    leg: str,
    settings: str,
    *,
    before: str,
    cls: type,
    check: Callable[[Passed], Passed] = iter,
) -> list[Lap]:
    """One lap over all that the leg before has landed; `check` sees it pass and may raise."""
    landed = [(name, lap.content, lap.rows) for name, lap in check(ledger.all_landed(before))]
    return [
        Lap(
            leg=leg,
            name=f"{0:06d}",
            inputs=digest(settings, *(content for _, content, _ in landed)),
            items=sum(rows for *_, rows in landed),
            read=partial(_all_rows, leg=before, names=tuple(name for name, *_ in landed), cls=cls),
        )
    ]


@dataclass(frozen=True, kw_only=True)
class LapForLap:
    """One lap for each of the leg before; each can begin as soon as its own has landed."""

    before: str
    cls: type

    def __call__(self, ledger: Ledger, leg: str, settings: str) -> list[Lap]:
        """The laps whose lap of the leg before has landed."""
        return [self.after(leg, settings, name, lap) for name, lap in ledger.all_landed(self.before)]

    def after(self, leg: str, settings: str, name: str, landed: Landed) -> Lap:
        """The lap that reads a landed lap of the leg before."""
        return Lap(
            leg=leg,
            name=name,
            inputs=digest(settings, landed.content),
            items=landed.rows,
            read=partial(_all_rows, leg=self.before, names=(name,), cls=self.cls),
        )


def _all_rows(ledger: Ledger, *, leg: str, names: Sequence[str], cls: type[T]) -> Iterator[T]:
    for name in names:
        yield from ledger.rows(leg, name, cls)
