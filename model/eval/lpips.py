"""LPIPS (Zhang et al. 2018), version 0.1: how far two pictures are apart for a network that knows pictures.

B pictures of H x W px, C channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""What the trunks were trained on, for pictures from -1 to 1."""
NORM_EPS = 1e-10


@dataclass(frozen=True, kw_only=True)
class Trunk:
    """A network for pictures, up to where LPIPS looks: layers by torchvision's numbering of `features`."""

    convs: tuple[tuple[int, int, int, int, int], ...]
    """Index, channels, kernel, stride, padding of each convolution."""
    pools: tuple[int, ...]
    """Indices of max pools."""
    pool_size: int
    taps: tuple[int, ...]
    """Indices after which features are taken."""


ALEX = Trunk(
    convs=((0, 64, 11, 4, 2), (3, 192, 5, 1, 2), (6, 384, 3, 1, 1), (8, 256, 3, 1, 1), (10, 256, 3, 1, 1)),
    pools=(2, 5),
    pool_size=3,
    taps=(1, 4, 7, 9, 11),
)
"""AlexNet."""
VGG = Trunk(
    convs=tuple(
        (index, channels, 3, 1, 1)
        for index, channels in zip(
            (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28),
            (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512),
            strict=True,
        )
    ),
    pools=(4, 9, 16, 23),
    pool_size=2,
    taps=(3, 8, 15, 22, 29),
)
"""VGG-16."""


class Lpips(nn.Module):
    """The distance. Names of weights are torchvision's, those of the linear layers the lpips package's."""

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.taps = trunk.taps
        self.features = layers(trunk)
        widths = [width_at(trunk, tap) for tap in trunk.taps]
        for number, width in enumerate(widths):
            dropped = nn.Sequential(nn.Identity(), nn.Conv2d(width, 1, 1, bias=False))  # after their dropout
            self.add_module(f"lin{number}", nn.ModuleDict({"model": dropped}))
        self.register_buffer("shift", torch.tensor(SHIFT)[:, None, None], persistent=False)
        self.register_buffer("scale", torch.tensor(SCALE)[:, None, None], persistent=False)

    def forward(self, one_B3HW: Tensor, other_B3HW: Tensor) -> Tensor:
        """Distances (B,) of pictures whose values go from -1 to 1."""
        return self.by_layer(one_B3HW, other_B3HW).sum(dim=1)

    def by_layer(self, one_B3HW: Tensor, other_B3HW: Tensor) -> Tensor:
        """(B, 5): what each layer adds to the distance."""
        parts = []
        for number, (one, other) in enumerate(zip(self.seen(one_B3HW), self.seen(other_B3HW), strict=True)):
            apart = (unit(one) - unit(other)) ** 2
            parts.append(self.get_submodule(f"lin{number}.model")(apart).mean(dim=(1, 2, 3)))
        return torch.stack(parts, dim=1)

    def seen(self, x_B3HW: Tensor) -> list[Tensor]:
        """Features at the taps."""
        x = (x_B3HW - self.get_buffer("shift")) / self.get_buffer("scale")
        found = []
        for name, layer in self.features.named_children():
            x = layer(x)
            if int(name) in self.taps:
                found.append(x)
        return found


def layers(trunk: Trunk) -> nn.Sequential:
    """Convolutions, each with its ReLU behind it, and pools, numbered as torchvision does."""
    found: dict[int, nn.Module] = {}
    before = 3
    for index, channels, kernel, stride, padding in trunk.convs:
        found[index] = nn.Conv2d(before, channels, kernel, stride, padding)
        found[index + 1] = nn.ReLU()
        before = channels
    for index in trunk.pools:
        found[index] = nn.MaxPool2d(trunk.pool_size, 2)
    network = nn.Sequential()
    for index in sorted(found):
        network.add_module(str(index), found[index])
    return network


def width_at(trunk: Trunk, tap: int) -> int:
    """Channels of the features after a layer."""
    return max((conv for conv in trunk.convs if conv[0] < tap), key=lambda conv: conv[0])[1]


def unit(x_BCHW: Tensor) -> Tensor:
    """Features of length 1 at every place."""
    return x_BCHW / (x_BCHW.square().sum(dim=1, keepdim=True).sqrt() + NORM_EPS)
