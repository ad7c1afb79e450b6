"""One process: gradients, steps, and the copy of the weights that the network computes with."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from model.train.engines.engine import Dtype, PlainEngine
from model.train.engines.optimizer import OptimizerSettings

SETTINGS = OptimizerSettings(lr=0.1, max_grad_norm=1.0, ema_decay=0.5)


def net() -> nn.Linear:
    made = nn.Linear(3, 1)
    with torch.no_grad():
        made.weight.copy_(torch.tensor([[1.0, 2.0, 3.0001]]))
        made.bias.fill_(0.5)
    made.bias.requires_grad_(False)
    return made


def engine(dtype: Dtype = "float32", grad_accumulation: int = 1) -> PlainEngine:
    return PlainEngine(
        net(), SETTINGS, 0, device=torch.device("cpu"), dtype=dtype, grad_accumulation=grad_accumulation
    )


def push(driven: PlainEngine, x: Tensor) -> None:
    driven.backward(driven.net(x.to(driven.net.weight.dtype)).float().sum())  # type: ignore[arg-type]


def test_only_what_needs_a_gradient_learns() -> None:
    driven = engine()
    push(driven, torch.ones(1, 3))
    length = driven.step(0.1)
    assert length == pytest.approx(3**0.5)
    assert torch.equal(driven.weight("bias"), torch.tensor([0.5]))
    assert torch.all(driven.weight("weight") < torch.tensor([[1.0, 2.0, 3.0]]))


def test_a_step_takes_the_mean_of_its_batches() -> None:
    one, two = engine(), engine(grad_accumulation=2)
    push(one, torch.full((1, 3), 0.2))
    push(two, torch.full((1, 3), 0.1))
    push(two, torch.full((1, 3), 0.3))
    assert one.step(0.1) == pytest.approx(two.step(0.1))
    torch.testing.assert_close(one.weight("weight"), two.weight("weight"))


def test_gradients_do_not_outlive_their_step() -> None:
    driven = engine()
    push(driven, torch.ones(1, 3))
    driven.step(0.1)
    assert driven.step(0.1) == 0


def test_small_steps_are_kept_that_bfloat16_cannot_see() -> None:
    driven = engine("bfloat16")
    driven.put_weight("weight", torch.tensor([[1.0, 2.0, 3.0001]]))
    assert driven.weight("weight")[0, 2] == torch.tensor(3.0001)
    for _ in range(60):
        push(driven, torch.ones(1, 3))
        driven.step(1e-4)
    assert driven.weight("weight").dtype == torch.float32
    assert driven.weight("weight")[0, 0] == pytest.approx(1 - 60e-4, rel=1e-3)
    shown = driven.net.weight
    assert torch.equal(shown, driven.weight("weight").bfloat16())  # type: ignore[arg-type]


def test_states_can_be_read_and_replaced() -> None:
    driven = engine()
    push(driven, torch.ones(1, 3))
    driven.step(0.1)
    other = engine()
    other.put_weight("weight", driven.weight("weight"))
    for kind in ("exp_avg", "exp_avg_sq", "average"):
        assert not torch.equal(driven.state("weight", kind), other.state("weight", kind))
        other.put_state("weight", kind, driven.state("weight", kind))
        assert torch.equal(driven.state("weight", kind), other.state("weight", kind))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_an_engine_goes_on_where_another_was(dtype: Dtype) -> None:
    driven = engine(dtype)
    for number in range(3):
        push(driven, torch.full((1, 3), 0.1 * number))
        driven.step(0.1)
    other = PlainEngine(net(), SETTINGS, 3, device=torch.device("cpu"), dtype=dtype, grad_accumulation=1)
    other.put_weight("weight", driven.weight("weight"))
    for kind in ("exp_avg", "exp_avg_sq", "average"):
        other.put_state("weight", kind, driven.state("weight", kind))
    for one in (driven, other):
        push(one, torch.full((1, 3), 0.7))
        one.step(0.1)
    assert torch.equal(driven.weight("weight"), other.weight("weight"))
    assert torch.equal(driven.state("weight", "average"), other.state("weight", "average"))
