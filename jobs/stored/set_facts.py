"""What a data set is, in ten facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from dataset.index import read_index
from dataset.names import INDEX, NEXT
from engine.ledger import Ledger
from jobs.stored.curation import stored_in
from pipeline.flow import Curation, legs
from schemas.index import IndexRow
from schemas.media import FPS
from storage.place import Place

SHOWN = 5
"""Most frequent values of a column that are told."""


def set_facts(out: Place) -> dict[str, Any]:
    """The facts of a data set by name.

    Raises:
        ValueError: its index or its settings are not ours.
        OSError: they cannot be read.
    """
    rows: Sequence[IndexRow] = ()
    if out.size(INDEX) is not None:
        rows = list(read_index(out, trusted=False).rows())  # of which there may be none
    stored = stored_in(out)
    return {
        "data_set": str(out),
        "state": state(out),
        "videos": (stored and stored.videos) or "not told",
        "samples": len(rows),
        "hours": sum(row.frames for row in rows) / FPS / 3600,
        "sources": len({row.source_sha256 for row in rows}),
        "framing": most_frequent(row.framing for row in rows),
        "canvases": most_frequent(row.bucket for row in rows),
        "with_sound": sum(row.has_audio for row in rows),
        "people": len({row.person or row.source_sha256 for row in rows}),
        "licences": most_frequent(row.licence for row in rows),
        "usable_for": most_frequent(row.usable_for for row in rows),
        "domains": most_frequent(row.domain for row in rows),
        "gigabytes": sum(row.size for row in rows) / 1e9,
        "rejects": rejects_in(out),
    }


def state(out: Place) -> str:
    """How far the data set is."""
    if out.size(INDEX) is None:
        return "not finished: understudy curate --out goes on"
    if out.size(NEXT) is not None:
        return "whole; a run to its next index is under way or was stopped: understudy curate --out goes on"
    return "whole"


def rejects_in(out: Place) -> dict[str, int]:
    """Rejects by reason, the most frequent first."""
    ledger = Ledger(out)
    tallies = (tally for leg in legs(Curation(), out) for tally in ledger.tallies(leg.name))
    return dict(sum((tally.reasons for tally in tallies), Counter[str]()).most_common(SHOWN))


def most_frequent(values: Any) -> dict[str, int]:
    """The most frequent values and how often each is there."""
    counts = Counter(values)
    shown = dict(counts.most_common(SHOWN))
    others = counts.total() - sum(shown.values())
    return shown | ({"others": others} if others else {})
