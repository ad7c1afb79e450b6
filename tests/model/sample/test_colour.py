"""Colours of a segment brought to those of the one before it."""

from __future__ import annotations

import pytest
import torch

from model.sample.colour import colours, matched

VIDEO = 0.3 * torch.randn(4, 3, 16, 24, generator=torch.Generator().manual_seed(0))


def test_the_first_frame_gets_mean_and_spread_of_the_last_one_and_all_frames_move_alike() -> None:
    gain, shift = torch.tensor([1.2, 0.9, 1.0]).view(3, 1, 1), torch.tensor([0.1, 0.0, -0.2]).view(3, 1, 1)
    found = matched(gain * VIDEO + shift, VIDEO[0])
    torch.testing.assert_close(colours(found[0]), colours(VIDEO[0]), rtol=0, atol=0.01)
    torch.testing.assert_close(found, VIDEO, rtol=0, atol=0.02)


@pytest.mark.parametrize(("steps", "changes"), [(1.5, False), (2.5, True)])
def test_what_is_not_seen_is_left_as_it_is(steps: float, changes: bool) -> None:
    darker = VIDEO - 2 * steps / 255
    assert torch.equal(matched(darker, VIDEO[0]), darker) != changes


def test_a_frame_of_one_colour_is_moved_and_not_torn() -> None:
    grey = torch.full((2, 3, 8, 8), 0.5)
    grey[1, :, 0, 0] = 0.6
    found = matched(grey, VIDEO[0])
    assert found.isfinite().all()
    assert found[1, 0, 0, 0] - found[1, 0, 1, 1] == pytest.approx(0.2)
    assert found[0].mean() == pytest.approx(float(VIDEO[0].clamp(-1, 1).mean()), abs=1e-3)


def test_colours_are_those_that_are_shown() -> None:
    """What lies beyond black and white is cut before anyone sees it."""
    assert torch.equal(matched(3 * torch.ones(2, 3, 4, 4), torch.ones(3, 4, 4)), 3 * torch.ones(2, 3, 4, 4))


def test_few_digits_are_enough_to_give() -> None:
    assert matched(VIDEO.bfloat16(), VIDEO[0].bfloat16() + 0.1).dtype == torch.float32
