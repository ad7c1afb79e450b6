"""What runs next: later legs first, none too far ahead, each lap once, and nothing that has landed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine.core import Step
from engine.ledger import Landed, Lap, Ledger
from engine.leg import Leg, LegRunner
from engine.runners.order import LandingGone, LapOrder
from schemas.media import Source
from tests.engine.runners.odd import diamond, house, listing

ALL = frozenset({"sources", "groups"})
FIRST = frozenset({"sources"})


def ledger_of(out: Path, laps: int) -> Ledger:
    return listing(out, *(f"/v/fine-{n}" for n in range(laps)))


class Seal:
    broken = 0

    def __call__(self) -> None:
        self.broken += 1


def order_of(
    ledger: Ledger, *, ahead: int = 100, seal: Seal | None = None, legs: list[Leg] | None = None
) -> LapOrder:
    return LapOrder(legs or house(1), ledger, ahead=ahead, unseal=seal or Seal())


def do(order: LapOrder, lap: Lap) -> Landed:
    """Run a lap for real, and tell the order."""
    landed = run_alone(order, lap)
    order.landed(lap, landed)
    return landed


def run_alone(order: LapOrder, lap: Lap) -> Landed:
    """Run a lap for real."""
    leg = order.states[lap.leg].leg
    return LegRunner(leg, float, lambda step, stage: stage).run(lap, order.ledger, lambda tallies: None)


def taken(order: LapOrder, leg: str) -> Lap:
    """The next lap of a leg, which has one."""
    lap = order.take(frozenset({leg}))
    assert lap is not None
    return lap


def drain(order: LapOrder, legs: frozenset[str] = ALL) -> list[str]:
    found = []
    while (lap := order.take(legs)) is not None:
        found.append(f"{lap.leg} {lap.name}")
        do(order, lap)
    return found


def test_the_later_leg_comes_first(tmp_path: Path) -> None:
    order = order_of(ledger_of(tmp_path, 2))
    assert drain(order) == ["sources 000000", "groups 000000", "sources 000001", "groups 000001"]
    assert order.over


def test_no_leg_is_further_ahead_than_allowed(tmp_path: Path) -> None:
    order = order_of(ledger_of(tmp_path, 5), ahead=2)
    first, second = order.take(FIRST), order.take(FIRST)
    assert first is not None
    assert second is not None
    assert order.take(FIRST) is None
    do(order, first)
    assert order.take(FIRST) is None  # it has landed, and waits to be followed
    follower = order.take(ALL)
    assert follower is not None
    assert follower.leg == "groups"
    assert order.take(FIRST) is not None


def test_a_lap_that_was_lost_is_the_next(tmp_path: Path) -> None:
    order = order_of(ledger_of(tmp_path, 3))
    lost = order.take(ALL)
    assert lost is not None
    order.give_back(lost)
    assert order.take(ALL) == lost


def test_what_has_landed_is_not_run_again(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path, 3)
    seal = Seal()
    order = order_of(ledger, seal=seal)
    assert seal.broken == 0
    done = order.take(ALL)
    assert done is not None
    assert seal.broken == 1
    do(order, done)
    again = order_of(ledger)
    assert not again.over
    assert drain(again) == [
        "groups 000000",
        "sources 000001",
        "groups 000001",
        "sources 000002",
        "groups 000002",
    ]
    seal = Seal()
    assert order_of(ledger, seal=seal).over
    assert seal.broken == 0


def test_a_lap_out_of_plan_breaks_the_seal_before_it_goes(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path, 3)
    drain(order_of(ledger))

    class Looking(Seal):
        def __call__(self) -> None:
            assert len(ledger.names("groups")) == 3, "the index must go before what it vouches for"
            super().__call__()

    seal = Looking()
    order = LapOrder(house(2), ledger, ahead=9, unseal=seal)
    assert seal.broken == 1
    assert ledger.names("groups") == ["000000", "000001"]
    assert not order.over


@pytest.mark.parametrize("legs", [FIRST, ALL])
def test_free_and_left(legs: frozenset[str], tmp_path: Path) -> None:
    order = order_of(ledger_of(tmp_path, 2))
    assert order.num_free(legs) == 2
    assert order.left(legs)
    drain(order)
    assert order.num_free(legs) == 0
    assert not order.left(legs)
    assert [(lane.laps, lane.done, lane.items, lane.items_done) for lane in order.lanes] == [(2, 2, 2, 2)] * 2


def test_a_landing_that_somebody_takes_away_is_missed(tmp_path: Path) -> None:
    """As a worker does that was given up for dead, and begins to land what another has landed."""
    order = order_of(ledger_of(tmp_path, 2))
    do(order, taken(order, "sources"))
    do(order, taken(order, "sources"))
    do(order, taken(order, "groups"))
    last = taken(order, "groups")
    landed = run_alone(order, last)
    (tmp_path / "landings" / "sources" / "part-000001.done").unlink()
    with pytest.raises(LandingGone, match=r"sources/000001 had landed and is gone"):
        order.landed(last, landed)


def test_what_dead_workers_left_goes_when_their_leg_is_over(tmp_path: Path) -> None:
    order = order_of(ledger_of(tmp_path, 1))
    left = tmp_path / "landings" / "groups" / "part-000007.parquet"
    do(order, taken(order, "sources"))
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"half")
    do(order, taken(order, "groups"))
    assert not left.exists()


def test_what_was_rejected_can_be_tried_again(tmp_path: Path) -> None:
    ledger = listing(tmp_path, "/v/fine-1", "/v/bad-1", "/v/fine-2")
    drain(order_of(ledger))
    assert order_of(ledger).over
    again = LapOrder(house(1), ledger, ahead=9, unseal=Seal(), retry=("unreadable",))
    assert drain(again) == ["sources 000001"]  # what follows from it is the same as before
    assert LapOrder(house(1), ledger, ahead=9, unseal=Seal(), retry=("crashed",)).over


def test_the_seal_breaks_where_a_lap_goes_that_was_to_be_tried_again(tmp_path: Path) -> None:
    ledger, seal = listing(tmp_path, "/v/fine-1", "/v/fine-2", "/v/bad-3"), Seal()
    drain(order_of(ledger))
    LapOrder(house(3), ledger, ahead=9, unseal=seal, retry=("unreadable",))
    assert seal.broken == 1


DIAMOND = frozenset(leg.name for leg in diamond())


def test_a_lap_begins_when_all_that_it_reads_has_landed_and_no_later(tmp_path: Path) -> None:
    """Right laps hold two sources each: names 0 and 1 are joined, 2 and 3 come from the left alone."""
    order = order_of(ledger_of(tmp_path, 4), legs=diamond())
    assert [lane.waits_for for lane in order.lanes] == [(), (), (), (), ("joined", "sources")]
    do(order, taken(order, "sources"))
    do(order, taken(order, "left"))
    assert order.num_free(frozenset({"joined"})) == 0
    do(order, taken(order, "right"))
    joined = taken(order, "joined")
    assert (joined.name, joined.items) == ("000000", 3)
    assert order.take(frozenset({"joined"})) is None
    assert [source.key for source in joined.read(order.ledger)] == ["fine0", "fine0", "fine1"]
    do(order, joined)
    assert drain(order, DIAMOND)[-1] == "all 000000"
    assert order.over
    assert [(lane.leg, lane.laps, lane.items) for lane in order.lanes] == [
        ("sources", 4, 4),
        ("left", 4, 4),
        ("right", 2, 4),
        ("joined", 4, 8),
        ("all", 1, 8),
    ]


def test_the_other_way_round_it_is_the_same(tmp_path: Path) -> None:
    """The landings are those of any order; what is joined reads the left before the right."""
    contents = []
    for number, first in enumerate(["right", "sources"]):
        ledger = ledger_of(tmp_path / str(number), 3)
        order = order_of(ledger, legs=diamond())
        while (lap := order.take(frozenset({first}))) is not None:
            do(order, lap)
        drain(order, DIAMOND)
        assert order.over
        contents.append([landed for leg in sorted(DIAMOND) for _, landed in ledger.all_landed(leg)])
    assert contents[0] == contents[1]


@pytest.mark.parametrize("done", range(13))
def test_stopped_after_any_lap_the_rest_is_run_and_nothing_twice(done: int, tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path, 3)
    order, before = order_of(ledger, legs=diamond()), list[str]()
    while len(before) < done and (lap := order.take(DIAMOND)) is not None:
        before.append(f"{lap.leg} {lap.name}")
        do(order, lap)
    after = drain(order_of(ledger, legs=diamond()), DIAMOND)
    assert sorted(before + after) == sorted(
        [f"{leg} {lap:06d}" for leg in ("sources", "left", "joined") for lap in range(3)]
        + ["right 000000", "right 000001", "all 000000"]
    )
    assert order_of(ledger, legs=diamond()).over


def test_what_depends_on_one_way_alone_is_left_when_the_other_changes(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path, 3)
    drain(order_of(ledger, legs=diamond()), DIAMOND)
    legs = diamond()
    legs[2] = replace(legs[2], steps=(replace(legs[2].steps[0], settings="others"),))
    again = drain(order_of(ledger, legs=legs), DIAMOND)
    assert again == ["right 000000", "right 000001"]  # which give what they gave, so nothing else runs


class Heavier:
    """A stage whose rows say another size than those of the stage that it stands for."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.stage = make()

    def __call__(self, item: Any) -> Iterator[Any]:
        for row in self.stage(item):
            facts = {fact.name: getattr(row, fact.name) for fact in fields(row)}
            yield Source(**facts | {"num_bytes": 2})


