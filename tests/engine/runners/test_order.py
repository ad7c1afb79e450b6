"""What runs next: later legs first, none too far ahead, each lap once, and nothing that has landed."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.ledger import Landed, Lap, Ledger
from engine.runners.order import Chain, chains
from tests.engine.runners.odd import enlisted, house

ALL = frozenset({"sources", "groups"})
FIRST = frozenset({"sources"})


def ledger_of(out: Path, laps: int) -> Ledger:
    return enlisted(out, *(f"/v/fine-{n}" for n in range(laps)))


class Seal:
    broken = 0

    def __call__(self) -> None:
        self.broken += 1


def chain_of(ledger: Ledger, *, ahead: int = 100, seal: Seal | None = None) -> Chain:
    return Chain(house(1), ledger, ahead=ahead, unseal=seal or Seal())


def do(chain: Chain, lap: Lap) -> Landed:
    """Run a lap for real, and tell the chain."""
    from engine.leg import LegRunner

    leg = next(leg for leg in house(1) if leg.name == lap.leg)
    landed = LegRunner(leg, float, lambda step, stage: stage).run(lap, chain.ledger, lambda tallies: None)
    chain.landed(lap, landed)
    return landed


def drain(chain: Chain) -> list[str]:
    order = []
    while (lap := chain.take(ALL)) is not None:
        order.append(f"{lap.leg} {lap.name}")
        do(chain, lap)
    return order


def test_legs_that_follow_one_another_overlap() -> None:
    names = [[leg.name for leg in chain] for chain in chains(house(1))]
    assert names == [["sources", "groups"]]


def test_the_later_leg_comes_first(tmp_path: Path) -> None:
    chain = chain_of(ledger_of(tmp_path, 2))
    assert drain(chain) == ["sources 000000", "groups 000000", "sources 000001", "groups 000001"]
    assert chain.over


def test_no_leg_is_further_ahead_than_allowed(tmp_path: Path) -> None:
    chain = chain_of(ledger_of(tmp_path, 5), ahead=2)
    first, second = chain.take(FIRST), chain.take(FIRST)
    assert first is not None
    assert second is not None
    assert chain.take(FIRST) is None
    do(chain, first)
    assert chain.take(FIRST) is None  # it has landed, and waits to be followed
    follower = chain.take(ALL)
    assert follower is not None
    assert follower.leg == "groups"
    assert chain.take(FIRST) is not None


def test_a_lap_that_was_lost_is_the_next(tmp_path: Path) -> None:
    chain = chain_of(ledger_of(tmp_path, 3))
    lost = chain.take(ALL)
    assert lost is not None
    chain.give_back(lost)
    assert chain.take(ALL) == lost


def test_what_has_landed_is_not_run_again(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path, 3)
    seal = Seal()
    chain = chain_of(ledger, seal=seal)
    assert seal.broken == 0
    done = chain.take(ALL)
    assert done is not None
    assert seal.broken == 1
    do(chain, done)
    again = chain_of(ledger)
    assert not again.over
    assert drain(again) == [
        "groups 000000",
        "sources 000001",
        "groups 000001",
        "sources 000002",
        "groups 000002",
    ]
    seal = Seal()
    assert chain_of(ledger, seal=seal).over
    assert seal.broken == 0


def test_a_lap_out_of_plan_breaks_the_seal_before_it_goes(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path, 3)
    drain(chain_of(ledger))

    class Looking(Seal):
        def __call__(self) -> None:
            assert len(ledger.names("groups")) == 3, "the index must go before what it vouches for"
            super().__call__()

    seal = Looking()
    chain = Chain(house(2), ledger, ahead=9, unseal=seal)
    assert seal.broken == 1
    assert ledger.names("groups") == ["000000", "000001"]
    assert not chain.over


@pytest.mark.parametrize("legs", [FIRST, ALL])
def test_wanted_and_needed(legs: frozenset[str], tmp_path: Path) -> None:
    chain = chain_of(ledger_of(tmp_path, 2))
    assert chain.wanted(legs) == 2
    assert chain.needs(legs)
    drain(chain)
    assert chain.wanted(legs) == 0
    assert not chain.needs(legs)
    assert [(lane.laps, lane.done, lane.items, lane.items_done) for lane in chain.lanes] == [(2, 2, 2, 2)] * 2


def test_a_landing_that_somebody_takes_away_is_missed(tmp_path: Path) -> None:
    """As a worker does that was given up for dead, and begins to land what another has landed."""
    ledger = ledger_of(tmp_path, 2)
    chain = chain_of(ledger)
    drain(chain)
    assert chain.gone() == []
    (tmp_path / "landings" / "groups" / "part-000001.done").unlink()
    assert chain.gone() == ["groups/000001"]


def test_what_was_rejected_can_be_tried_again(tmp_path: Path) -> None:
    ledger = enlisted(tmp_path, "/v/fine-1", "/v/bad-1", "/v/fine-2")
    drain(chain_of(ledger))
    assert chain_of(ledger).over
    again = Chain(house(1), ledger, ahead=9, unseal=Seal(), retry=("unreadable",))
    assert drain(again) == ["sources 000001"]  # what follows from it is the same as before
    assert Chain(house(1), ledger, ahead=9, unseal=Seal(), retry=("crashed",)).over
