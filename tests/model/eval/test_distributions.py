"""Distances of sets by their closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from model.eval.distributions import frechet, kid


def rows(n: int, d: int, seed: int = 5) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(n, d))


def whitened(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of mean 0 and exactly this covariance."""
    x = rows(400, 2)
    x -= x.mean(axis=0)
    x @= np.linalg.inv(np.linalg.cholesky(np.cov(x, rowvar=False))).T
    return x @ np.linalg.cholesky(covariance).T


def test_two_by_two() -> None:
    one, other = np.array([[2, 0.6], [0.6, 1]]), np.array([[1.5, -0.3], [-0.3, 0.8]])
    assert frechet(whitened(one), whitened(other)) == pytest.approx(0.344823314519, abs=1e-9)


def test_equal_sets_are_not_apart() -> None:
    x = rows(50, 8)
    assert frechet(x, x) == pytest.approx(0, abs=1e-9)
    assert frechet(x[:4], x[:4]) == pytest.approx(0, abs=1e-6)  # fewer rows than dimensions
    assert kid(x, x) < 0  # unbiased: a pair of equal rows is no chance meeting


def test_a_shift_adds_its_square_and_a_scale_multiplies_by_its_square() -> None:
    x, y = rows(50, 8), rows(50, 8, seed=6) * 2
    shift = np.arange(8) / 3
    assert frechet(x, x + shift) == pytest.approx(shift @ shift)
    assert frechet(3 * x, 3 * y) == pytest.approx(9 * frechet(x, y))


def test_kid_of_two_distributions_does_not_depend_on_how_many_rows_there_are() -> None:
    few = np.mean([kid(rows(8, 4, seed), rows(8, 4, 1000 + seed)) for seed in range(400)])
    assert abs(few) < 0.05
    assert kid(rows(200, 4), rows(200, 4, 6) + 2) > 5


@pytest.mark.parametrize("distance", [frechet, kid])
@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (rows(1, 3), rows(5, 3), "have no distance"),
        (rows(5, 3), rows(5, 4), "have no distance"),
        (rows(5, 3), np.full((5, 3), np.nan), "not finite"),
    ],
)
def test_what_has_no_distance_is_refused(distance, one, other, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        distance(one, other)