@pytest.mark.parametrize(("way", "laps"), [("left", 3), ("right", 2)])
def test_a_change_on_either_way_redoes_what_reads_it(way: str, laps: int, tmp_path: Path) -> None:
    ledger, legs = ledger_of(tmp_path, 3), diamond()
    drain(order_of(ledger, legs=legs), DIAMOND)
    place = next(place for place, leg in enumerate(legs) if leg.name == way)
    *others, last = legs[place].steps
    assert isinstance(last, Step)
    changed = replace(last, make=partial(Heavier, last.make), settings="heavier")
    legs[place] = replace(legs[place], steps=(*others, changed))
    again = drain(order_of(ledger, legs=legs), DIAMOND)
    wanted = [f"{leg} {lap:06d}" for leg in (way, "joined") for lap in range(laps)]
    assert sorted(again) == sorted([*wanted, "all 000000"])


def test_no_leg_is_too_far_ahead_of_any_that_follows(tmp_path: Path) -> None:
    order = order_of(ledger_of(tmp_path, 9), legs=diamond(), ahead=2)
    first = taken(order, "right"), taken(order, "right")
    assert order.num_free(frozenset({"right"})) == 0
    for lap in first:
        do(order, lap)
    assert order.num_free(frozenset({"right"})) == 2, "they wait for the left, which must not wait for them"
    assert order.num_free(frozenset({"sources"})) == 2


def test_a_leg_before_what_it_depends_on_is_refused(tmp_path: Path) -> None:
    legs = diamond()
    with pytest.raises(ValueError, match="leg 'joined' depends on 'left', which does not stand before it"):
        order_of(ledger_of(tmp_path, 1), legs=[legs[0], legs[2], legs[3], legs[1]])
    with pytest.raises(ValueError, match="two legs are named 'sources'"):
        order_of(ledger_of(tmp_path, 1), legs=[legs[0], legs[0]])
