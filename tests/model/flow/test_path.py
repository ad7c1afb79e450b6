"""The straight path, there and back."""

from __future__ import annotations

import torch

from model.flow.path import PathPoint, between, data, noise
from tests.model.nets_inputs import seed


def test_the_path_leads_from_data_to_noise() -> None:
    x_0, eps = torch.full((3, 2), 4.0), torch.full((3, 2), -4.0)
    point = between(x_0, eps, torch.tensor([0.0, 0.25, 1.0]))
    assert point.x_t[:, 0].tolist() == [4, 2, -4]
    assert point.v.eq(-8).all()


def test_a_point_and_its_velocity_tell_both_ends() -> None:
    x_0, eps = torch.randn(2, 5, 4, 3, generator=seed(0), dtype=torch.float64)
    t = torch.rand(5, generator=seed(1), dtype=torch.float64)
    point = between(x_0, eps, t)
    torch.testing.assert_close(data(point, t), x_0)
    torch.testing.assert_close(noise(point, t), eps)


def test_the_velocity_is_the_slope() -> None:
    x_0, eps = torch.randn(2, 1, 4, generator=seed(0), dtype=torch.float64)
    here, there = (between(x_0, eps, torch.tensor([t])) for t in (0.3, 0.5))
    torch.testing.assert_close((there.x_t - here.x_t) / 0.2, here.v)
    assert isinstance(here, PathPoint)
