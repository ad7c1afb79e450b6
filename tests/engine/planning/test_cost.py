from __future__ import annotations

from typing import Any

import pytest

from engine.planning.cost import bill, machines_of
from engine.planning.simulation import Machines, Work
from tests.engine.planning.test_simulation import HALF_A_GPU


def test_machines_are_said_in_a_word() -> None:
    assert machines_of("gpu=4x8+1@0.80") == Machines(name="gpu", count=4, cores=8, gpus=1, price=0.8)
    assert machines_of("cpu=8x16") == Machines(name="cpu", count=8, cores=16)


@pytest.mark.parametrize(
    "word", ["", "cpu", "cpu=8", "cpu=0x16", "8x16", "cpu=8x16@free", "cpu=8x16+@1", "a=1x1@1e3"]
)
def test_a_word_that_says_no_machines_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="is no list of machines"):
        machines_of(word)


def test_a_bill_on_paper() -> None:
    """Three hours of cheap work on 6 cores, then eight of costly work on 2 GPUs, two workers each."""
    hour = 3600.0
    works = [
        Work(leg="cheap", laps_s=(hour / 2,) * 6),
        Work(leg="costly", laps_s=(hour,) * 8, needs=HALF_A_GPU, awaits=("cheap",)),
    ]
    result = bill(works, [machines_of("head=1x0@0.1"), machines_of("cpu=2x2@1"), machines_of("gpu=2x3+1@3")])
    assert result.wall_s == 0.5 * hour + 2 * hour
    assert [
        (leg.leg, leg.laps, leg.work_s / hour, leg.start_s / hour, leg.stop_s / hour) for leg in result.legs
    ] == [
        ("cheap", 6, 3.0, 0.0, 0.5),
        ("costly", 8, 8.0, 0.5, 2.5),
    ]
    assert [leg.least_s / hour for leg in result.legs] == [0.5, 2.0]
    assert result.bottleneck.leg == "costly"
    paid: dict[str, Any] = {
        one.kind.name: (one.paid_s / hour, one.used, one.price) for one in result.machines
    }
    assert paid["head"] == (2.5, 0.0, 0.25)
    assert paid["cpu"] == (1.0, 1.0, 1.0)
    assert paid["gpu"] == (5.0, pytest.approx((8 + 2 * 0.5) / (5 * 3)), 15.0)
    assert result.price == 16.25


def test_a_machine_without_a_price_leaves_the_whole_without_one() -> None:
    result = bill([Work(leg="a", laps_s=(1.0,))], [machines_of("a=1x1@1"), machines_of("b=1x1")])
    assert result.price is None
