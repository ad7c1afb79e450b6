from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from engine.core import Gather, Step, Tally, apply, gather, gathering
from schemas.outcome import Reject, Rejected
from tests.engine.words import Bag, Word


def ticks() -> float:
    return 0.0


def through(stage, items: Iterable[object]) -> tuple[list[Any], Tally]:
    step = Step(name="step", make=lambda: stage, takes=Word, gives=Word)
    tally = Tally(step="step")
    return list(apply(step, stage, items, tally, ticks)), tally


def letters(word: Word) -> Iterator[Word]:
    if word.key == "bad":
        raise Rejected("blurred", "a bad word")
    for letter in word.key:
        yield Word(key=letter)


def test_an_item_leaves_as_all_its_outputs_or_as_one_reject() -> None:
    outcomes, tally = through(letters, [Word(key="ab"), Word(key="bad"), Word(key="c")])
    assert [o.key for o in outcomes] == ["a", "b", "bad", "c"]
    no = outcomes[2]
    assert isinstance(no, Reject)
    assert (no.step, no.reason, no.detail, no.uri) == ("step", "blurred", "a bad word", "file")
    assert (tally.offered, tally.kept, tally.gave, dict(tally.reasons)) == (3, 2, 3, {"blurred": 1})


def test_outputs_of_a_rejected_item_are_taken_back() -> None:
    def late(word: Word) -> Iterator[Word]:
        yield word
        raise Rejected("too_long")

    outcomes, tally = through(late, [Word(key="a")])
    assert [type(o) for o in outcomes] == [Reject]
    assert tally.kept == 0


def test_silence_is_a_reject() -> None:
    outcomes, _ = through(lambda word: [], [Word(key="a")])
    assert outcomes[0].reason == "empty"


def test_rejects_pass_through_uncounted() -> None:
    before = Reject(key="k", step="earlier", reason="r", detail="", uri="u")
    outcomes, tally = through(letters, [before])
    assert outcomes == [before]
    assert tally.offered == 0


def test_a_bug_stops_the_run_and_names_the_item() -> None:
    def broken(word: Word) -> Iterator[Word]:
        raise KeyError("oops")

    with pytest.raises(KeyError) as caught:
        through(broken, [Word(key="a")])
    assert caught.value.__notes__ == ["in step 'step' on item 'a'"]


BAG = Bag(key="bag", members=(Word(key="a"), Word(key="b")))


def test_members_of_a_group_leave_once_each() -> None:
    def pick(bag: Bag) -> Iterator[Word | Reject]:
        yield bag.members[0]
        yield Reject(key="b", step="step", reason="second", detail="", uri="file")

    outcomes, tally = through(pick, [BAG])
    assert [o.key for o in outcomes] == ["a", "b"]
    assert (tally.offered, tally.kept, tally.rejected) == (2, 1, 1)


def test_a_rejected_group_rejects_each_member() -> None:
    def no(bag: Bag) -> Iterator[Word]:
        raise Rejected("empty")

    outcomes, tally = through(no, [BAG])
    assert [(o.key, o.reason) for o in outcomes] == [("a", "empty"), ("b", "empty")]
    assert (tally.offered, tally.rejected) == (2, 2)


@pytest.mark.parametrize("given", [("a",), ("a", "a", "b"), ("a", "c")])
def test_a_lost_or_repeated_member_is_a_bug(given: tuple[str, ...]) -> None:
    with pytest.raises(AssertionError, match="lost or repeated a member of 'bag'"):
        through(lambda bag: [Word(key=key) for key in given], [BAG])


def test_gather_places_each_item_once() -> None:
    def pairs(words):
        return [Bag(key=w.key, members=(w,)) for w in words]

    no = Reject(key="k", step="earlier", reason="r", detail="", uri="u")
    tally = Tally(step="g")
    step = Gather(name="g", group=pairs, takes=Word, gives=Bag)
    outcomes = list(gather(step, gathering(step), [Word(key="a"), no, Word(key="b")], tally, ticks))
    assert [o.key for o in outcomes] == ["k", "a", "b"]
    assert (tally.offered, tally.kept, tally.gave) == (2, 2, 2)
    assert list(gather(step, gathering(step), [no], tally, ticks)) == [no]

    forgetful = Gather(name="g", group=lambda words: pairs(words[:1]), takes=Word, gives=Bag)
    with pytest.raises(AssertionError, match="lost or repeated"):
        list(gather(forgetful, gathering(forgetful), [Word(key="a"), Word(key="b")], tally, ticks))
