"""The contract of a stage, and the one loop that keeps account of every item."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NoReturn, Protocol, TypeVar

from schemas.base import record
from schemas.outcome import Reject, Rejected

In = TypeVar("In", contravariant=True)
Out = TypeVar("Out", covariant=True)
A = TypeVar("A")
B = TypeVar("B")


@record
class Failed(Reject):
    """The reject of an item on which a step broke."""

    trace: str  # how it broke the last time: not in the row, for it tells of one run

    @property
    def row(self) -> Reject:
        """The reject alone."""
        return Reject(key=self.key, step=self.step, reason=self.reason, detail=self.detail, uri=self.uri)


class CannotRun(RuntimeError):
    """A job cannot run or go on: a sentence for its user, and a trace where the reason is a bug."""

    def __init__(self, sentence: str, trace: str = "") -> None:
        super().__init__(sentence)
        self.trace = trace


class DeviceMissing(CannotRun):
    """A step needs what no machine has; told before any work is done."""


class Stage(Protocol[In, Out]):
    """Turns one item into one or more items, or raises `Rejected`.

    Where the item is a group (it has `members`), the stage may give some members' rejects among its
    outputs; each member then leaves once, as an output or as a reject, under the member's own key.
    """

    def __call__(self, item: In, /) -> Iterable[Out | Reject]: ...


Light = Callable[[Any, Callable[[], float]], Callable[[], Mapping[str, float]]]
"""Begins to time the work of a stage that no scheduling can save, such as its model calls, by a clock.

Gives what reads the seconds so far, by facet or by what else they went to: their share of the stage's
seconds says how near it is to its speed of light.
"""


@dataclass(frozen=True, kw_only=True)
class Facet:
    """A field of what a step gives that is redone alone where only its own settings change.

    Such a step gives one record an item, under the item's key. Its stage is called with the fields that are
    known of the item as keywords, and makes the others.
    """

    name: str
    settings: object = None
    reads: tuple[str, ...] = ()
    """Facets that it is made from besides the item."""
    gathered: bool = False
    """Whether it is told between the items of a lap: then it stays for all of them or for none."""


@dataclass(frozen=True, kw_only=True)
class Step(Generic[A, B]):
    """A stage and what it needs where it runs. `make` is called once per worker.

    `settings` and `version` are all that the answers depend on besides the item: laps that landed under
    others are redone. `engine.identity` says what of the settings counts.
    """

    name: str
    make: Callable[[], Stage[A, B]]
    takes: type[A]
    gives: type[B]
    settings: object = None
    version: int = 1
    """Raised where the stage's rule changes."""
    facets: tuple[Facet, ...] = ()
    """What of the answers depends on less than the whole; `settings` and `version` count for all of them."""
    cpus: float = 1.0
    gpus: float = 0.0  # a fraction lets several workers share one
    memory_bytes: int = 0  # most that its stage takes beside the process: weights, and what an item takes
    weights: frozenset[str] = frozenset()  # what its stage keeps loaded: not to be loaded beside others
    light: Light | None = None


@dataclass(frozen=True, kw_only=True)
class Gather(Generic[A, B]):
    """Many items to fewer groups, each a member of exactly one: a pure function of all items of a lap."""

    name: str
    group: Callable[[Sequence[A]], Sequence[B]]
    takes: type[A]
    gives: type[B]
    settings: object = None
    version: int = 1
    """Raised where its rule changes."""


@dataclass(kw_only=True)
class Tally:
    """What became of the items of one step. Offered equals kept plus rejected, always."""

    step: str
    offered: int = 0
    kept: int = 0
    gave: int = 0
    offered_s: float = 0.0  # footage
    gave_s: float = 0.0
    busy_s: float = 0.0
    light_s: float = 0.0  # of these, spent on what no scheduling can save (`Light`); 0 where it is not told
    parts_s: dict[str, float] = field(default_factory=dict)  # of these, by facet
    reasons: Counter[str] = field(default_factory=Counter)
    traces: dict[str, str] = field(default_factory=dict)  # of the items that failed in a lap, by key

    @property
    def rejected(self) -> int:
        """Items that became rejects."""
        return self.reasons.total()

    def add(self, other: Tally) -> None:
        """Count another lap's tally of the same step in; traces stay with their laps."""
        self.offered += other.offered
        self.kept += other.kept
        self.gave += other.gave
        self.offered_s += other.offered_s
        self.gave_s += other.gave_s
        self.busy_s += other.busy_s
        self.light_s += other.light_s
        for part, seconds in other.parts_s.items():
            self.parts_s[part] = self.parts_s.get(part, 0.0) + seconds
        self.reasons += other.reasons


