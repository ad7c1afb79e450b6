"""Tars of a set that somebody leaves, put together of the bytes of those that lie there: a leg.

It gives what the leg of tars would give; nothing is decoded or encoded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from dataset.index_rows import IndexRows
from dataset.names import SHARDS, tar_place
from dataset.withdraw import remade
from engine.failures import unjudged
from engine.ledger import Landed, Lap, Ledger
from engine.leg import Leg
from pipeline.plans import keys_of
from pipeline.reshard import with_stage
from schemas.index import IndexRow, ShardPlan
from schemas.outcome import Reject, UnfitError
from storage.place import Place


@dataclass(frozen=True, kw_only=True)
class Repacking:
    """What of the tars of a set is known before somebody leaves it."""

    out: Place
    gone: frozenset[str]
    """What the keys of those who leave begin with."""
    stale: frozenset[str]
    """Laps that the next run would do again in any case: it would make other bytes."""
    lost: Sequence[Reject]
    """Samples that stay and are in no tar."""


def repacking(tars: Leg, how: Repacking) -> Leg:
    """The leg of tars as one that puts them together; it stands alone, for all before it has landed."""
    made = with_stage(tars, partial(Repack, how.out, tuple(how.lost)))
    return replace(made, plan=partial(laps_of, tars=tars, how=how), after=())


def laps_of(ledger: Ledger, _: Leg, *, tars: Leg, how: Repacking) -> list[Lap]:
    """The laps of all tars that can be put together; those that need not be are as they landed."""
    landed, index = dict(ledger.all_landed(tars.name)), IndexRows(how.out)
    lost = frozenset(no.key for no in how.lost)
    found = (as_repacked(ledger, lap, landed.get(lap.name), index, lost, how) for lap in tars.laps(ledger))
    return [lap for lap in found if lap is not None]


def as_repacked(
    ledger: Ledger, lap: Lap, landed: Landed | None, index: IndexRows, lost: frozenset[str], how: Repacking
) -> Lap | None:
    """A lap with the inputs that it is to land with; None where samples of it lie in no tar.

    A tar of samples that the next run would make anew lands as made from nothing, so that it does.
    """
    if lap.is_in(landed):
        return lap
    if landed is not None and lap.name in how.stale and not holds(ledger, lap, how.gone):
        return replace(lap, inputs=landed.inputs)
    keys = keys_of(lap)
    rows = index.of(keys)
    if len(rows) + len(lost.intersection(keys)) != len(keys):
        return None
    return replace(lap, inputs="") if how.stale.intersection(map(lap_name, rows)) else lap


def holds(ledger: Ledger, lap: Lap, gone: frozenset[str]) -> bool:
    """Whether a landed tar has samples that leave."""
    keys = ledger.columns(lap.leg, lap.name, ["key"])["key"].to_pylist()
    return any(key.startswith(tuple(gone)) for key in keys)


def lap_name(row: IndexRow) -> str:
    """The lap that a sample's tar is of."""
    return tar_place(row.shard).removeprefix(f"{SHARDS}/").replace("/", "-")


def lost_in(ledger: Ledger, leg: str) -> Iterator[Reject]:
    """The samples that were to be in a tar and are in none."""
    for name, landed in ledger.all_landed(leg):
        for row in ledger.rejects(leg, name).to_pylist() if landed.rejects else ():
            row.pop("leg")
            yield Reject(**row)


def refuse_failed(ledger: Ledger, leg: str, lost: Sequence[Reject]) -> None:
    """Return where all that was to be put together has been.

    Raises:
        OSError: something could not be read or written; nothing has left the index yet.
    """
    known = {no.key for no in lost}
    for no in unjudged(ledger, leg):
        if no.key not in known:
            raise OSError(
                f"{no.key}: {no.reason}: {no.detail}; the index is as it was, and the same command goes on"
            )


class Repack:
    """Puts a tar below `out` together of what lies in the tars of the index."""

    def __init__(self, out: Place, lost: Sequence[Reject]) -> None:
        self.out, self.index = out, IndexRows(out)
        self.lost = {no.key: no for no in lost}

    def __call__(self, plan: ShardPlan) -> Iterator[IndexRow | Reject]:
        """The row of each member, as the shard stage gave it but for its place, or its reject.

        Raises:
            OSError: a sample's bytes are not those of the index, or cannot be read or written.
        """
        rows = self.index.of([member.key for member in plan.members])
        try:
            found = {row.key: row for row in remade(self.out, plan.key, rows)}
        except UnfitError as no:
            raise OSError(str(no)) from no  # of ours, and no other file's: the run stops
        for member in plan.members:
            yield found[member.key] if member.key in found else self.lost[member.key]
