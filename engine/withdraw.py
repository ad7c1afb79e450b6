"""Items leave landings, or are told otherwise in them, and markers say what there is, as if it had been so.

Where items leave, rows and rejects go.

Each lap is written from what is there and from what its plan says that it reads, so a kill at any moment
leaves a state from which the same call goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pyarrow as pa

from engine.core import Gather, Tally
from engine.lap_tables import TableFile
from engine.ledger import Landed, Lap, Ledger, landing
from engine.leg import Leg
from schemas.arrow import encode
from schemas.outcome import Reject
from storage.scratch import workplace

Gone = Callable[[str, str], bool]
"""Whether an item is to leave, by its key and the address of its video."""


@dataclass(frozen=True, kw_only=True)
class Left:
    """What of a lap is to go."""

    gone: Gone
    instead: tuple[Reject, ...] = ()
    """Rejects that stand for items that are listed still."""


def left_over(ledger: Ledger, leg: Leg, lap: Lap, left: Left, *, valid: bool) -> Landed:
    """Land a lap again without what is to go; where it was `valid`, from what it reads now.

    Its marker must be there: it holds until the new one takes its place.
    """
    before = ledger.landed(lap.leg, lap.name)
    assert before is not None
    stays = partial(kept, gone=left.gone)
    rows, rejects = (ledger.table(lap.leg, kind, lap.name, stays) for kind in ("part", "rejects"))
    rejects = with_rejects(rejects, left.instead, leg.name)
    inputs = leg.facet_inputs(lap)
    facets = {name: inputs[name] if valid else facet.inputs for name, facet in before.facets.items()}
    landed = landing(
        lap.inputs if valid else before.inputs,
        (rows.num_rows, rejects.num_rows),
        put(ledger, lap, "part", rows, list(facets)),
        put(ledger, lap, "rejects", rejects),
        tallies(before.steps, leg, lap.items, rows.num_rows, rejects, left.gone),
        facets,
    )
    ledger.mark(lap_of(lap, landed), landed)
    return landed


def restated(ledger: Ledger, leg: Leg, lap: Lap, change: Callable[[Any], Any]) -> Landed:
    """Land a lap again from what it reads now, with each of its rows changed: none comes, none goes.

    Its marker must be there: it holds until the new one takes its place.
    """
    before = ledger.landed(lap.leg, lap.name)
    assert before is not None
    rows: Iterator[Any] = ledger.rows(lap.leg, lap.name, leg.gives)
    tables = [encode([], leg.gives), *(encode([change(row)], leg.gives) for row in rows)]
    facets = leg.facet_inputs(lap)
    landed = landing(
        lap.inputs,
        (before.rows, before.rejects),
        put(ledger, lap, "part", pa.concat_tables(tables), list(facets)),
        put(ledger, lap, "rejects", ledger.rejects(lap.leg, lap.name)),
        before.steps,
        facets,
    )
    ledger.mark(lap, landed)
    return landed


def lap_of(lap: Lap, landed: Landed) -> Lap:
    """The lap as its marker tells of it."""
    return replace(lap, inputs=landed.inputs)


def kept(table: pa.Table, gone: Gone) -> pa.Table:
    """The rows that do not leave."""
    keys = table["key"].to_pylist()
    uris = table["uri"].to_pylist() if "uri" in table.column_names else [""] * len(keys)
    stays = [not gone(key, uri) for key, uri in zip(keys, uris, strict=True)]
    return table if all(stays) else table.filter(pa.array(stays, pa.bool_()))


def with_rejects(table: pa.Table, instead: Sequence[Reject], leg: str) -> pa.Table:
    """Rejects, and those that stand for others, each once."""
    known = set(table["key"].to_pylist())
    rows = [
        {"key": no.key, "step": no.step, "reason": no.reason, "detail": no.detail, "uri": no.uri, "leg": leg}
        for no in instead
        if no.key not in known
    ]
    return pa.concat_tables([table, pa.Table.from_pylist(rows, schema=table.schema)]) if rows else table


def put(ledger: Ledger, lap: Lap, kind: str, table: pa.Table, facets: Sequence[str] = ()) -> dict[str, str]:
    """Put a table of a lap into its place; its sha256, and of its facets, as `TableFile.put` gives them."""
    with workplace() as folder:
        file = TableFile(folder / f"{kind}.parquet", table.schema, facets)
        with file:
            for batch in table.to_batches():
                file.add(pa.Table.from_batches([batch]))
        file.read_back()
        return file.put(ledger.place, lap.leg, kind, lap.name)


def tallies(
    before: Sequence[Tally], leg: Leg, items: int, rows: int, rejects: pa.Table, gone: Gone
) -> tuple[Tally, ...]:
    """What becomes of what is left, step by step: as many are kept and rejected as are offered.

    Up to the step that makes several of one, what is offered follows from what the lap reads; behind it, from
    what has landed. Times are shared out by what is offered.
    """
    reasons = {tally.step: Counter[str]() for tally in before}
    for step, reason in zip(rejects["step"].to_pylist(), rejects["reason"].to_pylist(), strict=True):
        reasons[step][reason] += 1
    groups = {step.name for step in leg.steps if isinstance(step, Gather)}
    parts = next(
        (at for at, one in enumerate(before) if one.step not in groups and one.gave > one.kept), len(before)
    )
    lost = [reasons[tally.step].total() for tally in before]
    offered = [items - sum(lost[:at]) if at <= parts else rows + sum(lost[at:]) for at in range(len(before))]
    passed = [*offered[1:], rows]
    return tuple(
        tally_left(tally, offered[at], passed[at], reasons[tally.step], gone, grouped=tally.step in groups)
        for at, tally in enumerate(before)
    )


def tally_left(
    tally: Tally, offered: int, passed: int, reasons: Counter[str], gone: Gone, *, grouped: bool
) -> Tally:
    """A step's tally of what is left; of groups there are as many to a member as there were."""
    share = offered / tally.offered if tally.offered else 0.0
    kept = offered - reasons.total()
    gave = round(tally.gave * kept / tally.kept) if grouped and tally.kept else passed
    return Tally(
        step=tally.step,
        offered=offered,
        kept=kept,
        gave=gave,
        offered_s=tally.offered_s * share,
        gave_s=tally.gave_s * share,
        busy_s=tally.busy_s * share,
        light_s=tally.light_s * share,
        parts_s={part: seconds * share for part, seconds in tally.parts_s.items()},
        reasons=reasons,
        traces={key: trace for key, trace in tally.traces.items() if not gone(key, "")},
    )
