"""How many workers each kind should have: said of numbers alone, without a cluster."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.core import Step
from engine.leg import Leg
from engine.needs import Capacity, Needs
from engine.runners.ray.pools import Demand, Limits, balance, kinds

ONE = Needs(cpus=1.0, gpus=0.0, memory_bytes=2**30)
HEAVY = replace(ONE, weights=frozenset({"estimators"}))
TWO = replace(ONE, cpus=2.0)
GPU = Needs(cpus=1.0, gpus=0.5, memory_bytes=2**30)
FREE = Limits(workers=None, gpu_workers=None)


def machine(cpus: float, gpus: float = 0.0) -> Capacity:
    return Capacity(cpus=cpus, gpus=gpus, memory_bytes=2.0**40)


def leg(name: str, needs: Needs) -> Leg:
    step: Step[Any, Any] = Step(
        name=name,
        make=list,  # type: ignore[arg-type]
        takes=int,
        gives=int,
        cpus=needs.cpus,
        gpus=needs.gpus,
        memory_bytes=needs.memory_bytes,
        weights=needs.weights,
    )
    return Leg(name=name, steps=(step,), plan=lambda ledger, leg: [])


def test_a_kind_for_each_distinct_need_and_one_for_those_that_need_the_same() -> None:
    house = [leg("a", ONE), leg("b", HEAVY), leg("c", GPU), leg("d", ONE), leg("e", TWO)]
    assert [(kind.name, sorted(kind.legs)) for kind in kinds(house)] == [
        ("gpu", ["c"]),
        ("cpu", ["e"]),
        ("cpu1", ["a", "d"]),
        ("cpu2", ["b"]),
    ]
    assert [kind.needs for kind in kinds(house)] == [house[number].needs for number in (2, 4, 0, 1)]


def test_a_pool_grows_while_laps_wait_and_there_is_room() -> None:
    assert balance([Demand(needs=ONE, laps=5)], [machine(2), machine(1)], FREE) == [3]
    assert balance([Demand(needs=ONE, laps=2)], [machine(2), machine(1)], FREE) == [2]
    assert balance([Demand(needs=ONE, laps=2, waiting=2)], [machine(9)], FREE) == [0]
    assert balance([Demand(needs=ONE, laps=2, busy=2)], [machine(3)], FREE) == [1]


def test_a_pool_whose_legs_are_over_goes_and_its_cores_serve_the_next() -> None:
    over, waits = Demand(needs=ONE, over=True, waiting=2), Demand(needs=HEAVY, laps=4)
    assert balance([over, waits], [machine(2)], FREE) == [-2, 2]
    assert balance([waits, over], [machine(2)], FREE) == [2, -2]


def test_who_has_had_nothing_to_do_makes_room_for_who_has() -> None:
    """Its kind will be needed again, so that it goes only where another needs its place."""
    idle, waits = Demand(needs=ONE, waiting=2, spare=2), Demand(needs=HEAVY, laps=1)
    assert balance([idle, waits], [machine(2)], FREE) == [-1, 1]
    assert balance([idle, waits], [machine(3)], FREE) == [0, 1]
    assert balance([replace(idle, spare=0), waits], [machine(2)], FREE) == [0, 0]
    assert balance([replace(idle, waiting=3, spare=3), Demand(needs=TWO, laps=1)], [machine(3)], FREE) == [
        -2,
        1,
    ]


def test_nobody_goes_in_vain() -> None:
    idle, waits = Demand(needs=ONE, waiting=1, spare=1), Demand(needs=TWO, laps=1)
    assert balance([idle, waits], [machine(1)], FREE) == [0, 0]


def test_processors_that_go_with_gpus_are_left_to_them_until_their_legs_are_over() -> None:
    gpu, cpu = Demand(needs=GPU), Demand(needs=ONE, laps=9)
    assert balance([gpu, cpu], [machine(4, 1)], FREE) == [0, 2]
    assert balance([replace(gpu, laps=9), cpu], [machine(4, 1)], FREE) == [2, 2]
    assert balance([replace(gpu, over=True, waiting=2), cpu], [machine(4, 1)], FREE) == [-2, 4]


def test_numbers_hold_for_all_kinds_together_and_let_a_cluster_grow() -> None:
    limits = Limits(workers=3, gpu_workers=1)
    demands = [Demand(needs=GPU, laps=9), Demand(needs=ONE, laps=2), Demand(needs=HEAVY, laps=9)]
    assert balance(demands, [], limits) == [1, 2, 1]
    idle = Demand(needs=ONE, waiting=3, spare=3)
    assert balance([idle, Demand(needs=HEAVY, laps=2)], [machine(9)], limits) == [-2, 2]


def test_who_waits_for_a_place_gets_that_of_one_who_has_nothing_to_do() -> None:
    """Numbers say that there is room for both, and the machines have none."""
    limits = Limits(workers=4, gpu_workers=None)
    idle, waits = Demand(needs=ONE, waiting=2, spare=2), Demand(needs=HEAVY, laps=1, waiting=1, unplaced=1)
    assert balance([idle, waits], [machine(2)], limits) == [-1, 0]
    assert balance([replace(idle, spare=0), waits], [machine(2)], limits) == [0, 0]


def test_where_nobody_works_one_is_hired_that_no_machine_holds_yet() -> None:
    assert balance([Demand(needs=GPU), Demand(needs=ONE, laps=9)], [], FREE) == [0, 1]
    assert balance([Demand(needs=GPU, laps=9), Demand(needs=ONE, laps=9)], [], FREE) == [1, 0]
    assert balance([Demand(needs=GPU, laps=9), Demand(needs=ONE, busy=1)], [machine(1)], FREE) == [0, 0]
