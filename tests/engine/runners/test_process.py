"""A worker makes the stages of a leg when its first lap comes, once, and keeps them."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import ref

from engine.ledger import Landed
from engine.runners.process import Failure, WorkerKit, WorkerProcess
from tests.engine.runners.odd import hasher, house, listing, one_by_one


class Silent:
    """A report that nobody reads."""

    def at(self, _: object) -> None: ...

    def tallies(self, _: object) -> None: ...


def assert_landed(found: Landed | Failure) -> None:
    assert isinstance(found, Landed), found


def test_stages_are_made_once_a_worker(tmp_path: Path) -> None:
    made: list[str] = []

    def making(name: str, stage: object) -> Any:
        return lambda: made.append(name) or stage  # type: ignore[func-returns-value]

    first, second = house(1)
    first = replace(first, steps=(replace(first.steps[0], make=making("hash", hasher())),))
    second = replace(
        second, steps=(second.steps[0], replace(second.steps[1], make=making("each", one_by_one())))
    )
    ledger = listing(tmp_path, "/v/fine-1", "/v/fine-2", "/v/fine-3")
    kit = WorkerKit(legs={leg.name: leg for leg in (first, second)}, ledger=ledger, tries=2)
    hands = WorkerProcess(kit, Silent(), float)
    assert made == []
    for lap in first.laps(ledger):
        assert_landed(hands.run(lap))
    assert made == ["hash"]
    for lap in second.laps(ledger):
        assert_landed(hands.run(lap))
    assert made == ["hash", "each"]


def test_the_stages_of_a_leg_go_when_it_is_over(tmp_path: Path) -> None:
    """And with them the weights that they hold."""
    first, second = house(1)
    ledger = listing(tmp_path, "/v/fine-1", "/v/fine-2")
    hands = WorkerProcess(
        WorkerKit(legs={leg.name: leg for leg in (first, second)}, ledger=ledger, tries=2), Silent(), float
    )
    assert_landed(hands.run(first.laps(ledger)[0]))
    held = ref(hands.crews["sources"])
    hands.let_go(frozenset({"groups"}))
    assert held() is not None
    hands.let_go(frozenset({"sources", "groups"}))
    gc.collect()
    assert held() is None
