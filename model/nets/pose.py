"""Skeleton and sphere maps to a pose latent, which joins the noisy latent by channel (method.md 4.4).

B clips, P pose channels, F video frames, T = 1 + (F - 1) / 4 latent frames, H, W latent size in pixels of it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

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


class PoseEncoder(nn.Sequential):
    """Maps (B, 6, F, 8H, 8W) to a pose latent (B, P, T, H, W).

    As in a causal video VAE, latent frame 0 stands for frame 0, and frame i for 4i - 3 to 4i.
    """

    def __init__(self, width: int, channels: int) -> None:
        super().__init__(
            CausalConv(MAP_CHANNELS, width, (1, 2, 2)),
            nn.SiLU(),
            CausalConv(width, 2 * width, (2, 2, 2)),
            nn.SiLU(),
            CausalConv(2 * width, 4 * width, (2, 2, 2)),
            nn.SiLU(),
            CausalConv(4 * width, channels, (1, 1, 1)),
        )
