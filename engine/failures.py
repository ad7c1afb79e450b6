"""Items on which a step broke: whose fault it is, what is told of it, and how many are too many."""

from __future__ import annotations

import errno
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator

from engine.core import CannotRun, EstimatorUnavailable, Tally
from engine.ledger import Ledger
from schemas.outcome import Reject
from storage.disk import Unwritable
from storage.store import Unreached

FAILED = "failed"
"""Reason of an item on which a step raised what nobody had foreseen."""
UNJUDGED = (FAILED, "crashed", "timed_out", "killed")
"""Reasons of rejects that tell of our code or of a machine, and not of what is in the file."""
EXHAUSTED = frozenset(
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EMFILE", "ENFILE", "ENOMEM", "ESTALE")
    if hasattr(errno, name)
)
"""What the system answers where a machine is at its end, whatever the item."""
SPARE_BYTES = 2**26
"""A machine that cannot give so much is out of memory; one that can was asked for too much by an item."""
OURS = frozenset({"schemas", "storage", "media", "dataset", "pipeline", "model"})
"""Where steps break; libraries below them are many, and the engine stands above."""
TRACE_CHARS = 8000
"""Of a longer trace the end is kept, which says where it broke."""


class TooManyFailed(CannotRun):
    """A step breaks on so many items that it is hardly their fault."""


def is_machines(error: BaseException) -> bool:
    """Whether an error is the machine's, so that other items would meet it too.

    A disk that is full or cannot be written, a store that does not answer, memory or handles at their end, an
    estimator that cannot run here. An error that has no number of the system's is one of ours, of a disk that
    gave other bytes back.
    """
    if isinstance(error, MemoryError):
        return not memory_is_left()
    if isinstance(error, CannotRun | EstimatorUnavailable | Unreached | Unwritable):
        return True
    return type(error) is OSError and error.errno in {None, *EXHAUSTED}


def memory_is_left() -> bool:
    """Whether a moderate amount of memory can be had."""
    try:
        bytearray(SPARE_BYTES)
    except MemoryError:
        return False
    return True


def kind_and_place(error: BaseException) -> str:
    """Kind and place of an error, the same in every run and on every machine: no message, no path, no number.

    Messages hold what differs: names of scratch files, addresses, times.
    """
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    places = [
        (frame.f_globals.get("__name__", "?"), line) for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    ours = [place for place in places if place[0].partition(".")[0] in OURS]
    module, line = (ours or places or [("?", 0)])[-1]
    return f"{name} in {module}, line {line}"


def trace_of(error: BaseException) -> str:
    """The whole traceback, for a person."""
    return "".join(traceback.format_exception(error))[-TRACE_CHARS:]


def unjudged(ledger: Ledger, leg: str) -> Iterator[Reject]:
    """The rejects of a leg that say nothing of the file."""
    for name, landed in ledger.all_landed(leg):
        if any(reason in UNJUDGED for tally in landed.steps for reason in tally.reasons):
            for row in ledger.rejects(leg, name).to_pylist():
                if row.pop("leg") == leg and row["reason"] in UNJUDGED:
                    yield Reject(**row)


class FailureCount:
    """Items that a run has tried and that failed, by step."""

    def __init__(self, *, max_share: float, min_failed: int) -> None:
        self.max_share = max_share
        self.min_failed = min_failed
        self.offered: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()

    def add(self, tallies: Iterable[Tally]) -> None:
        """Count a lap in.

        Raises:
            TooManyFailed: a step has failed on too large a share of what it was given in this run.
        """
        for tally in tallies:
            self.offered[tally.step] += tally.offered
            self.failed[tally.step] += sum(tally.reasons[reason] for reason in UNJUDGED)
            failed, offered = self.failed[tally.step], self.offered[tally.step]
            if failed >= self.min_failed and failed > self.max_share * offered:
                last = next(iter(reversed(tally.traces.values())), "")
                raise TooManyFailed(
                    f"step {tally.step} failed on {failed} of {offered} items, more than a share of "
                    f"{self.max_share:g} (patience.max_failed_share); once that is mended, the same command "
                    f"with --retry {' '.join(UNJUDGED)} tries them again",
                    last,
                )
