"""An item that breaks a step is tried again and then held back, and no other with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from engine.core import Failed, Gather, Step, gathering
from engine.runners.monitored import Holds, Monitored, Quarantined
from engine.runners.status import CurrentItem
from schemas.outcome import Reject, Rejected
from tests.engine.words import Bag, Word

BAG = Bag(key="bag", members=tuple(Word(key=key) for key in "abcd"))


class Breaking:
    """Gives back what it gets, and breaks on some words so often."""

    def __init__(self, **times: int) -> None:
        self.times = times
        self.seen: list[str] = []

    def __call__(self, item: Any) -> Iterator[Any]:
        for word in getattr(item, "members", (item,)):
            self.seen.append(word.key)
            if self.times.get(word.key, 0) > 0:
                self.times[word.key] -= 1
                raise LookupError(word.key)
            yield word
        if self.times.get("end", 0) > 0:
            self.times["end"] -= 1
            raise LookupError("end")


def minded(stage: Any, *, tries: int = 2, holds: Holds | None = None) -> Monitored:
    step: Step[Any, Any] = Step(name="step", make=lambda: stage, takes=Bag, gives=Word)
    return Monitored(step=step, stage=stage, holds=holds or {}, tell=lambda spot: None, tries=tries)


def said(outcomes: Sequence[Any]) -> list[str]:
    return [f"{o.key} {o.reason}" if isinstance(o, Reject) else o.key for o in outcomes]


def test_what_breaks_once_leaves_no_trace() -> None:
    stage = Breaking(a=1)
    assert said(minded(stage)(Word(key="a"))) == ["a"]
    assert stage.seen == ["a", "a"]


def test_what_breaks_each_time_is_held_back_with_its_trace() -> None:
    stage = Breaking(a=9)
    (failed,) = minded(stage)(Word(key="a"))
    assert stage.seen == ["a", "a"]
    assert isinstance(failed, Failed)
    assert (failed.key, failed.step, failed.reason, failed.uri) == ("a", "step", "failed", "file")
    assert failed.detail.startswith("LookupError in ")
    assert failed.detail.endswith(", 2 times; understudy replay OUT a")
    assert "raise LookupError(word.key)" in failed.trace
    assert type(failed.row) is Reject


def test_of_a_group_the_member_alone() -> None:
    stage = Breaking(b=9, c=1)
    assert said(minded(stage)(BAG)) == ["b failed", "a", "c", "d"]
    assert stage.seen == [*"ab", *"ab", *"ac", *"acd"]


def test_a_group_that_breaks_after_its_last_member_is_held_back() -> None:
    """Nobody in it can be told from the others."""
    assert said(minded(Breaking(end=1))(BAG)) == [*"abcd"]
    assert said(minded(Breaking(end=2))(BAG)) == [f"{key} failed" for key in "abcd"]


def test_what_is_held_back_already_stays_so() -> None:
    holds = {
        ("step", "b"): Quarantined(reason="crashed", detail="twice"),
        ("other", "a"): Quarantined(reason="killed", detail=""),
    }
    outcomes = minded(Breaking(c=9), holds=holds)(BAG)
    assert said(outcomes) == ["b crashed", "c failed", "a", "d"]
    assert type(outcomes[0]) is Reject


@pytest.mark.parametrize(
    "stage",
    [
        lambda bag: bag.members[1:],  # loses one
        lambda bag: [*bag.members, bag.members[0]],  # gives one twice
    ],
)
def test_who_loses_members_breaks(stage: Callable[[Bag], Sequence[Word]]) -> None:
    assert said(minded(stage)(BAG)) == [f"{key} failed" for key in "abcd"]


def test_a_reject_is_no_failure() -> None:
    def picky(word: Word) -> Iterator[Word]:
        raise Rejected("blurred", "as it is")

    (no,) = minded(picky)(Word(key="a"))
    assert type(no) is Reject
    assert (no.reason, no.detail) == ("blurred", "as it is")


@pytest.mark.parametrize("error", [OSError("other bytes came back"), OSError(28, "No space left on device")])
def test_the_machines_fault_goes_up_at_once(error: Exception) -> None:
    seen = []

    def on_a_full_disk(word: Word) -> Iterator[Word]:
        seen.append(word.key)
        raise error

    with pytest.raises(OSError, match=r"bytes|space") as caught:
        minded(on_a_full_disk)(Word(key="a"))
    assert caught.value is error
    assert seen == ["a"]


def test_without_tries_everything_goes_up() -> None:
    with pytest.raises(LookupError):
        minded(Breaking(a=1), tries=0)(Word(key="a"))


def test_a_gather_that_breaks_holds_all_it_was_given() -> None:
    def pairs(words: Sequence[Word]) -> list[Bag]:
        if any(word.key == "b" for word in words):
            raise LookupError
        return [Bag(key="pair", members=tuple(words))]

    step: Gather[Any, Any] = Gather(name="pairs", group=pairs, takes=Word, gives=Bag)
    spots: list[CurrentItem | None] = []
    stage = Monitored(step=step, stage=gathering(step), holds={}, tell=spots.append, tries=2)
    assert said(stage(BAG)) == [f"{key} failed" for key in "abcd"]
    (bag,) = stage(Bag(key="whole", members=(Word(key="x"),)))
    assert bag.key == "pair"
    assert spots == [None, None, None]
