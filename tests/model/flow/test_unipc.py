"""UniPC on flows whose solution is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from model.flow.path import between
from model.flow.solver import euler
from model.flow.timesteps import descent
from model.flow.unipc import unipc
from tests.model.nets_inputs import seed

MEAN, SPREAD = 0.7, 0.4


def of_a_normal(x: Tensor, t: Tensor) -> Tensor:
    """The velocity where data are normal: at each point eps - x_0 as they are on average there."""
    t = t.double()[:, None]
    variance = ((1 - t) * SPREAD) ** 2 + t**2
    eps = t / variance * (x - (1 - t) * MEAN)
    return eps - (MEAN + (1 - t) * SPREAD**2 / variance * (x - (1 - t) * MEAN))


def error(steps: int) -> float:
    """Of points that go from a standard normal to that of the data: each keeps its place in it."""
    noise = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    found = unipc(of_a_normal, noise, descent(steps, timestep_shift=1.0))
    return float((found - (MEAN + SPREAD * noise)).abs().max())


def test_errors_shrink_as_the_step_squared() -> None:
    assert math.log2(error(64) / error(128)) == pytest.approx(2, abs=0.1)


def test_eight_steps_are_as_exact_as_thirty_two_of_euler() -> None:
    noise = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    found = euler(of_a_normal, noise, descent(32, timestep_shift=1.0))
    assert error(8) < float((found - (MEAN + SPREAD * noise)).abs().max())


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_straight_path_is_solved_in_any_steps(steps: int) -> None:
    x_0, eps = torch.randn(2, 3, 4, generator=seed(0))
    found = unipc(lambda x, t: between(x_0, eps, t).v, eps, descent(steps, timestep_shift=5.0))
    torch.testing.assert_close(found, x_0)


def test_a_step_asks_once() -> None:
    asked: list[float] = []

    def velocity(x: Tensor, t: Tensor) -> Tensor:
        asked.append(float(t[0]))
        return x

    unipc(velocity, torch.ones(1, 2), descent(4, timestep_shift=1.0))
    assert asked == [1, 0.75, 0.5, 0.25]


def test_it_is_the_one_of_diffusers() -> None:
    """From just before pure noise, as they begin there."""
    from diffusers import UniPCMultistepScheduler

    theirs = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=5.0, solver_order=2
    )
    theirs.set_timesteps(10)

    def velocity(x: Tensor, t: Tensor) -> Tensor:
        return 1.3 * torch.tanh(2 * x + t[:, None].double())

    start = torch.randn(2, 7, generator=seed(1), dtype=torch.float64)
    x = start
    for step, sigma in zip(theirs.timesteps, theirs.sigmas[:-1], strict=True):
        x = theirs.step(velocity(x, sigma.repeat(2)), step, x).prev_sample
    torch.testing.assert_close(unipc(velocity, start, theirs.sigmas.double()), x, rtol=1e-5, atol=1e-5)
