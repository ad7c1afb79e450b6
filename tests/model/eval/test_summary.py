"""What pairs come to, and what is withheld."""

from __future__ import annotations

import numpy as np
import pytest

from model.eval.intervals import spans_of
from model.eval.metrics import METRICS
from model.eval.summary import SETS, mean_values, of_means, of_set


def test_a_method_comes_to_the_mean_over_its_pairs_and_its_spread() -> None:
    numbers = of_means([{"psnr": 20.0}, {"psnr": 30.0}], seed=0, bootstraps=1000)
    assert (numbers["psnr"].value, numbers["psnr"].n) == (25.0, 2)
    assert (numbers["psnr"].low, numbers["psnr"].high) == (20.0, 30.0)
    assert of_means([{"psnr": 20.0}], seed=0, bootstraps=9)["psnr"].low is None
    assert of_means([], seed=0, bootstraps=9) == {}


def test_what_is_not_measured_is_not_zero() -> None:
    values = mean_values(
        {"csim_dlib": np.array([0.9, np.nan, 0.7]), "eyes": np.array([np.nan])}, {"flicker": 2.0}
    )
    assert values == {"csim_dlib": pytest.approx(0.8), "flicker": 2.0}
    numbers = of_means([{"csim_dlib": 0.8}, {}], seed=0, bootstraps=9)
    assert (numbers["csim_dlib"].value, numbers["csim_dlib"].n) == (0.8, 1)


def test_a_set_is_told_where_there_are_rows_enough_and_withheld_with_its_reason_where_not() -> None:
    rows = np.random.default_rng(2).normal(size=(40, 4)).astype(np.float32)
    good = of_set("fvd_videogpt", rows + 1, rows, missing=0, allow_small=False)
    assert good.value == pytest.approx(4.0, rel=1e-5)  # a shift of 1 in four dimensions
    assert good.n == 40
    small = of_set("fvd_videogpt", rows[:3] + 1, rows[:3], missing=0, allow_small=False)
    assert small.value is None
    assert small.withheld == "3 rows of 4 features: a covariance needs 4"
    spans = spans_of([10] * 4, [10] * 4)
    held = of_set("kid", rows * 2, rows, missing=0, allow_small=False, spans=spans)
    assert held.value is not None
    assert held.low is not None
    assert held.high is not None
    assert held.low < held.value < held.high
    assert held.high - held.value == pytest.approx(held.value - held.low)
    asked = of_set("fvd_videogpt", rows[:3] + 1, rows[:3], missing=0, allow_small=True)
    assert asked.value == pytest.approx(4.0, rel=1e-4)
    lacking = of_set("kvd_videogpt", rows, rows, missing=1, allow_small=True)
    assert (lacking.value, lacking.withheld) == (None, "1 pairs are missing")
    assert (
        of_set("kid", rows[:1], rows, missing=0, allow_small=True).withheld
        == "fewer than two rows of features"
    )


def test_every_number_of_a_set_is_a_metric() -> None:
    assert SETS.keys() <= METRICS.keys()
