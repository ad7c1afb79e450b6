"""Sources leave a data set: landings, tars and index become what they were if they had never come.

What is begun stands in `forgetting.json` until all is done: a kill at any moment leaves a state from which
the same call goes on. Nobody else's sample is decoded, and no byte of one changes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial

from dataset.deny import kept_out, let_go
from dataset.index_writer import of_tar, write_index
from dataset.names import FORGETTING, INDEX, SOURCE_DIGITS
from dataset.tombstones import Tombstones, salted, tombstones_of, write_tombstones
from dataset.withdraw import redact_copies
from engine.ledger import Lap, Ledger
from engine.leg import Leg
from engine.withdraw import Left, left_over
from pipeline.corpora.listing import LEG as LISTING
from pipeline.corpora.listing import STANDS_FOR, relisted
from pipeline.flow import TARS, Curation, legs
from pipeline.repack import Repacking, lost_in, refuse_failed, repacking
from schemas.media import Listed, Source
from schemas.origin import Origin
from schemas.outcome import Reject
from schemas.reasons import reason_of
from storage.json_files import json_at
from storage.place import Place
from storage.records import read_as


@dataclass(frozen=True, kw_only=True)
class Forgetting:
    """Who is to leave, as it was when it was asked for."""

    date: str
    why: str
    salt: str
    sources: tuple[str, ...]
    """Digests of their contents."""
    uris: tuple[str, ...]
    """Addresses of their files."""
    subjects: tuple[str, ...] = ()
    """Names of people who leave wherever they are."""
    laps: tuple[str, ...] = ()
    """Laps of the listing that hold them."""
    stale: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By leg, laps that were not what they should be before: the next run does them again all the same."""
    lost: tuple[Reject, ...] = ()
    """Of those that stay, the samples that were to be in a tar and are in none, with the reasons."""

    @property
    def prefixes(self) -> frozenset[str]:
        """What keys of their clips begin with."""
        return frozenset(source[:SOURCE_DIGITS] for source in self.sources)

    def gone(self, key: str, uri: str) -> bool:
        """Whether an item is theirs."""
        return key[:SOURCE_DIGITS] in self.prefixes or uri in self.uris


def sources_in(ledger: Ledger) -> Iterator[tuple[str, Source]]:
    """All files that have been read, and the laps that they landed in."""
    for name in ledger.names("sources"):
        for source in ledger.rows("sources", name, Source):
            yield name, source


def listed_of(ledger: Ledger, subjects: Sequence[str]) -> frozenset[str]:
    """Addresses of the listed files that show one of some people, be they there or not."""
    rows = (row for name in ledger.names(LISTING) for row in ledger.rows(LISTING, name, Listed))
    return frozenset(row.uri for row in rows if row.origin.subject in subjects) if subjects else frozenset()


def rejected_in(ledger: Ledger, uris: frozenset[str]) -> Iterator[str]:
    """Laps in which one of these addresses was rejected."""
    for name in ledger.names("sources") if uris else ():
        if not uris.isdisjoint(ledger.rejects("sources", name)["uri"].to_pylist()):
            yield name


def asked(
    ledger: Ledger,
    run: Curation,
    sources: Sequence[str],
    *,
    date: str,
    why: str,
    salt: str,
    subjects: Sequence[str] = (),
) -> Forgetting:
    """What is to be done so that sources leave, by digests of their contents, and people, by their names."""
    wanted = frozenset(sources)
    prefixes = tuple(source[:SOURCE_DIGITS] for source in wanted)
    found = [(name, source) for name, source in sources_in(ledger) if source.sha256 in wanted]
    listed = listed_of(ledger, subjects)
    return Forgetting(
        date=date,
        why=why,
        salt=salt,
        sources=tuple(sorted(wanted)),
        uris=tuple(sorted({source.uri for _, source in found} | listed)),
        subjects=tuple(sorted(subjects)),
        laps=tuple(sorted({name for name, _ in found} | {*rejected_in(ledger, listed)})),
        stale={leg.name: stale_laps(ledger, leg) for leg in legs(run, "", denied=kept_out(ledger.place))},
        lost=tuple(no for no in lost_in(ledger, TARS) if not no.key.startswith(prefixes)),
    )


