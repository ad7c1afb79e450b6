"""One item alone, through the leg that rejected it, with all that goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from dataset.names import SOURCE_DIGITS
from engine.core import Gather, Step, members_of
from engine.ledger import Ledger
from engine.leg import Leg
from schemas.outcome import Reject, Rejected
from schemas.reasons import reason_of
from storage.address import chooses_nothing, is_uri


@dataclass(frozen=True, kw_only=True)
class ReplayTarget:
    """A reject as it landed, and the leg and lap that it is of."""

    leg: Leg
    lap: str
    reject: Reject
    trace: str  # of an item on which its step broke


def find(ledger: Ledger, legs: Sequence[Leg], key: str) -> ReplayTarget | None:
    """The first reject with a key, in the order of the legs; None where there is none."""
    for leg in legs:
        for name, landed in ledger.all_landed(leg.name):
            for row in ledger.rejects(leg.name, name).to_pylist() if landed.rejects else ():
                if row.pop("leg") == leg.name and row["key"] == key:
                    traces = {tally.step: tally.traces.get(key, "") for tally in landed.steps}
                    return ReplayTarget(
                        leg=leg, lap=name, reject=Reject(**row), trace=traces.get(row["step"], "")
                    )
    return None


def replay(
    found: ReplayTarget, ledger: Ledger, leg: Leg, tell: Callable[[str], None], videos: str = ""
) -> list[Any]:
    """What the steps of a leg give for the rejected item, now; nothing lands.

    `leg` is the leg of the reject, or one of the same steps that write elsewhere. `tell` hears which step has
    which item. `videos` is the address that the videos were given by, where its options choose a server.

    Raises:
        Exception: what the stage raises on the item, as it is: `Rejected` too.
        ValueError: the item is not among those of its lap any more, or lies on a server that neither the data
            set's address nor `videos` names.
    """
    key = found.reject.key
    laps = [lap for lap in found.leg.laps(ledger) if lap.name == found.lap]
    items = [item for lap in laps for item in map(alone, lap.read(ledger), [key] * lap.items)]
    items = [item for item in items if item.key[:SOURCE_DIGITS] == key[:SOURCE_DIGITS] or concerns(item, key)]
    if not items:
        raise ValueError(f"{key}: its lap {found.leg.name}/{found.lap} does not hold it any more")
    for item in items:
        refuse_chosen(item.uri, (ledger.place.uri, videos))
    for place, step in enumerate(leg.steps):
        if isinstance(step, Gather):
            items = list(step.group(items))
        else:
            items = list(through(step, items, key, tell))
        together = any(isinstance(later, Gather) for later in leg.steps[place:])
        items = [item for item in items if together or concerns(item, key)]
    return items


def refuse_chosen(uri: str, homes: Sequence[str]) -> None:
    """Returns where an address in a data set, which may be a stranger's, chooses no server.

    Raises:
        ValueError: it does: keys would be sent there.
    """
    if is_uri(uri) and not any(chooses_nothing(urlsplit(uri), urlsplit(home)) for home in homes):
        raise ValueError(f"{uri}: chooses its server; if you do too, say --videos with that address")


def alone(item: Any, key: str) -> Any:
    """A group of samples cut down to the one with the key; any other item as it is."""
    members = tuple(member for member in members_of(item) if member.key == key)
    return replace(item, members=members) if hasattr(item, "members") and members else item


def concerns(item: Any, key: str) -> bool:
    """Whether an item is that of the key, holds it, or is what it was made from."""
    return any(member.key == key or key.startswith(f"{member.key}-") for member in members_of(item))


def through(
    step: Step[Any, Any], items: Sequence[Any], key: str, tell: Callable[[str], None]
) -> Iterator[Any]:
    """What one step gives of items; rejects of those that are there for company are passed over."""
    stage = step.make()
    for item in items:
        tell(f"step {step.name}, item {item.key}, {item.uri}")
        try:
            outcomes = list(stage(item))
        except Rejected:
            if concerns(item, key):
                raise
            continue
        for outcome in outcomes:
            if isinstance(outcome, Reject) and outcome.key == key:
                raise Rejected(reason_of(outcome.reason), outcome.detail)
            if not isinstance(outcome, Reject):
                yield outcome
