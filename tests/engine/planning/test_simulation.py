"""Runs on paper against what can be said without them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.needs import Needs
from engine.planning.simulation import Machines, Ran, Work, simulate

ONE = [Machines(name="a", count=1, cores=1)]
HALF_A_GPU = Needs(cpus=1.0, gpus=0.5, memory_bytes=0)
MANY = [Machines(name="a", count=2, cores=10)]


def wall(works: list[Work], machines: list[Machines]) -> float:
    return max(lap.stop_s for lap in simulate(works, machines))


def chain(*legs: tuple[float, ...], crew_s: float = 0.0) -> list[Work]:
    """Legs that follow each other lap for lap."""
    return [
        Work(leg=str(number), laps_s=laps, crew_s=crew_s, follows=(str(number - 1),) if number else ())
        for number, laps in enumerate(legs)
    ]


lap_times = st.lists(st.tuples(*[st.floats(0.1, 100)] * 3), min_size=1, max_size=20)


@given(lap_times)
def test_one_worker_takes_the_sum(laps: list[tuple[float, ...]]) -> None:
    works = chain(*zip(*laps, strict=True))
    assert wall(works, ONE) == pytest.approx(sum(map(sum, laps)))


@given(lap_times)
def test_enough_workers_take_the_longest_chain(laps: list[tuple[float, ...]]) -> None:
    works = chain(*zip(*laps, strict=True))
    assert wall(works, MANY) == pytest.approx(max(map(sum, laps)))


@given(lap_times)
def test_enough_workers_take_the_longest_lap_of_each_leg_that_waits(laps: list[tuple[float, ...]]) -> None:
    legs = [replace(work, follows=(), awaits=work.follows) for work in chain(*zip(*laps, strict=True))]
    assert wall(legs, MANY) == pytest.approx(sum(max(leg.laps_s) for leg in legs))


@given(lap_times, st.integers(1, 4), st.integers(1, 3))
def test_a_run_keeps_between_its_bounds_and_its_rules(
    laps: list[tuple[float, ...]], count: int, cores: int
) -> None:
    works = chain(*zip(*laps, strict=True))
    ran = simulate(works, [Machines(name="a", count=count, cores=cores)])
    total, longest = sum(map(sum, laps)), max(map(sum, laps))
    stop = max(lap.stop_s for lap in ran)
    assert max(longest, total / (count * cores)) - 1e-6 <= stop <= total / (count * cores) + longest + 1e-6
    assert sorted((lap.leg, lap.lap) for lap in ran) == [
        (leg, lap) for leg in range(3) for lap in range(len(laps))
    ]
    for lap in ran:
        at_once = [other for other in ran if other.machine == lap.machine and runs_at(other, lap.start_s)]
        assert len(at_once) <= cores
        before = [other for other in ran if (other.leg, other.lap) == (lap.leg - 1, lap.lap)]
        assert all(other.stop_s <= lap.start_s for other in before)


def runs_at(lap: Ran, time_s: float) -> bool:
    return lap.start_s <= time_s < lap.stop_s


def test_two_workers_take_half_of_equal_laps() -> None:
    assert wall([Work(leg="a", laps_s=(3.0,) * 10)], [Machines(name="a", count=2, cores=1)]) == 15.0
    assert wall([Work(leg="a", laps_s=(3.0,) * 9)], [Machines(name="a", count=1, cores=2)]) == 15.0


def test_a_worker_starts_once_and_makes_the_stages_of_a_leg_once() -> None:
    works = [Work(leg="a", laps_s=(1.0,) * 6, crew_s=5.0)]
    two = [Machines(name="a", count=2, cores=1)]
    assert max(lap.stop_s for lap in simulate(works, ONE, worker_s=10.0)) == 10 + 5 + 6
    assert max(lap.stop_s for lap in simulate(works, two, worker_s=10.0)) == 10 + 5 + 3
    both = chain((1.0, 1.0), (1.0, 1.0), crew_s=5.0)
    assert max(lap.stop_s for lap in simulate(both, ONE, worker_s=10.0)) == 10 + 2 * 5 + 4


def test_later_legs_come_first() -> None:
    ran = simulate(chain((1.0,) * 3, (1.0,) * 3), ONE)
    assert [(lap.leg, lap.lap) for lap in ran] == [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2)]


def test_a_costly_leg_on_gpus_hides_the_cheap_one() -> None:
    cheap, costly = (1.0,) * 8, (10.0,) * 8
    works = [
        Work(leg="cheap", laps_s=cheap),
        Work(leg="costly", laps_s=costly, needs=HALF_A_GPU, follows=("cheap",)),
    ]
    machines = [Machines(name="gpu", count=1, cores=8, gpus=1), Machines(name="cpu", count=1, cores=4)]
    ran = simulate(works, machines)
    assert max(lap.stop_s for lap in ran) == 1 + 8 * 10 / 2
    assert {lap.machine for lap in ran if lap.leg == 1} == {0}
    assert next(lap.machine for lap in ran) == 1, "work without a GPU goes to machines without one first"


def test_a_leg_without_laps_does_not_stop_the_run() -> None:
    works = [
        Work(leg="a", laps_s=(1.0,)),
        Work(leg="b", laps_s=(), awaits=("a",)),
        Work(leg="c", laps_s=(2.0,), awaits=("b",)),
    ]
    assert wall(works, MANY) == 3.0


@given(lap_times)
def test_two_ways_that_are_joined_take_the_longer_one(laps: list[tuple[float, ...]]) -> None:
    left, right, joined = zip(*laps, strict=True)
    works = [
        Work(leg="left", laps_s=left),
        Work(leg="right", laps_s=right),
        Work(leg="joined", laps_s=joined, follows=("left", "right")),
        Work(leg="all", laps_s=(5.0,), awaits=("joined",)),
    ]
    many = [Machines(name="a", count=2, cores=2 * len(laps))]
    assert wall(works, many) == pytest.approx(max(max(one, two) + end for one, two, end in laps) + 5.0)
    assert wall(works, ONE) == pytest.approx(sum(map(sum, laps)) + 5.0)


def test_a_leg_that_awaits_two_begins_when_both_are_over() -> None:
    works = [
        Work(leg="a", laps_s=(3.0,)),
        Work(leg="b", laps_s=(7.0,)),
        Work(leg="c", laps_s=(1.0,), awaits=("a", "b")),
    ]
    assert wall(works, MANY) == 8.0


def test_work_that_fits_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match=r"leg 'a': no machine has 1 cores and 0\.5 GPUs for a worker"):
        simulate([Work(leg="a", laps_s=(1.0,), needs=HALF_A_GPU)], MANY)
    with pytest.raises(ValueError, match="leg '1' follows '0' lap for lap, which has other laps"):
        simulate(chain((1.0,), (1.0, 1.0)), ONE)
    with pytest.raises(ValueError, match="leg '1' depends on '0', which does not stand before it"):
        simulate(chain((1.0,), (1.0,))[1:], ONE)


def holding(weights: str) -> Needs:
    return Needs(cpus=1.0, gpus=0.0, memory_bytes=0, weights=frozenset({weights}))


def test_the_cores_of_a_leg_that_is_over_serve_the_next() -> None:
    """Two kinds on two cores: both cores are at the first, and then at the second."""
    works = [
        Work(leg="a", laps_s=(2.0,) * 4, needs=holding("one")),
        Work(leg="b", laps_s=(3.0,) * 4, needs=holding("other"), awaits=("a",)),
    ]
    two = [Machines(name="a", count=1, cores=2)]
    ran = simulate(works, two, worker_s=10.0)
    assert max(lap.stop_s for lap in ran) == (10 + 2 * 2) + (10 + 2 * 3)
    assert len({lap.worker for lap in ran}) == 4
    assert {lap.worker for lap in ran if lap.leg == 0}.isdisjoint(lap.worker for lap in ran if lap.leg == 1)


def test_idle_workers_of_one_kind_make_room_for_another_and_come_back() -> None:
    """The first and the last leg are of one kind: its worker goes for the one between, and another comes."""
    works = [
        Work(leg="a", laps_s=(1.0,), needs=holding("one")),
        Work(leg="b", laps_s=(1.0,), needs=holding("other"), awaits=("a",)),
        Work(leg="c", laps_s=(1.0,), needs=holding("one"), awaits=("b",)),
    ]
    assert max(lap.stop_s for lap in simulate(works, ONE, worker_s=10.0)) == 3 * 11
    assert max(lap.stop_s for lap in simulate(works, MANY, worker_s=10.0)) == 2 * 11 + 1
