from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.clock import first_tick, num_ticks

MS = Fraction(1, 1000)


@pytest.mark.parametrize(
    ("begin_s", "tick"),
    [
        (Fraction(0), 0),
        (Fraction(1, 24), 1),
        (Fraction(1, 24) + MS, 1),  # rounded up by a container that counts milliseconds
        (Fraction(1, 24) + 2 * MS, 2),
        (Fraction(1, 24) - 2 * MS, 1),
        (Fraction(1, 60), 1),
        (Fraction(3, 60), 2),
        (Fraction(1, 10), 3),
        (Fraction(10), 240),
    ],
)
def test_a_picture_is_shown_from_the_next_tick_on(begin_s: Fraction, tick: int) -> None:
    assert first_tick(begin_s) == tick


def test_lengths_are_counted_in_ticks() -> None:
    assert num_ticks(10.0) == 240
    assert num_ticks(100 / 60) == 40
    assert num_ticks(1 / 24) == 1


@given(st.lists(st.integers(1, 400), min_size=2, max_size=60))
def test_every_tick_shows_exactly_one_picture(gaps_ms: list[int]) -> None:
    begins = [Fraction(sum(gaps_ms[:k]), 1000) for k in range(len(gaps_ms) + 1)]
    ticks = [first_tick(begin) for begin in begins]
    shown = [k for k in range(len(gaps_ms)) for _ in range(ticks[k], ticks[k + 1])]
    for tick, picture in enumerate(shown):
        now = Fraction(tick, 24) + MS
        assert begins[picture] <= now < begins[picture + 1]
