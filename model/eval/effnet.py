"""EfficientNet-Lite0 of ImageNet (Tan and Le 2019; Apache-2.0): numbers of its own, needing no one's file.

`effnet_distance` compares two pictures as LPIPS does, without trained weights of channels; `effnet_frechet`
is a Frechet distance of the features along the 16 directions in which the truth's vary most. Neither is
LPIPS or FID, and neither is called so.

B pictures of H x W px, C channels.
"""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from model.eval.distributions import Features, blocks, frechet, moments
from model.eval.lpips import unit
from model.eval.packaged import EFFNET
from storage.packaged_files import read_packaged

SIDE = 224
"""Of the square that pictures are squeezed into, px."""
DIRECTIONS = 16
"""Of the features, in a Frechet distance: so many need few pictures."""
EPS = 1e-3
STAGES = (
    (16, 1, 1, 3, 1),
    (24, 2, 2, 3, 6),
    (40, 2, 2, 5, 6),
    (80, 3, 2, 3, 6),
    (112, 3, 1, 5, 6),
    (192, 4, 2, 5, 6),
    (320, 1, 1, 3, 6),
)
"""Channels, blocks, stride of the first, kernel, and by how much blocks widen their input."""
TAPS = (0, 2, 4, 10, 15)
"""Blocks after which pictures are compared: one for each size of the features."""


class Same(nn.Conv2d):
    """A convolution padded as TensorFlow pads: to ceil(size / stride), the odd pixel behind."""

    def forward(self, x_BCHW: Tensor) -> Tensor:
        sides = [self.missing(x_BCHW.shape[axis], self.kernel_size[0], self.stride[0]) for axis in (-1, -2)]
        x = pad(x_BCHW, [part for side in sides for part in (side // 2, side - side // 2)])
        return super().forward(x)

    @staticmethod
    def missing(size: int, kernel: int, stride: int) -> int:
        """How many pixels are added to a side."""
        return max((-(-size // stride) - 1) * stride + kernel - size, 0)


class InvertedResidual(nn.Module):
    """Wider, each channel by itself, and narrow again; beside its input where that has the same shape."""

    def __init__(self, before: int, width: int, stride: int, kernel: int, widens: int) -> None:
        super().__init__()
        inner = before * widens
        self.adds = stride == 1 and before == width
        if widens > 1:
            self._expand_conv = nn.Conv2d(before, inner, 1, bias=False)
            self._bn0 = nn.BatchNorm2d(inner, EPS)
        self._depthwise_conv = Same(inner, inner, kernel, stride, groups=inner, bias=False)
        self._bn1 = nn.BatchNorm2d(inner, EPS)
        self._project_conv = nn.Conv2d(inner, width, 1, bias=False)
        self._bn2 = nn.BatchNorm2d(width, EPS)
        self.widens = widens > 1

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """The next features."""
        y = self._bn0(self._expand_conv(x_BCHW)).clamp(0, 6) if self.widens else x_BCHW
        y = self._bn1(self._depthwise_conv(y)).clamp(0, 6)
        y = self._bn2(self._project_conv(y))
        return y + x_BCHW if self.adds else y


class EffNet(nn.Module):
    """The network without its classes; names of weights are those of the packaged file."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = Same(3, 32, 3, 2, bias=False)
        self._bn0 = nn.BatchNorm2d(32, EPS)
        before, blocks = 32, list[nn.Module]()
        for width, count, stride, kernel, widens in STAGES:
            for number in range(count):
                blocks.append(InvertedResidual(before, width, stride if number == 0 else 1, kernel, widens))
                before = width
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = nn.Conv2d(before, 1280, 1, bias=False)
        self._bn1 = nn.BatchNorm2d(1280, EPS)

    def forward(self, x_B3HW: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Pooled features (B, 1280) of prepared pictures, and what is compared at the taps, of length 1."""
        x, seen = self._bn0(self._conv_stem(x_B3HW)).clamp(0, 6), list[Tensor]()
        for number, block in enumerate(self._blocks):
            x = block(x)
            if number in TAPS:
                seen.append(unit(x))
        return self._bn1(self._conv_head(x)).clamp(0, 6).mean(dim=(2, 3)), seen


@cache
def packaged_effnet(device: str) -> EffNet:
    """The network with its packaged weights.

    Raises:
        ValueError: `understudy weights` has not fetched them.
    """
    weights = torch.load(io.BytesIO(read_packaged(EFFNET)), weights_only=True)
    net = EffNet()
    net.load_state_dict({name: value for name, value in weights.items() if not name.startswith("_fc.")})
    return net.to(device).eval()


def prepared(pictures_B3HW: Tensor) -> Tensor:
    """uint8 pictures as the network takes them: squeezed to 224 x 224 px, from about -1 to 1."""
    small = interpolate(
        pictures_B3HW.float(), (SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False
    )
    return (small - 127.0) / 128.0


def apart(one: list[Tensor], other: list[Tensor]) -> Tensor:
    """Distances (B,) of pictures by what was seen at the taps."""
    parts = [(a - b).square().sum(dim=1).mean(dim=(1, 2)) for a, b in zip(one, other, strict=True)]
    return torch.stack(parts).sum(dim=0)


def effnet_frechet(made: Features, truth: Features) -> float:
    """Frechet distance of pooled features (n, 1280) along the truth's 16 widest directions."""
    directions = np.linalg.eigh(moments(truth)[1])[1][:, -DIRECTIONS:]
    made_along, truth_along = (
        np.concatenate([block @ directions for block in blocks(side)]) for side in (made, truth)
    )
    return frechet(made_along, truth_along)
