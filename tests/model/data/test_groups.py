"""Shares of groups and weights of data sets become draws, in numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from model.data.groups import AS_IT_IS, EVEN, decks, quotas

# twelve samples: two data sets of six; the first has two full figures, the second halves alone
DATA_SET = np.repeat([0, 1], 6)
GROUP = np.array([0, 0, 1, 1, 1, 1] + [1] * 6)
ALL = np.ones(12, np.bool_)


def drawn(weights: tuple[float, ...]) -> dict[str, int]:
    dealt = decks(EVEN, weights, GROUP, DATA_SET, ALL)
    return {deck.name: quota for deck, quota in zip(dealt, quotas(dealt).tolist(), strict=True)}


def test_without_weights_data_sets_are_one_pot() -> None:
    assert drawn(()) == {"full": 6, "half": 6}
    (deck,) = decks(AS_IT_IS, (), 0 * GROUP, DATA_SET, ALL)
    assert deck.rows.tolist() == list(range(12))


def test_each_data_set_has_its_weight_dealt_among_the_groups_that_it_has() -> None:
    names = ("full of data set 1", "half of data set 1", "half of data set 2")
    assert drawn((1, 1)) == dict(zip(names, (3, 3, 6), strict=True))
    assert drawn((2, 1)) == dict(zip(names, (4, 4, 4), strict=True))
    assert drawn((0, 5)) == dict(zip(names, (0, 0, 6), strict=True)), "what has no weight is dropped"


def test_a_weight_without_a_sample_and_a_share_without_one_are_refused() -> None:
    with pytest.raises(ValueError, match="data set 2 has a weight of 1 and no sample to be drawn"):
        decks(EVEN, (1, 1), GROUP, DATA_SET, ALL & (DATA_SET == 0))
    assert decks(EVEN, (1, 0), GROUP, DATA_SET, ALL & (DATA_SET == 0))
    with pytest.raises(ValueError, match=r"group 'full' has 0 samples for a share of 0\.5"):
        decks(EVEN, (1, 1), GROUP, DATA_SET, ALL & (GROUP == 1))