def stale_laps(ledger: Ledger, leg: Leg) -> tuple[str, ...]:
    """Laps of a leg that the next run would do again."""
    landed = dict(ledger.all_landed(leg.name))
    return tuple(lap.name for lap in leg.laps(ledger) if not lap.is_in(landed.get(lap.name)))


def begun(out: Place) -> Forgetting | None:
    """What a call has begun and not ended; None where there is nothing.

    Raises:
        ValueError: the file that says it is not ours.
    """
    if out.size(FORGETTING) is None:
        return None
    return read_as(
        Forgetting, json_at(out, FORGETTING), f"{out.uri_of(FORGETTING)}: not what is to be forgotten"
    )


def begin(out: Place, forgetting: Forgetting) -> None:
    """Say what will be done; to be called before anything changes."""
    out.write(FORGETTING, json.dumps(asdict(forgetting)).encode())


def end(out: Place) -> None:
    """All is done."""
    out.remove(FORGETTING)


def forget(
    out: Place, run: Curation, forgetting: Forgetting, bring_to_end: Callable[[Leg], None]
) -> Tombstones:
    """Do what was begun; the tombstones that stand then. `bring_to_end` runs the leg that makes tars anew.

    Raises:
        OSError: the place cannot be read or written, or bytes of a sample that stays are not those of the
            index; nothing has left the index then.
        CannotRun: as `bring_to_end`.
    """
    stones = replace(tombstones_of(out), salt=forgetting.salt)
    stones = stones.with_sources(forgetting.sources, forgetting.date, forgetting.why)
    stones = stones.with_subjects(forgetting.subjects)
    write_tombstones(out, stones)
    ledger = Ledger(out)
    relisted(ledger, partial(nameless, forgetting=forgetting))
    let_go(out, forgetting.prefixes)
    *before, tars = legs(run, out, (), stones, kept_out(out))
    for leg in before:
        leave(ledger, leg, forgetting)
    if out.size(INDEX) is not None:
        stale = frozenset(forgetting.stale.get(TARS, ()))
        how = Repacking(out=out, gone=forgetting.prefixes, stale=stale, lost=forgetting.lost)
        bring_to_end(repacking(tars, how))
        refuse_failed(ledger, TARS, forgetting.lost)
        write_index(out, [of_tar(partial(ledger.columns, TARS, name)) for name in ledger.names(TARS)])
    redact_copies(out, forgetting.prefixes)
    return stones


def nameless(row: Listed, forgetting: Forgetting) -> Listed:
    """A listed file; of one that leaves the place alone."""
    if row.uri not in forgetting.uris:
        return row
    digits = salted(forgetting.salt, row.uri)
    return Listed(key=digits[:SOURCE_DIGITS], uri=f"{STANDS_FOR}{digits}", origin=Origin())


def leave(ledger: Ledger, leg: Leg, forgetting: Forgetting) -> None:
    """Items leave the landings of a leg; laps that read others by now say so."""
    laps = leg.laps(ledger)
    stale = frozenset(forgetting.stale.get(leg.name, ()))
    for lap in laps:
        landed = ledger.landed(lap.leg, lap.name)
        if landed is None:
            continue
        valid = lap.name not in stale
        touched = lap.name in forgetting.laps or leg.name == "catalogue"
        if touched or (valid and not lap.is_in(landed)):
            instead = tuple(stand_ins(ledger, lap)) if leg.name == "sources" else ()
            left_over(ledger, leg, lap, Left(gone=forgetting.gone, instead=instead), valid=valid)
    ledger.prune(leg.name, {lap.name for lap in laps})


def stand_ins(ledger: Ledger, lap: Lap) -> Iterator[Reject]:
    """The rejects of listed files that have left."""
    for row in lap.read(ledger):
        if row.uri.startswith(STANDS_FOR):
            yield Reject(key=row.key, step="corpus", reason=reason_of("withdrawn"), detail="", uri=row.uri)
