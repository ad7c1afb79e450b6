"""Lips in time: told from lips that are late, by the motion alone."""

from __future__ import annotations

import pytest
import torch

from model.train.objectives.speech import in_time
from tests.model.nets_inputs import seed


def test_a_mouth_is_in_time_where_it_is_nearest_to_its_own_and_not_where_it_is_late() -> None:
    """Chance is one of 25 offsets, or of as many as a window near an end of a clip has."""
    shown = torch.randn(2, 49, 16, generator=seed(4))
    seen = torch.ones(2, 49, dtype=torch.bool)
    sync, right = in_time(shown, shown, seen)
    assert float(sync) == pytest.approx(0, abs=0.01)
    assert right == 1
    late = shown.roll(4, dims=1)
    sync, right = in_time(late, shown, seen)
    assert sync > 1
    assert right < 0.2
    for by in (1, -1):  # a frame is not seen
        assert in_time(shown.roll(by, dims=1), shown, seen)[1] > 0.9
    still, _ = in_time(torch.zeros_like(shown), torch.ones_like(shown), seen)
    assert float(still) == pytest.approx(1, rel=1e-5)
    hidden = seen.clone()
    hidden[:, ::4] = False
    assert [float(one) for one in in_time(shown, shown, hidden)] == [0, 0], "no window is seen whole"
    assert [float(one) for one in in_time(shown[:, :4], shown[:, :4], seen[:, :4])] == [0, 0]
    guess = shown.roll(2, dims=1).requires_grad_()
    in_time(guess, shown, seen)[0].backward()
    assert guess.grad is not None
    assert guess.grad.isfinite().all()
    nearer = in_time((guess - 0.5 * guess.grad / guess.grad.abs().mean() * 0.1).detach(), shown, seen)[0]
    assert nearer < in_time(guess.detach(), shown, seen)[0], "its gradient leads to its time"
