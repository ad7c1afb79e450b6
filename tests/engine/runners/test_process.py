"""A worker makes the stages of a leg when its first lap comes, once, and keeps them."""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from multiprocessing.connection import Pipe
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


def test_a_process_whose_parent_died_before_it_had_begun_touches_nothing(tmp_path: Path) -> None:
    """A lap waits in its pipe, which somebody else has landed: the marker stays."""
    ledger, (first, _) = listing(tmp_path, "/v/fine-1"), house(1)
    kit = WorkerKit(legs={first.name: first}, ledger=ledger, tries=2)
    (lap,) = first.laps(ledger)
    assert_landed(WorkerProcess(kit, Silent(), float).run(lap))
    ours, theirs = Pipe()
    ours.send_bytes(pickle.dumps(kit))
    ours.send((lap, {}, frozenset()))
    ours.close()
    code = f"from engine.runners.process import main; main({theirs.fileno()}, {os.getpid() + 1})"
    subprocess.run([sys.executable, "-c", code], pass_fds=[theirs.fileno()], check=True)
    assert ledger.landed(first.name, lap.name) is not None
