"""The corpus as a job knows it: what was listed once stays listed, what is new is added."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.ledger import Lap, Ledger, digest
from schemas.media import Listed

LEG = "listing"
STANDS_FOR = "withdrawn:"
"""What the address of a listed file begins with that has left the data set."""


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
    known = listed(ledger)
    new = [row for row in found if row.key not in known]
    if new or not parts:
        change()
        name = f"{len(parts):06d}"
        lap = Lap(leg=LEG, name=name, inputs=digest(*(row.uri for row in new)), items=len(new), read=_nothing)
        ledger.land(lap, new, Listed, ())
    return compared(known, found)


def compared_with(ledger: Ledger, found: Sequence[Listed]) -> CorpusListing:
    """How a corpus compares with what was listed before; nothing is written."""
    return compared(listed(ledger), found)


def listed(ledger: Ledger) -> dict[str, str]:
    """Addresses of all files that were listed, by key."""
    return {row.key: row.uri for part in ledger.names(LEG) for row in ledger.rows(LEG, part, Listed)}


def compared(known: Mapping[str, str], found: Sequence[Listed]) -> CorpusListing:
    """How a corpus compares with files that are known by their keys."""
    here = {row.key for row in found}
    lost = sorted(key for key, uri in known.items() if key not in here and not uri.startswith(STANDS_FOR))
    new = sum(row.key not in known for row in found)
    return CorpusListing(new=new, known=len(found) - new, gone=tuple(known[key] for key in lost))


def _nothing(_: Ledger) -> Iterable[Listed]:
    return ()
