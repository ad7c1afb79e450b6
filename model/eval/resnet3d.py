"""The 3D ResNet-50 of Kinetics (Hara et al. 2018) that DisCo tells FID-VID from (`resnet-50-kinetics.pth`).

B videos of 16 frames of 112 x 112 px.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool3d

FRAMES, SIDE = 16, 112
MEAN = (114.7748, 107.7354, 99.4750)
"""RGB, of 255: subtracted, and nothing divided."""
BLOCKS = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
"""Width, number and first stride of the blocks of each layer."""
WIDER = 4
"""A block gives so many times its width."""


class Bottleneck(nn.Module):
    """Three convolutions beside a way past them."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(before, width, 1, bias=False)
        self.conv2 = nn.Conv3d(width, width, 3, stride, 1, bias=False)
        self.conv3 = nn.Conv3d(width, WIDER * width, 1, bias=False)
        self.bn1, self.bn2, self.bn3 = (nn.BatchNorm3d(n) for n in (width, width, WIDER * width))
        self.downsample = nn.Sequential()
        if stride > 1 or before != WIDER * width:
            shortcut = nn.Conv3d(before, WIDER * width, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm3d(WIDER * width))

    def forward(self, x: Tensor) -> Tensor:
        """The same places, or every other one."""
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())).relu()
        return (self.bn3(self.conv3(y)) + self.downsample(x)).relu()


class ResNet3d(nn.Module):
    """The network, without its classes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(3, 64, 7, (1, 2, 2), 3, bias=False)
        self.bn1 = nn.BatchNorm3d(64)
        before = 64
        for number, (width, count, stride) in enumerate(BLOCKS, 1):
            blocks = [Bottleneck(before, width, stride)]
            before = WIDER * width
            blocks += [Bottleneck(before, width, 1) for _ in range(count - 1)]
            self.add_module(f"layer{number}", nn.Sequential(*blocks))

    def forward(self, x_B3THW: Tensor) -> Tensor:
        """Features (B, 2048) of videos prepared by `prepared`."""
        x = max_pool3d(self.bn1(self.conv1(x_B3THW)).relu(), 3, 2, 1)
        for number in range(1, len(BLOCKS) + 1):
            x = self.get_submodule(f"layer{number}")(x)
        return x.mean(dim=(2, 3, 4))


def prepared(videos_BTHW3: Tensor) -> Tensor:
    """uint8 videos of 16 frames of 112 x 112 px as the network takes them (B, 3, T, H, W)."""
    means = torch.tensor(MEAN, device=videos_BTHW3.device)
    return (videos_BTHW3.float() - means).permute(0, 4, 1, 2, 3)
