"""Files that cannot be reached: one is a reject, most of them are no fault of theirs and stop the job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from engine.core import CannotRun
from engine.ledger import Landed, read_all
from schemas.media import Listed
from storage.address import is_uri
from storage.place import Place
from storage.store import Denied, Unreached

UNREACHED = (Denied.reason, Unreached.reason)
"""Rejects that say more of a moment than of a file: every run tries such files again."""
LOOKED_AT = 16
"""Files that are asked for before a job begins."""


class MostUnreached(CannotRun):
    """Most files of the corpus cannot be reached."""


def refuse_unreached(found: Sequence[Listed]) -> None:
    """Returns where most files of a corpus can be reached, as far as a few of them tell.

    Raises:
        MostUnreached: they cannot.
    """
    afar = [item.uri for item in found if is_uri(item.uri)]
    if 2 * len(afar) <= len(found):
        return
    asked = afar[:: -(-len(afar) // LOOKED_AT)]
    troubles = [trouble for trouble in read_all(trouble_of, asked) if trouble is not None]
    if 2 * len(troubles) > len(asked):
        raise MostUnreached(f"{len(troubles)} of {len(asked)} files cannot be reached: {troubles[0]}")


def trouble_of(uri: str) -> Unreached | None:
    """What stands between this machine and a file, if anything does; one that is missing is reached."""
    try:
        place, name = Place.holding(uri)
        place.size(name)
    except Unreached as trouble:
        return trouble
    except (ValueError, FileNotFoundError):
        return None
    return None


def mostly_reached(landed: Iterable[tuple[str, Landed]]) -> Iterator[tuple[str, Landed]]:
    """The same laps, where most files in them were reached.

    Raises:
        MostUnreached: at the end, where they were not.
    """
    offered, reasons = 0, Counter[str]()
    for name, lap in landed:
        for tally in lap.steps:
            offered += tally.offered
            reasons += Counter({reason: tally.reasons[reason] for reason in UNREACHED})
        yield name, lap
    if 2 * reasons.total() > offered:
        why = ", ".join(f"{reason} {count}" for reason, count in reasons.items())
        raise MostUnreached(
            f"{reasons.total()} of {offered} files cannot be reached ({why}); rights and keys come from the "
            "environment or the machine's role; the same command tries these files again"
        )
