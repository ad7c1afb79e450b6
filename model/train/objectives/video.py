"""The loss of one batch: how far the network's velocity is from the path's (method.md 7.4).

B clips, C latent channels, T latent frames, H, W latent height and width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Generator, Tensor

from model.encode.inputs import Inputs
from model.eval.regions import under_head
from model.flow.path import between
from model.flow.timesteps import ALL_TIMES, draw
from model.nets.autoencoders.wan import SPACE_STRIDE
from model.nets.conditions import Conditions


class VelocityNet(Protocol):
    """A network of velocities: a `DiT`, or what an engine wraps around one."""

    def __call__(self, noisy_BCTHW: Tensor, times_B: Tensor, conditions: Conditions, /) -> Tensor:
        """Velocity (B, C, T, H, W)."""
        ...


@dataclass(frozen=True, kw_only=True)
class Score:
    """What a batch says of a network."""

    loss: Tensor
    """What is to be made small, with its gradient."""
    metrics: dict[str, Tensor]
    """For the log, without gradients, each a single number; "loss" is the mean over all that counts."""
    counts: Tensor
    """1, or 0 where nothing in the batch can be scored."""


def score(
    net: VelocityNet,
    inputs: Inputs,
    generator: Generator,
    *,
    timestep_shift: float,
    head_weight: float = 1.0,
    times: tuple[float, float] = ALL_TIMES,
    stride: int = SPACE_STRIDE,
) -> Score:
    """Mean squared error of the velocity at one time a clip, over noise tokens.

    A frame that was handed over in place of its noise is left out; one that stands beside it counts.

    Times and noise come from `generator`, on its device, the same on any; `timestep_shift` moves times
    towards noise. A cell under the head sphere counts `head_weight` times in what is to be made small
    (MimicMotion, arXiv 2406.19680, does so for hands); cells are latent pixels of `stride` px.
    """
    x_0 = inputs.latents.float()
    times_B = draw(len(x_0), generator, timestep_shift=timestep_shift, within=times).to(x_0.device)
    eps = torch.randn(x_0.shape, generator=generator, device=generator.device).to(x_0.device)
    point = between(x_0, eps, times_B)
    v = net(point.x_t, times_B, inputs.conditions).float()

    found = inputs.conditions.first_given & (inputs.conditions.unknown is None)
    counts = counted(found.to(x_0.device), x_0)
    wrong = (v - point.v).square()
    weights = counts * (
        1 + (head_weight - 1) * under_head(inputs.conditions.maps.to(x_0.device), stride)[:, None]
    )
    metrics = {
        "loss": mean(wrong, counts).mean(),
        "target_power": mean(point.v.square(), counts).mean(),
        "pred_power": mean(v.square(), counts).mean(),
        "time": times_B.mean(),
    }
    return Score(
        loss=mean(wrong, weights).mean(),
        metrics={name: number.detach() for name, number in metrics.items()},
        counts=wrong.new_ones(()),
    )


def counted(first_given_B: Tensor, x_BCTHW: Tensor) -> Tensor:
    """1 for latent frames that are to be found, 0 for one that was handed over (B, 1, T, 1, 1)."""
    counts = torch.ones_like(x_BCTHW[:, :1, :, :1, :1])
    counts[:, :, 0] = 1 - first_given_B.view(-1, 1, 1, 1).to(x_BCTHW.dtype)
    return counts


def mean(values_BCTHW: Tensor, weights: Tensor) -> Tensor:
    """Mean of each clip's values (B,), weighted (B, 1, T, 1 or H, 1 or W)."""
    per_cell = values_BCTHW.mean(dim=1, keepdim=True)
    weights = weights.expand_as(per_cell)
    return (per_cell * weights).sum(dim=(1, 2, 3, 4)) / weights.sum(dim=(1, 2, 3, 4))
