"""FaceVerse v4's regressor: a ResNet-50 (He et al. 2016) and eight read-outs, by the names of its weights."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from storage.weight_files import Weights, check_keys

SIDE = 256
"""Px of a crop."""
WIDER = 4
"""A block gives so many times its width."""
STRIDES = (1, 2, 2, 2)
READ_OUTS = (156, 177, 251, 27, 3, 2, 1, 4)
"""Identity, expression, texture, light, angles, translation aside, translation along the axis, eyes."""
NUM_COEFFICIENTS = sum(READ_OUTS)


class ResidualBlock(nn.Module):
    """Three convolutions beside a way past them."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 1, bias=False)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.conv3 = nn.Conv2d(width, WIDER * width, 1, bias=False)
        self.bn1, self.bn2, self.bn3 = (nn.BatchNorm2d(n) for n in (width, width, WIDER * width))
        self.downsample = nn.Sequential()
        if stride > 1 or before != WIDER * width:
            shortcut = nn.Conv2d(before, WIDER * width, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(WIDER * width))

    def forward(self, x: Tensor) -> Tensor:
        """The same places, or every other one."""
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())).relu()
        return (self.bn3(self.conv3(y)) + self.downsample(x)).relu()


class ResNet(nn.Module):
    """Four layers of blocks, without classes."""

    def __init__(self, width: int, blocks: tuple[int, ...]) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        before = width
        for number, (count, stride) in enumerate(zip(blocks, STRIDES, strict=True)):
            own = width << number
            layer = [ResidualBlock(before, own, stride)]
            before = WIDER * own
            layer += [ResidualBlock(before, own, 1) for _ in range(count - 1)]
            self.add_module(f"layer{number + 1}", nn.Sequential(*layer))
        self.width = before

    def forward(self, x_B3HW: Tensor) -> Tensor:
        """Features (B, D, 1, 1): the mean over all places."""
        x = max_pool2d(self.bn1(self.conv1(x_B3HW)).relu(), 3, 2, 1)
        for number in range(1, len(STRIDES) + 1):
            x = self.get_submodule(f"layer{number}")(x)
        return x.mean(dim=(2, 3), keepdim=True)


class FaceRegressor(nn.Module):
    """The network."""

    def __init__(self, width: int = 64, blocks: tuple[int, ...] = (3, 4, 6, 3)) -> None:
        super().__init__()
        self.backbone = ResNet(width, blocks)
        self.final_layers = nn.ModuleList(nn.Conv2d(self.backbone.width, n, 1) for n in READ_OUTS)

    def forward(self, crops_B3SS: Tensor) -> Tensor:
        """Coefficients (B, 621) of crops, RGB in 0..1, as `morphable` takes them apart."""
        features = self.backbone(crops_B3SS)
        return torch.cat([layer(features) for layer in self.final_layers], dim=1).flatten(1)


def face_regressor(weights: Weights) -> FaceRegressor:
    """The network of these weights, for use.

    Raises:
        ValueError: weights are missing, unexpected or of other shapes.
    """
    with torch.device("meta"):
        net = FaceRegressor(*sizes_of(weights))
    check_keys(weights, net.state_dict(), "these weights are of no regressor of FaceVerse v4")
    net.load_state_dict(
        {n: x.float() if x.is_floating_point() else x for n, x in weights.items()}, assign=True
    )
    return net.eval().requires_grad_(requires_grad=False)


def sizes_of(weights: Mapping[str, Tensor]) -> tuple[int, tuple[int, ...]]:
    """Width and blocks of the network whose weights these are.

    Raises:
        ValueError: they are of no such network.
    """
    first = weights.get("backbone.conv1.weight")
    found = [re.match(r"backbone\.layer([1-4])\.(\d+)\.", name) for name in weights]
    pairs = {(one[1], one[2]) for one in found if one}
    blocks = tuple(sum(layer == number for layer, _ in pairs) for number in "1234")
    if first is None or not all(blocks):
        raise ValueError("no weights of a regressor of FaceVerse v4: backbone.conv1 or a layer is missing")
    return first.shape[0], blocks
