"""The corpus as a job knows it: what was listed once stays listed, what is new is added."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import is_

from engine.lap_tables import table_of
from engine.ledger import Lap, Ledger, digest
from engine.withdraw import put
from schemas.arrow import encode
from schemas.media import Listed
from schemas.origin import Origin, disagreement
from storage.disk import sha256_of
from storage.place import Where

LEG = "listing"
STANDS_FOR = "withdrawn:"
"""What the address of a listed file begins with that has left the data set."""


@dataclass(frozen=True, kw_only=True)
class CorpusListing:
    """How a corpus compares with what was listed before."""

    new: int
    known: int
    gone: tuple[str, ...]  # addresses of those that were listed before and are no longer in the corpus
    otherwise: Mapping[str, Origin]  # by address, what is told now of known files that is not as it was
    columns: tuple[str, ...]  # which columns of a manifest tell it


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


def listed(ledger: Ledger) -> dict[str, Listed]:
    """All files that were listed, by key."""
    return {row.key: row for part in ledger.names(LEG) for row in ledger.rows(LEG, part, Listed)}


def compared(known: Mapping[str, Listed], found: Sequence[Listed]) -> CorpusListing:
    """How a corpus compares with files that are known by their keys.

    Where nothing at all is told of a file, as in a folder, that is no other word than before.
    """
    present = {row.key for row in found}
    lost = sorted(
        key for key, row in known.items() if key not in present and not row.uri.startswith(STANDS_FOR)
    )
    pairs = [(known[row.key].origin, row) for row in found if row.key in known]
    stated = [(row, disagreement(was, row.origin)) for was, row in pairs]
    differing = [(row, names) for row, names in stated if names and disagreement(row.origin, Origin())]
    return CorpusListing(
        new=len(found) - len(pairs),
        known=len(pairs),
        gone=tuple(known[key].uri for key in lost),
        otherwise={row.uri: row.origin for row, _ in differing},
        columns=tuple(sorted({name for _, names in differing for name in names})),
    )


def origins_note(listing: CorpusListing, videos: Where, out: Where) -> str:
    """How many known files are told otherwise, in which columns, and the command that takes it over."""
    how = (
        "looking again at clips of other cameras" if "lens" in listing.columns else "without reading a video"
    )
    return (
        f"{len(listing.otherwise)} known files are told otherwise ({', '.join(listing.columns)}): understudy "
        f"curate --videos {videos} --out {out} --redo takes that over, {how}"
    )


def relisted(ledger: Ledger, change: Callable[[Listed], Listed]) -> None:
    """Listed files changed where they stand, so that no lap is cut otherwise.

    A call that was killed is ended by the next: what it left beside the listing goes, and where its tables
    are changed already their marker is written anew.
    """
    names = ledger.names(LEG)
    ledger.prune(LEG, set(names))
    for name in names:
        rows = list(ledger.rows(LEG, name, Listed))
        changed = [change(row) for row in rows]
        landed = ledger.landed(LEG, name)
        if landed is None or (all(map(is_, changed, rows)) and landed.content == lying(ledger, name)):
            continue
        lap = Lap(leg=LEG, name=name, inputs=landed.inputs, items=len(rows), read=_nothing)
        tables = {"part": encode(changed, Listed), "rejects": ledger.rejects(LEG, name)}
        content = [put(ledger, lap, kind, one)[""] for kind, one in tables.items()]
        landed = replace(landed, content=digest(*content))
        ledger.mark(lap, landed)


def lying(ledger: Ledger, name: str) -> str:
    """What a marker says of the tables of a part as they lie there."""
    tables = (table_of(LEG, kind, name) for kind in ("part", "rejects"))
    return digest(*(sha256_of(ledger.place.chunks(table)) for table in tables))


def _nothing(_: Ledger) -> Iterable[Listed]:
    """A listing is made of what was found, and reads nothing."""
    return ()
