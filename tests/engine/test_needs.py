"""Where workers find room, against what can be said without placing them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.needs import Capacity, Needs, left_of, place_for, without_gpus


def needs(cpus: float, gpus: float = 0.0, memory: int = 0) -> Needs:
    return Needs(cpus=cpus, gpus=gpus, memory_bytes=memory)


def machine(cpus: float, gpus: float = 0.0, memory: float = 2.0**40) -> Capacity:
    return Capacity(cpus=cpus, gpus=gpus, memory_bytes=memory)


def test_a_machine_holds_as_many_as_its_scarcest_part() -> None:
    assert machine(8, 1).fits(needs(1, 0.5)) == 2
    assert machine(1, 1).fits(needs(1, 0.5)) == 1
    assert machine(8, 0).fits(needs(1, 0.5)) == 0
    assert machine(8, memory=3.5).fits(needs(1, memory=1)) == 3
    assert machine(-1).fits(needs(1)) == 0


def test_what_two_workers_leave_is_no_room_for_a_larger_one() -> None:
    """Sums would say that four cores are left; no machine has more than two of them."""
    left = left_of([machine(3), machine(3)], [needs(1), needs(2)])
    assert sorted(one.cpus for one in left) == [0, 3]
    left = left_of([machine(3), machine(3)], [needs(2), needs(2)])
    assert place_for(left, needs(1)) is not None
    assert place_for(left, needs(2)) is None


def test_the_hungriest_has_its_place_first_whoever_came_first() -> None:
    left = left_of([machine(3), machine(2)], [needs(1), needs(3)])
    assert [one.cpus for one in left] == [0, 1]


def test_the_first_machine_that_holds_a_worker_gets_it() -> None:
    assert place_for([machine(0.5), machine(1), machine(4, 1)], needs(1)) == 1
    assert place_for([machine(0.5), machine(1), machine(4, 1)], needs(1, 0.5)) == 2
    assert place_for([], needs(1)) is None


def test_processors_that_go_with_gpus_are_kept() -> None:
    (left,) = without_gpus([machine(4, 1)], [needs(1, 0.5)])
    assert (left.cpus, left.gpus) == (2, 0)
    (left,) = without_gpus([machine(4, 1)], [needs(1, 1.0), needs(1, 0.5)])
    assert left.cpus == 3


@given(st.lists(st.integers(1, 4), max_size=12), st.lists(st.integers(1, 8), min_size=1, max_size=4))
def test_nothing_is_placed_where_it_does_not_fit(workers: list[int], machines: list[int]) -> None:
    left = left_of([machine(cpus) for cpus in machines], [needs(cpus) for cpus in workers])
    assert all(0 <= one.cpus <= cpus for one, cpus in zip(left, machines, strict=True))
    placed = sum(machines) - sum(one.cpus for one in left)
    assert placed <= sum(workers)
    if placed < sum(workers):
        assert max(workers) > min(one.cpus for one in left)