def apply(
    step: Step[A, B] | Gather[A, B],
    stage: Stage[A, B],
    items: Iterable[A | Reject],
    tally: Tally,
    clock: Callable[[], float],
) -> Iterator[B | Reject]:
    """All of an item's outputs or its reject, never both; for a group, of each member. Rejects pass through.

    Raises:
        Exception: whatever else the stage raises; a note names the item.
    """
    for item in items:
        if isinstance(item, Reject):
            yield item
            continue
        start = clock()
        outcomes = outcomes_of(step, stage, item)
        tally.busy_s += clock() - start
        count(tally, item, outcomes)
        for outcome in outcomes:
            yield outcome.row if isinstance(outcome, Failed) else outcome


def outcomes_of(step: Step[A, B] | Gather[A, B], stage: Stage[A, B], item: A) -> list[B | Reject]:
    """What the stage makes of one item, its `Rejected` turned into rows.

    Raises:
        AssertionError: a group's member left twice or not at all, or a single item left both ways.
        Exception: whatever else the stage raises; a note names the item.
    """
    try:
        outcomes = list(stage(item)) or refuse_silence()
        refuse_loss(item, outcomes)
    except Rejected as no:
        return [
            Reject(key=member.key, step=step.name, reason=no.reason, detail=no.detail, uri=member.uri)
            for member in members_of(item)
        ]
    except Exception as bug:
        note = f"in step {step.name!r} on item {getattr(item, 'key', '?')!r}"
        if note not in getattr(bug, "__notes__", ()):  # of somebody who tries again
            bug.add_note(note)
        raise
    return outcomes


def refuse_silence() -> NoReturn:
    """Nothing given is a reject too: nothing is lost in silence."""
    raise Rejected("empty", "the step gave nothing")


@dataclass(frozen=True, kw_only=True)
class Whole:
    """All items of a lap: the one item of a gather."""

    key: str
    members: tuple[Any, ...]

    @property
    def duration_s(self) -> float:
        """Seconds of footage."""
        return sum(map(footage_s, self.members))


def gathering(step: Gather[A, B]) -> Stage[Whole, B]:
    """A gather as a stage."""
    return lambda whole: step.group(whole.members)


def gather(
    step: Gather[Any, Any],
    stage: Stage[Whole, Any],
    items: Iterable[Any],
    tally: Tally,
    clock: Callable[[], float],
) -> Iterator[Any]:
    """The groups of all items; rejects pass through. `stage` is `gathering`, or something around it."""
    members: list[Any] = []
    for item in items:
        if isinstance(item, Reject):
            yield item
        else:
            members.append(item)
    if members:
        yield from apply(step, stage, [Whole(key=step.name, members=tuple(members))], tally, clock)


def refuse_loss(item: Any, outcomes: Sequence[Any]) -> None:
    """Raise AssertionError unless each member of a group leaves once, and a single item one way."""
    if hasattr(item, "members"):
        left = Counter(member.key for outcome in outcomes for member in members_of(outcome))
        if left != Counter(member.key for member in item.members):
            raise AssertionError(f"lost or repeated a member of {item.key!r}")
    elif len({isinstance(outcome, Reject) for outcome in outcomes}) > 1:
        raise AssertionError(f"both kept and rejected {item.key!r}")


def count(tally: Tally, item: Any, outcomes: Sequence[Any]) -> None:
    """Enter one item's outcomes into the tally."""
    rejects = [outcome for outcome in outcomes if isinstance(outcome, Reject)]
    outputs = [outcome for outcome in outcomes if not isinstance(outcome, Reject)]
    members = members_of(item)
    tally.offered += len(members)
    tally.kept += len(members) - len(rejects)
    tally.gave += len(outputs)
    tally.offered_s += footage_s(item)
    tally.gave_s += sum(map(footage_s, outputs))
    tally.reasons.update(reject.reason for reject in rejects)
    tally.traces |= {reject.key: reject.trace for reject in rejects if isinstance(reject, Failed)}


def members_of(item: Any) -> tuple[Any, ...]:
    """What is counted: a group's members, or the item itself."""
    members: tuple[Any, ...] = getattr(item, "members", (item,))
    return members


def footage_s(item: Any) -> float:
    """Seconds of footage that an item stands for; 0 before the file is probed."""
    return float(getattr(item, "duration_s", 0.0))


class EstimatorUnavailable(RuntimeError):
    """An estimator cannot run here; the message names what is missing and how to get it."""
