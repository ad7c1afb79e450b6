"""A finished data set to be audited, and what an audit says of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.audit import Report, audit
from engine.audit_landings import LegNames
from engine.core import Tally
from engine.ledger import Lap, Ledger
from schemas.index import IndexRow
from schemas.outcome import Reject
from tests.synth import Scene

FIRST = "160x240/000000"


SCENE = Scene(width=160, height=240, num_frames=75)


LEGS = [LegNames("samples"), LegNames("shards", ("shard",), after=("samples",))]


Members = dict[str, bytes]


def lap(leg: str, items: int) -> Lap:
    return Lap(leg=leg, name="000000", inputs="", items=items, read=lambda _: ())


def land(out: Path, rows: Sequence[IndexRow], *rejects: Reject) -> None:
    """Land rows and rejects of the shards."""
    tally = Tally(step="shard", offered=len(rows) + len(rejects), kept=len(rows), gave=len(rows))
    tally.reasons.update(reject.reason for reject in rejects)
    Ledger(out).land(lap("shards", 1), [*rows, *rejects], IndexRow, [tally])


def report_of(out: Path, *, quick: bool = False) -> Report:
    return audit(out, LEGS, quick=quick, workers=2, watch=lambda _done, _of: None)


def failing(out: Path, *, quick: bool = False) -> dict[str, str]:
    """What failed first, under the names of the checks that failed."""
    return {name: verdict.first[0] for name, verdict in report_of(out, quick=quick).items() if verdict.failed}


def with_fields(row: IndexRow, **changes: Any) -> IndexRow:
    return IndexRow(**{**{name: getattr(row, name) for name in IndexRow.__dataclass_fields__}, **changes})


def lost(reason: str) -> Reject:
    """The sample that could not be encoded."""
    return Reject(key="0123456789ab-000010-0", step="shard", reason=reason, detail="gone", uri="a")


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0x10
    path.write_bytes(data)
