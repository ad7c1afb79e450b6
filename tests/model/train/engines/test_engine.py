"""One process: gradients, steps, and the copy of the weights that the network computes with."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from model.train.engines.engine import Dtype, PlainEngine
from model.train.engines.optimizer import KINDS, OptimizerSettings
from tests.model.train.runs import state_of, weight_of

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
    length = driven.step(0.1, 1.0)
    assert length == pytest.approx(3**0.5)
    assert torch.equal(weight_of(driven, "bias"), torch.tensor([0.5]))
    assert torch.all(weight_of(driven, "weight") < torch.tensor([[1.0, 2.0, 3.0]]))


def test_a_step_takes_the_mean_of_its_batches() -> None:
    one, two = engine(), engine(grad_accumulation=2)
    push(one, torch.full((1, 3), 0.2))
    push(two, torch.full((1, 3), 0.1))
    push(two, torch.full((1, 3), 0.3))
    assert one.step(0.1, 1.0) == pytest.approx(two.step(0.1, 1.0))
    torch.testing.assert_close(weight_of(one, "weight"), weight_of(two, "weight"))


def test_batches_that_do_not_count_dilute_nothing() -> None:
    one, two = engine(), engine(grad_accumulation=2)
    push(one, torch.full((1, 3), 0.2))
    push(two, torch.full((1, 3), 0.2))
    push(two, torch.zeros(1, 3))  # counts nothing
    assert one.step(0.1, 1.0) == pytest.approx(two.step(0.1, 0.5))
    torch.testing.assert_close(weight_of(one, "weight"), weight_of(two, "weight"))


def test_a_step_in_which_nothing_counts_moves_nothing() -> None:
    driven = engine()
    push(driven, torch.ones(1, 3))
    driven.step(0.1, 1.0)
    before = [weight_of(driven, "weight"), *(state_of(driven, "weight", kind) for kind in KINDS)]
    before = [tensor.clone() for tensor in before]
    assert driven.step(0.1, 0.0) == 0
    after = [weight_of(driven, "weight"), *(state_of(driven, "weight", kind) for kind in KINDS)]
    assert all(torch.equal(*pair) for pair in zip(before, after, strict=True))
    push(driven, torch.ones(1, 3))
    driven.step(0.1, 1.0)
    assert not torch.equal(weight_of(driven, "weight"), before[0])


def test_gradients_are_summed_in_float32() -> None:
    """256 + 1 is 256 in bfloat16."""
    driven = engine("bfloat16", grad_accumulation=64)
    push(driven, torch.full((1, 3), 256.0 * 64))
    for _ in range(63):
        push(driven, torch.full((1, 3), 64.0))
    assert driven.step(0.1, 1.0) == pytest.approx(319 * 3**0.5)


def test_small_steps_are_kept_that_bfloat16_cannot_see() -> None:
    driven = engine("bfloat16")
    driven.put_weight("weight", torch.tensor([[1.0, 2.0, 3.0001]]))
    assert weight_of(driven, "weight")[0, 2] == torch.tensor(3.0001)
    for _ in range(60):
        push(driven, torch.ones(1, 3))
        driven.step(1e-4, 1.0)
    assert weight_of(driven, "weight").dtype == torch.float32
    assert weight_of(driven, "weight")[0, 0] == pytest.approx(1 - 60e-4, rel=1e-3)
    shown = driven.net.weight
    assert torch.equal(shown, weight_of(driven, "weight").bfloat16())  # type: ignore[arg-type]


def test_states_can_be_read_and_replaced() -> None:
    driven = engine()
    push(driven, torch.ones(1, 3))
    driven.step(0.1, 1.0)
    other = engine()
    other.put_weight("weight", weight_of(driven, "weight"))
    for kind in ("exp_avg", "exp_avg_sq", "average"):
        assert not torch.equal(state_of(driven, "weight", kind), state_of(other, "weight", kind))
        other.put_state("weight", kind, state_of(driven, "weight", kind))
        assert torch.equal(state_of(driven, "weight", kind), state_of(other, "weight", kind))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_an_engine_goes_on_where_another_was(dtype: Dtype) -> None:
    driven = engine(dtype)
    for number in range(3):
        push(driven, torch.full((1, 3), 0.1 * number))
        driven.step(0.1, 1.0)
    other = PlainEngine(net(), SETTINGS, 3, device=torch.device("cpu"), dtype=dtype, grad_accumulation=1)
    other.put_weight("weight", weight_of(driven, "weight"))
    for kind in ("exp_avg", "exp_avg_sq", "average"):
        other.put_state("weight", kind, state_of(driven, "weight", kind))
    for one in (driven, other):
        push(one, torch.full((1, 3), 0.7))
        one.step(0.1, 1.0)
    assert torch.equal(weight_of(driven, "weight"), weight_of(other, "weight"))
    assert torch.equal(state_of(driven, "weight", "average"), state_of(other, "weight", "average"))
