"""Solvers on equations whose solution is known."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from model.flow.path import between
from model.flow.solver import Velocity, euler, heun
from model.flow.timesteps import descent
from tests.model.nets_inputs import seed

Solver = Callable[[Velocity, Tensor, Tensor], Tensor]


@pytest.mark.parametrize("solver", [euler, heun])
def test_a_straight_path_is_solved_in_one_step(solver: Solver) -> None:
    x_0, eps = torch.randn(2, 3, 4, generator=seed(0))
    found = solver(lambda x, t: between(x_0, eps, t).v, eps, descent(1, timestep_shift=5.0))
    torch.testing.assert_close(found, x_0)


def error(solver: Solver, steps: int) -> float:
    """Of dx/dt = x from x(1) = e, where x(0) = 1."""
    start = torch.full((1,), math.e, dtype=torch.float64)
    return abs(float(solver(lambda x, _: x, start, descent(steps, timestep_shift=1.0))) - 1)


@pytest.mark.parametrize(("solver", "order"), [(euler, 1), (heun, 2)])
def test_order_of_accuracy(solver: Solver, order: int) -> None:
    assert math.log2(error(solver, 32) / error(solver, 64)) == pytest.approx(order, abs=0.05)


def test_velocities_are_told_the_time_of_every_sample() -> None:
    asked: list[list[float]] = []

    def velocity(x: Tensor, t: Tensor) -> Tensor:
        asked.append(t.tolist())
        return torch.zeros_like(x)

    euler(velocity, torch.zeros(2, 1), descent(2, timestep_shift=3.0))
    assert asked == [[1, 1], [0.75, 0.75]]
    asked.clear()
    heun(velocity, torch.zeros(1, 1), descent(2, timestep_shift=3.0))
    assert asked == [[1], [0.75], [0.75], [0]]
