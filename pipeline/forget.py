"""Sources leave a data set: landings, tars and index become what they were if they had never come.

What is begun stands in `forgetting.json` until all is done: a kill at any moment leaves a state from which
the same call goes on. Nobody else's sample is decoded, and no byte of one changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dataset.deny import kept_out, let_go
from dataset.index import read_index
from dataset.index_writer import of_tar, write_index
from dataset.names import FORGETTING, INDEX, SHARDS, SOURCE_DIGITS, tar_place
from dataset.tables import records
from dataset.tombstones import Tombstones, salted, tombstones_of, write_tombstones
from dataset.withdraw import redact_copies, remade
from engine.core import Tally
from engine.lap_tables import table_of
from engine.ledger import Landed, Lap, Ledger
from engine.leg import Leg
from engine.withdraw import Left, left_over
from pipeline.corpora.listing import LEG as LISTING
from pipeline.corpora.listing import STANDS_FOR, relisted
from pipeline.flow import TARS, Curation, legs
from schemas.index import IndexRow
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


def forget(out: Place, run: Curation, forgetting: Forgetting) -> Tombstones:
    """Do what was begun; the tombstones that stand then.

    Raises:
        UnfitError: bytes of a sample that stays are not those of the index; nothing has left the index yet.
        OSError: the place cannot be read or written.
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
        repack(out, ledger, tars, forgetting)
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


def repack(out: Place, ledger: Ledger, tars: Leg, forgetting: Forgetting) -> None:
    """Tars that are others by now are put together of what lies in the old ones; these go with the old index.

    Raises:
        UnfitError: a sample's bytes are not those of the index.
    """
    laps = tars.laps(ledger)
    planned = {lap.name for lap in laps}
    others = [name for name in ledger.names(TARS) if name not in planned]
    index = read_index(out, trusted=False).table
    stale = frozenset(forgetting.stale.get(TARS, ()))
    for lap in laps:
        landed = ledger.landed(TARS, lap.name)
        if landed is not None and (
            lap.is_in(landed) or (lap.name in stale and not holds(ledger, lap, forgetting))
        ):
            continue
        keys = [member.key for plan in lap.read(ledger) for member in plan.members]
        rows = rows_of(index, keys)
        lost = rejects_of(ledger, [*others, lap.name], keys)
        if len(rows) + len(lost) == len(keys):
            old = {lap_name(row) for row in rows}
            land(out, ledger, lap if not old & stale else replace(lap, inputs=""), rows, lost)
    ledger.prune(TARS, planned)


def holds(ledger: Ledger, lap: Lap, forgetting: Forgetting) -> bool:
    """Whether a tar has samples that leave."""
    keys = ledger.columns(TARS, lap.name, ["key"])["key"].to_pylist()
    return any(forgetting.gone(key, "") for key in keys)


def lap_name(row: IndexRow) -> str:
    """The lap that a sample's tar is of."""
    return tar_place(row.shard).removeprefix(f"{SHARDS}/").replace("/", "-")


def rows_of(index: pa.Table, keys: Sequence[str]) -> list[IndexRow]:
    """The rows of samples, in this order, as far as there are any."""
    stored_keys = index["key"].cast(pa.string())
    selected = index.filter(pc.is_in(stored_keys, value_set=pa.array(keys, pa.string())))
    found = {row.key: row for row in records(selected, IndexRow)}
    return [found[key] for key in keys if key in found]


def rejects_of(ledger: Ledger, laps: Sequence[str], keys: Sequence[str]) -> list[Reject]:
    """The rejects of samples among those of some tars, each once."""
    wanted, found = frozenset(keys), dict[str, Reject]()
    for name in laps:
        if ledger.place.size(table_of(TARS, "rejects", name)) is None:
            continue
        for row in ledger.rejects(TARS, name).to_pylist():
            row.pop("leg")
            if row["key"] in wanted:
                found[row["key"]] = Reject(**row)
    return list(found.values())


def land(out: Place, ledger: Ledger, lap: Lap, rows: Sequence[IndexRow], lost: Sequence[Reject]) -> Landed:
    """Put a tar together, and land its rows."""
    (plan,) = lap.read(ledger)
    tally = Tally(step="shard", offered=len(plan.members), kept=len(rows), gave=len(rows))
    tally.offered_s, tally.gave_s = plan.duration_s, sum(row.duration_s for row in rows)
    tally.reasons.update(no.reason for no in lost)
    outcomes: list[Any] = [*remade(out, plan.key, rows), *lost]
    return ledger.land(lap, outcomes, IndexRow, (tally,))
