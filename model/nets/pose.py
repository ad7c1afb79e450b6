"""Skeleton and sphere maps to a pose latent, which joins the noisy latent by channel (method.md 4.4).

B clips, P pose channels, F video frames, T = 1 + (F - 1) / 4 latent frames, H, W latent size in pixels of it.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from model.nets.autoencoders.wan import SPACE_STRIDE

MAP_CHANNELS = 6
"""Of the skeleton's colour, then the sphere's, 0..1."""

KERNEL = 3


class CausalConv(nn.Conv3d):
    """3D convolution that sees its own and earlier frames only; before the first lie copies of the first."""

    def __init__(self, inputs: int, outputs: int, stride: tuple[int, int, int]) -> None:
        super().__init__(inputs, outputs, KERNEL, stride, padding=(0, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """The first output frame depends on the first input frame alone."""
        before = x[:, :, :1].expand(-1, -1, KERNEL - 1, -1, -1)
        return super().forward(torch.cat([before, x], dim=2))


class Layer(NamedTuple):
    """Of the pose encoder, before its last."""

    outputs: int
    time: int
    """Stride in time, ..."""
    space: int
    """... and in space."""


def layers_of(width: int, stride: int) -> list[Layer]:
    """Those that make latent pixels of so many px: the first has `width` channels, two more double them."""
    more = stride.bit_length() - SPACE_STRIDE.bit_length()
    return [
        Layer(width, 1, 2),
        Layer(2 * width, 2, 2),
        Layer(4 * width, 2, 2),
        *[Layer(4 * width, 1, 2)] * more,
    ]


class PoseEncoder(nn.Sequential):
    """Maps (B, 6, F, S H, S W) to a pose latent (B, P, T, H, W), of strides of S px.

    As in a causal video VAE, latent frame 0 stands for frame 0, and frame i for 4i - 3 to 4i.
    """

    def __init__(self, width: int, channels: int, stride: int = SPACE_STRIDE) -> None:
        layers: list[nn.Module] = []
        inputs = MAP_CHANNELS
        for outputs, time, space in layers_of(width, stride):
            layers += [CausalConv(inputs, outputs, (time, space, space)), nn.SiLU()]
            inputs = outputs
        super().__init__(*layers, CausalConv(inputs, channels, (1, 1, 1)))
