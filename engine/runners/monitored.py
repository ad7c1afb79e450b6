"""A stage under watch: it says which item it is at, and holds items back that break it or its process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from engine.core import Failed, Gather, Stage, Step, footage_s, members_of, outcomes_of
from engine.failures import FAILED, is_machines, kind_and_place, trace_of
from engine.runners.status import CurrentItem
from schemas.outcome import Reject
from schemas.reasons import reason_of


@dataclass(frozen=True, kw_only=True)
class Quarantined:
    """Why an item is not tried again."""

    reason: str
    detail: str
    trace: str = ""


Holds = Mapping[tuple[str, str], Quarantined]
"""By step and key."""


@dataclass(kw_only=True)
class Monitored:
    """The stage of a step, under watch.

    A group's stage gives its members' outcomes in order, each as soon as it has it: so the member that is
    worked on is the one after the last outcome. An item on which the stage raises what nobody has foreseen is
    tried `tries` times and then a reject; with no tries the exception goes up.
    """

    step: Step[Any, Any] | Gather[Any, Any]
    stage: Stage[Any, Any]
    holds: Holds
    tell: Callable[[CurrentItem | None], None]
    tries: int
    at: CurrentItem | None = None

    def __call__(self, item: Any, /, **known: Any) -> Sequence[Any]:
        """What the stage gives, told what is known of the item, and the rejects of what is held back.

        Raises:
            Exception: the machine is at fault, or nothing is to be tried again.
        """
        holds = dict(self.holds)
        times: Counter[str] = Counter()
        while True:
            try:
                return outcomes_of(self.step, partial(self.once, holds=holds, known=known), item)
            except Exception as bug:
                blamed = self.blamed(item, holds)
                if not self.tries or not blamed or is_machines(bug):
                    raise
                times.update(blamed)
                holds |= {
                    (self.step.name, key): held(bug, key, times[key])
                    for key in blamed
                    if times[key] >= self.tries
                }

    def once(self, item: Any, holds: Holds, known: Mapping[str, Any]) -> Iterator[Any]:
        """One try."""
        free = []
        for member in members_of(item):
            if (quarantined := holds.get((self.step.name, member.key))) is None:
                free.append(member)
            else:
                yield self.reject(member, quarantined)
        if not free:
            return
        try:
            if isinstance(self.step, Gather):
                self.at = None
                yield from self.stage(replace(item, members=tuple(free)))
            elif hasattr(item, "members"):
                yield from self.members(replace(item, members=tuple(free)))
            else:
                self.move(self.spot(item))
                yield from self.stage(item, **known)
        finally:
            self.tell(None)

    def members(self, group: Any) -> Iterator[Any]:
        """The outcomes of a group, its members told one after the other, and then nobody."""
        waiting = map(self.spot, group.members)
        self.move(next(waiting))
        for outcome in self.stage(group):
            yield outcome
            self.move(next(waiting, None))

    def move(self, spot: CurrentItem | None) -> None:
        """Go on to an item, or to none."""
        self.at = spot
        self.tell(spot)

    def blamed(self, item: Any, holds: Holds) -> list[str]:
        """Keys of what the stage was at: a member, or all that were free where it was at none."""
        if self.at is not None:
            return [self.at.key]
        return [member.key for member in members_of(item) if (self.step.name, member.key) not in holds]

    def reject(self, member: Any, held: Quarantined) -> Reject:
        """A held member as a row."""
        row = {
            "key": member.key,
            "step": self.step.name,
            "reason": reason_of(held.reason),
            "detail": held.detail,
            "uri": member.uri,
        }
        if held.trace:
            return Failed(trace=held.trace, **row)
        return Reject(**row)

    def spot(self, item: Any) -> CurrentItem:
        """Where the worker is when it is at an item."""
        return CurrentItem(step=self.step.name, key=item.key, uri=item.uri, footage_s=footage_s(item))


def held(bug: Exception, key: str, times: int) -> Quarantined:
    """An item that broke a step."""
    detail = f"{kind_and_place(bug)}, {times} times; understudy replay OUT {key}"
    return Quarantined(reason=FAILED, detail=detail, trace=trace_of(bug))
