"""A stage under watch: it says which item it is at, and passes over items that are held back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.core import Stage, Step, footage_s, members_of
from engine.runners.status import CurrentItem
from schemas.outcome import Reject, Rejected
from schemas.reasons import reason_of


@dataclass(frozen=True, kw_only=True)
class Quarantined:
    """Why an item is not tried again."""

    reason: str
    detail: str


Holds = Mapping[tuple[str, str], Quarantined]
"""By step and key."""


@dataclass(frozen=True, kw_only=True)
class Monitored:
    """The stage of a step, under watch.

    A group's stage gives its members' outcomes in order, each as soon as it has it: so the member that is
    worked on is the one after the last outcome.
    """

    step: Step[Any, Any]
    stage: Stage[Any, Any]
    holds: Holds
    tell: Callable[[CurrentItem | None], None]

    def __call__(self, item: Any) -> Iterator[Any]:
        """What the stage gives, and the rejects of what is held back."""
        free = []
        for member in members_of(item):
            held = self.holds.get((self.step.name, member.key))
            if held is None:
                free.append(member)
            elif not hasattr(item, "members"):
                raise Rejected(reason_of(held.reason), held.detail)
            else:
                yield self.reject(member, held)
        if not free:
            return
        try:
            if hasattr(item, "members"):
                yield from self.members(replace(item, members=tuple(free)))
            else:
                self.tell(self.spot(item))
                yield from self.stage(item)
        finally:
            self.tell(None)

    def members(self, group: Any) -> Iterator[Any]:
        """The outcomes of a group, its members told one after the other, and then nobody."""
        waiting = map(self.spot, group.members)
        self.tell(next(waiting))
        for outcome in self.stage(group):
            yield outcome
            self.tell(next(waiting, None))

    def reject(self, member: Any, held: Quarantined) -> Reject:
        """A held member as a row."""
        return Reject(
            key=member.key, step=self.step.name, reason=held.reason, detail=held.detail, uri=member.uri
        )

    def spot(self, item: Any) -> CurrentItem:
        """Where the worker is when it is at an item."""
        return CurrentItem(step=self.step.name, key=item.key, uri=item.uri, footage_s=footage_s(item))
