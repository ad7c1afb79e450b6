"""The corpus as a job knows it: what was listed once stays listed, what is new is added."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from engine.ledger import Lap, Ledger, digest
from schemas.media import Listed

LEG = "listing"


@dataclass(frozen=True, kw_only=True)
class CorpusListing:
    """How a corpus compares with what was listed before."""

    new: int
    known: int
    gone: tuple[str, ...]  # addresses of those that were listed before and are no longer in the corpus


def enlist(ledger: Ledger, found: Sequence[Listed], change: Callable[[], None]) -> CorpusListing:
    """Land the files that were not listed before, as one more part of the listing; first `change` is called.

    Laps are cut from parts, so a grown corpus leaves every lap that has landed as it is.
    """
    parts = ledger.names(LEG)
    ledger.prune(LEG, set(parts))
    known = {row.key: row.uri for part in parts for row in ledger.rows(LEG, part, Listed)}
    new = [row for row in found if row.key not in known]
    if new or not parts:
        change()
        name = f"{len(parts):06d}"
        lap = Lap(leg=LEG, name=name, inputs=digest(*(row.uri for row in new)), items=len(new), read=_nothing)
        ledger.land(lap, new, Listed, ())
    lost = sorted(known.keys() - {row.key for row in found})
    return CorpusListing(new=len(new), known=len(found) - len(new), gone=tuple(known[key] for key in lost))


def _nothing(_: Ledger) -> Iterable[Listed]:
    return ()
