"""Small parts: normalisation, modulation by the time, the time as sinusoids, the read-out.

B clips, N tokens, D width, C latent channels, T latent frames, or 1 where one time holds for all.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

EPS = 1e-6
"""Of every normalisation of the base model."""


def normalise(x_BND: Tensor) -> Tensor:
    """Each token with mean 0 and deviation 1, in float32."""
    return nn.functional.layer_norm(x_BND.float(), x_BND.shape[-1:], eps=EPS)


class Modulation(NamedTuple):
    """How the time bends one part of a block: tokens are scaled and shifted into it, its answer is gated."""

    shift_BTD: Tensor
    scale_BTD: Tensor
    gate_BTD: Tensor

    def into(self, x_BND: Tensor) -> Tensor:
        """Normalised tokens as the part reads them."""
        return bent(normalise(x_BND), self.scale_BTD, self.shift_BTD).type_as(x_BND)

    def onto(self, x_BND: Tensor, answer_BND: Tensor) -> Tensor:
        """The tokens with the part's answer added."""
        gate_BND = over_tokens(self.gate_BTD, x_BND.shape[1])
        return (x_BND.float() + answer_BND * gate_BND).type_as(x_BND)


def bent(x_BND: Tensor, scale_BTD: Tensor, shift_BTD: Tensor) -> Tensor:
    """Tokens scaled and shifted by the times of their frames."""
    tokens = x_BND.shape[1]
    return x_BND * (1 + over_tokens(scale_BTD, tokens)) + over_tokens(shift_BTD, tokens)


def over_tokens(row_BTD: Tensor, tokens: int) -> Tensor:
    """What holds for each frame's tokens, which lie one frame after the other; for all where it is one."""
    frames = row_BTD.shape[1]
    return row_BTD if frames == 1 else row_BTD.repeat_interleave(tokens // frames, dim=1)


def modulations(table_16D: Tensor, time_BT6D: Tensor) -> tuple[Modulation, Modulation]:
    """Modulation of a block's self-attention and of its feed-forward, in float32."""
    rows = (table_16D + time_BT6D.float()).unbind(dim=2)
    return Modulation(*rows[:3]), Modulation(*rows[3:])


def sinusoidal_embedding(times_B: Tensor, width: int) -> Tensor:
    """Cosines, then sines, of the times at `width / 2` frequencies, from 1 to nearly 1/10000 (B, width)."""
    half = width // 2
    frequencies = torch.exp(-math.log(10_000) / half * torch.arange(half, device=times_B.device))
    angles = times_B.float()[:, None] * frequencies
    return torch.cat([angles.cos(), angles.sin()], dim=1)


class OutputLayer(nn.Module):
    """Tokens to the values of their patches."""

    def __init__(self, width: int, channels: int, patch: tuple[int, int, int]) -> None:
        super().__init__()
        self.patch = patch
        self.head = nn.Linear(width, math.prod(patch) * channels)
        self.modulation = nn.Parameter(torch.zeros(1, 2, width))

    def forward(self, x_BND: Tensor, time_BTD: Tensor) -> Tensor:
        """The values of each token's patch (B, N, C times those of a patch)."""
        shift, scale = (self.modulation + time_BTD[:, :, None].float()).unbind(dim=2)
        return self.head(bent(normalise(x_BND), scale, shift).type_as(x_BND))

    def latent(self, x: Tensor, grid: tuple[int, int, int]) -> Tensor:
        """Latent (B, C, T, H, W) of the values of all tokens, time slowest; `grid` counts patches."""
        (t, h, w), (pt, ph, pw) = grid, self.patch
        x = x.reshape(-1, t, h, w, pt, ph, pw, x.shape[-1] // math.prod(self.patch))
        return x.permute(0, 7, 1, 4, 2, 5, 3, 6).reshape(len(x), -1, t * pt, h * ph, w * pw)
