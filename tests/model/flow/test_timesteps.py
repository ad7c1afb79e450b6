"""Times of training and of sampling."""

from __future__ import annotations

import pytest
import torch

from model.flow.timesteps import descent, draw, shift
from tests.model.nets_inputs import seed


def test_shift_keeps_the_ends_and_moves_the_middle_towards_noise() -> None:
    assert shift(torch.tensor([0.0, 0.5, 1.0]), 3.0).tolist() == [0, 0.75, 1]
    assert shift(torch.tensor([0.2]), 1.0).tolist() == pytest.approx([0.2])


def test_drawn_times_are_a_shifted_logit_normal() -> None:
    times = draw(20_000, seed(0), timestep_shift=5.0)
    plain = shift(times, 1 / 5.0)  # the inverse
    logits = torch.logit(plain.double())
    assert logits.mean().abs() < 0.02
    assert (logits.std() - 1).abs() < 0.02
    assert times.min() > 0
    assert times.max() < 1
    assert times.median() == pytest.approx(5 / 6, abs=0.01)


@pytest.mark.parametrize("within", [(0.9, 1.0), (0.0, 0.9), (0.3, 0.4)])
def test_times_of_one_network_of_two_are_those_of_all_that_lie_there(within: tuple[float, float]) -> None:
    low, high = within
    some = draw(20_000, seed(0), timestep_shift=5.0, within=within)
    every = draw(80_000, seed(1), timestep_shift=5.0)
    there = every[(every >= low) & (every <= high)]
    assert low <= some.min()
    assert some.max() <= high
    shares = torch.tensor([0.1, 0.5, 0.9])
    torch.testing.assert_close(some.quantile(shares), there.quantile(shares), atol=0.01, rtol=0)


def test_a_generator_tells_the_times() -> None:
    assert torch.equal(draw(8, seed(0), timestep_shift=3.0), draw(8, seed(0), timestep_shift=3.0))
    assert not torch.equal(draw(8, seed(0), timestep_shift=3.0), draw(8, seed(1), timestep_shift=3.0))


def test_the_way_down_is_even_before_its_shift() -> None:
    assert descent(4, timestep_shift=1.0).tolist() == [1, 0.75, 0.5, 0.25, 0]
    assert descent(2, timestep_shift=3.0).tolist() == [1, 0.75, 0]
    with pytest.raises(ValueError, match="0 steps do not lead"):
        descent(0, timestep_shift=1.0)
