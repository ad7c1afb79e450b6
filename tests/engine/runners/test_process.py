"""A worker makes the stages of a leg when its first lap comes, once, and keeps them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

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
