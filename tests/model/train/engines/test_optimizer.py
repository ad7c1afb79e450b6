"""How weights move, and their averages after them."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from model.train.engines.optimizer import AveragingAdamW, OptimizerSettings


def test_the_rate_grows_over_the_warm_up_and_stays() -> None:
    settings = OptimizerSettings(lr=8.0, warmup_steps=4)
    assert [settings.lr_at(step, 6) for step in range(6)] == [2, 4, 6, 8, 8, 8]
    assert OptimizerSettings(lr=3.0, warmup_steps=0).lr_at(0, 1) == 3


def test_a_rate_falls_evenly_or_as_half_a_wave_to_a_share_of_it() -> None:
    even = OptimizerSettings(lr=8.0, warmup_steps=2, schedule="linear", end_share=0.25)
    assert [even.lr_at(step, 6) for step in range(7)] == [4, 8, 6.5, 5, 3.5, 2, 2]
    wave = OptimizerSettings(lr=8.0, warmup_steps=0, schedule="cosine", end_share=0.0)
    rates = [wave.lr_at(step, 4) for step in range(4)]
    assert rates[1::2] == pytest.approx([4, 0], abs=1e-12)
    assert rates[0] + rates[2] == pytest.approx(8)  # the wave is even about its middle


def test_parts_move_at_shares_of_the_rate() -> None:
    settings = OptimizerSettings(lr=1.0, motion_share=0.5, shares={"base": 0.1, "face_encoder": 0.2})
    names = ("blocks.0.ffn.0.weight", "pose.conv", "face.motion.stem", "face.mlp.0.weight", "face.null")
    optimizer = AveragingAdamW({name: torch.nn.Parameter(torch.ones(1)) for name in names}, settings)
    optimizer.set_lr(10.0)
    rates = {(group["part"], round(group["lr"], 6)) for group in optimizer.param_groups}
    assert rates == {("base", 1), ("pose", 10), ("face_encoder", 1), ("face_encoder", 2), ("no_face", 10)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"lr": 0.0},
        {"motion_share": 0.0},
        {"max_grad_norm": 0.0},
        {"warmup_steps": -1},
        {"ema_decay": 1.0},
        {"ema_decay": -0.1},
        {"shares": {"base": 0.0}},
        {"end_share": 1.5},
    ],
)
def test_settings_without_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        OptimizerSettings(**wrong)


def moved(settings: OptimizerSettings, steps: int) -> tuple[list[torch.Tensor], AveragingAdamW]:
    """A weight after each step of falling gradients, its beginning first."""
    weight = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    optimizer = AveragingAdamW({"weight": weight}, settings)
    optimizer.begin(weight, 0)
    path = [weight.detach().clone()]
    for step in range(steps):
        weight.grad = torch.tensor([1.0, 0.5]) / (step + 1)
        optimizer.step()
        path.append(weight.detach().clone())
    return path, optimizer


def test_weights_move_as_torch_moves_them() -> None:
    settings = OptimizerSettings(lr=0.1)
    weight = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    plain = torch.optim.AdamW(
        [weight], lr=0.1, betas=settings.betas, weight_decay=settings.weight_decay, fused=True
    )
    for step in range(5):
        weight.grad = torch.tensor([1.0, 0.5]) / (step + 1)
        plain.step()
    assert torch.equal(moved(settings, 5)[0][-1], weight.detach())


def test_the_average_follows_quickly_at_first_and_then_as_set() -> None:
    path, optimizer = moved(OptimizerSettings(lr=0.1, ema_decay=0.5), 40)
    expected = path[0]
    for n, here in enumerate(path[1:], start=1):
        stays = min(0.5, (1 + n) / (10 + n))
        expected = stays * expected + (1 - stays) * here
    (weight,) = optimizer.param_groups[0]["params"]
    torch.testing.assert_close(optimizer.state[weight]["average"], expected)
    assert min(0.5, 2 / 11) < 0.5 == min(0.5, 41 / 50)  # both regimes were passed


def test_what_has_no_gradient_stays_and_so_does_its_average() -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = AveragingAdamW({"weight": weight}, OptimizerSettings(lr=0.1))
    optimizer.begin(weight, 0)
    optimizer.step()
    assert torch.equal(weight.detach(), torch.ones(2))
    assert torch.equal(optimizer.state[weight]["average"], torch.ones(2))


def test_the_motion_encoder_moves_at_its_share_of_the_rate() -> None:
    names = ("face.motion.fc.weight", "face.mlp.0.weight", "blocks.0.face_attn.q.weight")
    weights = {name: torch.nn.Parameter(torch.ones(2)) for name in names}
    optimizer = AveragingAdamW(weights, OptimizerSettings(lr=0.1, motion_share=0.25, weight_decay=0))
    for lr in (0.1, 0.2):
        before = {name: weight.detach().clone() for name, weight in weights.items()}
        for weight in weights.values():
            optimizer.begin(weight, 0)
            weight.grad = torch.ones(2)
        optimizer.set_lr(lr)
        optimizer.step()  # a first step of Adam is as long as its rate
        moved = [float((before[name] - weight.detach())[0]) for name, weight in weights.items()]
        assert moved == pytest.approx([lr / 4, lr, lr])
