"""Latents of tars that are no more leave: the next `understudy encode` makes what is missing."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from dataset.names import SHARD
from dataset.tables import records
from dataset.trusted_rows import trusted_rows
from engine.ledger import Lap, Ledger, digest
from engine.withdraw import kept, put
from model.data.latents import LIMITS, write_index
from model.encode.flow import FIT, TARS
from schemas.latents import INDEX, LatentRow
from storage.place import Place


def lost_latents(out: Place, shards: Collection[str]) -> list[LatentRow]:
    """Latents of tars that a data set does not have.

    Raises:
        ValueError: these are no latents.
    """
    if out.size(INDEX) is None:
        return []
    return [row for row in rows_in(out) if row.shard not in shards]


def rows_in(out: Place) -> list[LatentRow]:
    """The rows of stored latents."""
    return records(trusted_rows(out, INDEX, LatentRow, LIMITS), LatentRow)


def forget_latents(out: Place, shards: Collection[str], gone: Callable[[str, str], bool]) -> int:
    """Remove latents whose tars a data set does not have any more; how many there were.

    `gone` tells the keys of samples that have left: those go from the list of what a codec was fitted to.
    """
    lost = lost_latents(out, shards)
    if lost:
        write_index(out.uri, [row for row in rows_in(out) if row.shard in shards])
    ledger = Ledger(out)
    names = {shard.removeprefix("shards/").removesuffix(".tar").replace("/", "-") for shard in shards}
    ledger.prune(TARS, names)
    for entry in out.files("shards"):
        if SHARD.fullmatch(entry.name) and entry.name not in shards:
            out.remove(entry.name)
    unlist(ledger, gone)
    return len(lost)


def unlist(ledger: Ledger, gone: Callable[[str, str], bool]) -> None:
    """Samples that have left go from the list of those that a codec was fitted to; the codec stays."""
    for name in ledger.names(FIT):
        before = ledger.landed(FIT, name)
        assert before is not None
        tables = {kind: kept(ledger.table(FIT, kind, name), gone) for kind in ("part", "rejects")}
        lap = Lap(leg=FIT, name=name, inputs=before.inputs, items=before.rows, read=nothing)
        content = digest(*(put(ledger, lap, kind, table)[""] for kind, table in tables.items()))
        landed = replace(
            before, content=content, rows=tables["part"].num_rows, rejects=tables["rejects"].num_rows
        )
        ledger.mark(lap, landed)


def nothing(_: Ledger) -> tuple[()]:
    """Nothing is read again."""
    return ()
