from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.data.epoch_order import epoch_order
from model.data.groups import AS_IT_IS
from model.data.position import Position, advance, from_state, slots_left, slots_of_rank
from tests.model.data import stocks

SIZES = (7, 4, 9, 1, 5, 3)


def slots_of(epoch: int) -> int:
    return SIZES[epoch % len(SIZES)]


def everything(count: int) -> list[tuple[int, int]]:
    slots = ((epoch, slot) for epoch in itertools.count() for slot in range(slots_of(epoch)))
    return list(itertools.islice(slots, count))


def trained(position: Position, world_size: int, steps: int) -> tuple[list[tuple[int, int]], Position]:
    """Slots of some steps, step by step, and where that leads."""
    of_ranks = [
        list(itertools.islice(slots_of_rank(position, rank, world_size, slots_of), steps))
        for rank in range(world_size)
    ]
    slots = [(p.epoch, p.slot) for step in zip(*of_ranks, strict=True) for p in step]
    return slots, advance(position, steps * world_size, slots_of)


@given(st.lists(st.tuples(st.integers(1, 8), st.integers(0, 6)), min_size=1, max_size=5))
def test_whatever_the_ranks_the_slots_are_the_same_row_each_once(runs):
    position = Position(order="o")
    seen = []
    for world_size, steps in runs:
        slots, position = trained(position, world_size, steps)
        seen += slots
        position = from_state(position.as_state(), "o", new_epoch=False)
    assert seen == everything(len(seen))
    assert (position.epoch, position.slot) == everything(len(seen) + 1)[-1]


@given(st.integers(0, 30), st.integers(0, 6))
def test_slots_left(done, epochs):
    position = advance(Position(order="o"), done, slots_of)
    assert slots_left(position, epochs, slots_of) == max(sum(map(slots_of, range(epochs))) - done, 0)


def test_a_position_is_refused_by_another_order_and_another_version():
    state = Position(order="o", epoch=2, slot=1).as_state()
    with pytest.raises(ValueError, match="another order"):
        from_state(state, "p", new_epoch=False)
    with pytest.raises(ValueError, match="version 9"):
        from_state({**state, "version": 9}, "o", new_epoch=True)


@given(
    stocks.single_group,
    st.integers(1, 5),
    st.integers(1, 5),
    st.integers(0, 1000),
    st.integers(0, 2),
)
def test_resumed_on_other_ranks_the_rest_of_the_epoch_is_exactly_the_rest(samples, before, after, cut, seed):
    """Of the real order: what one run trained on and what the next one does make one epoch, each once."""
    settings = stocks.settings(groups=AS_IT_IS)
    dealt = epoch_order(samples, settings, seed, 0)
    size = len(dealt)
    position = Position(order="o")
    steps = cut % (size // before + 1)

    def slots(epoch: int) -> int:
        return size

    def rows(position: Position, world_size: int, count: int) -> list[int]:
        streams = [slots_of_rank(position, rank, world_size, slots) for rank in range(world_size)]
        taken = [next(stream) for _ in range(count) for stream in streams]
        return [draw.row for place in taken if place.epoch == 0 for draw in dealt.slot(place.slot)]

    first = rows(position, before, steps)
    rest = rows(advance(position, steps * before, slots), after, size)
    assert first + rest == dealt.row.tolist()
    assert sorted(first + rest) == list(range(len(samples.frames)))
