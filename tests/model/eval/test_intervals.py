"""Intervals of distances over pairs: of a mean the textbook's, and rows are left out as told."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from model.eval.intervals import GROUPS, Without, interval, spans_of


def mean_apart(made: Without, truth: Without) -> float:
    return float(made[0 : len(made)].mean() - truth[0 : len(truth)].mean())


def test_of_a_mean_it_is_students() -> None:
    values = np.random.default_rng(1).normal(3, 2, (GROUPS, 1))
    reach = interval(mean_apart, values, np.zeros((GROUPS, 1)), spans_of([1] * GROUPS, [1] * GROUPS), 2)
    low, high = stats.t.interval(0.95, GROUPS - 1, values.mean(), stats.sem(values[:, 0]))
    assert reach == pytest.approx((high - low) / 2)


def test_what_is_left_are_all_other_rows_in_any_pieces() -> None:
    rows = np.arange(10.0)[:, None]
    for start, stop in ((0, 3), (4, 6), (7, 10), (5, 5)):
        left, whole = Without(rows, start, stop), np.delete(rows, np.s_[start:stop], axis=0)
        assert left.shape == whole.shape
        for a in range(11):
            for b in range(a, 12):
                np.testing.assert_array_equal(left[a:b], whole[a:b])


def test_rows_of_pairs_lie_one_behind_the_other() -> None:
    assert spans_of([2, 3], [4, 1]) == [(slice(0, 2), slice(0, 4)), (slice(2, 5), slice(4, 5))]


@pytest.mark.parametrize(("pairs", "least"), [(1, 1), (3, 3)])
def test_one_pair_or_too_few_rows_have_none(pairs: int, least: int) -> None:
    rows = np.zeros((pairs, 1))
    assert interval(mean_apart, rows, rows, spans_of([1] * pairs, [1] * pairs), least) is None
