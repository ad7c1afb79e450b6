"""Inception v3 as FID needs it: TensorFlow's of 2015, whose weights pytorch-fid and torch-fidelity share.

It differs from torchvision's: means of borders count what is there alone, the last block pools maxima, and it
has 1008 classes. Names of weights are torchvision's. B pictures, C channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, max_pool2d

SIDE = 299
Size = int | tuple[int, int]


class InceptionUnit(nn.Module):
    """Convolution, batch norm, ReLU."""

    def __init__(self, before: int, after: int, kernel: Size, stride: int = 1, padding: Size = 0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(after, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        """The same places, fewer where it strides."""
        return self.bn(self.conv(x)).relu()


class InceptionBlock(nn.Module):
    """Branches side by side, each a chain of units by name; a name of two units parts the branch in two."""

    def __init__(
        self,
        branches: list[list[tuple[str, InceptionUnit]]],
        branch_pool: InceptionUnit | None = None,
        near: str = "mean",
    ) -> None:
        super().__init__()
        self.chains = [[name for name, _ in chain] for chain in branches]
        self.near = near
        for name, unit in (pair for chain in branches for pair in chain):
            self.add_module(name, unit)
        self.branch_pool = branch_pool

    def forward(self, x: Tensor) -> Tensor:
        """All branches' channels, in their order."""
        return torch.cat([*(self.branch(x, chain) for chain in self.chains), *self.pooled(x)], dim=1)

    def branch(self, x: Tensor, chain: list[str]) -> Tensor:
        """What a chain makes; its last two units lie side by side where their names end in a and b."""
        forked = len(chain) > 1 and chain[-2].endswith("a") and chain[-1].endswith("b")
        for name in chain[:-2] if forked else chain:
            x = self.get_submodule(name)(x)
        return torch.cat([self.get_submodule(name)(x) for name in chain[-2:]], dim=1) if forked else x

    def pooled(self, x: Tensor) -> list[Tensor]:
        """What the branch of the pool makes: maxima of a coarser grid as they are, else through its unit."""
        if self.branch_pool is None:
            return [max_pool2d(x, 3, 2)]
        if self.near == "max":
            return [self.branch_pool(max_pool2d(x, 3, 1, 1))]
        return [self.branch_pool(avg_pool2d(x, 3, 1, 1, count_include_pad=False))]


def block_a(before: int, pool: int) -> InceptionBlock:
    """35 x 35 places."""
    return InceptionBlock(
        [
            [("branch1x1", InceptionUnit(before, 64, 1))],
            [
                ("branch5x5_1", InceptionUnit(before, 48, 1)),
                ("branch5x5_2", InceptionUnit(48, 64, 5, padding=2)),
            ],
            [
                ("branch3x3dbl_1", InceptionUnit(before, 64, 1)),
                ("branch3x3dbl_2", InceptionUnit(64, 96, 3, padding=1)),
                ("branch3x3dbl_3", InceptionUnit(96, 96, 3, padding=1)),
            ],
        ],
        InceptionUnit(before, pool, 1),
    )


def block_b() -> InceptionBlock:
    """From 35 x 35 to 17 x 17 places."""
    return InceptionBlock(
        [
            [("branch3x3", InceptionUnit(288, 384, 3, 2))],
            [
                ("branch3x3dbl_1", InceptionUnit(288, 64, 1)),
                ("branch3x3dbl_2", InceptionUnit(64, 96, 3, padding=1)),
                ("branch3x3dbl_3", InceptionUnit(96, 96, 3, 2)),
            ],
        ],
    )


def block_c(width: int) -> InceptionBlock:
    """17 x 17 places."""
    row, column = ((1, 7), (0, 3)), ((7, 1), (3, 0))

    def unit(before: int, after: int, shape: tuple[tuple[int, int], tuple[int, int]]) -> InceptionUnit:
        return InceptionUnit(before, after, shape[0], padding=shape[1])

    return InceptionBlock(
        [
            [("branch1x1", InceptionUnit(768, 192, 1))],
            [
                ("branch7x7_1", InceptionUnit(768, width, 1)),
                ("branch7x7_2", unit(width, width, row)),
                ("branch7x7_3", unit(width, 192, column)),
            ],
            [
                ("branch7x7dbl_1", InceptionUnit(768, width, 1)),
                ("branch7x7dbl_2", unit(width, width, column)),
                ("branch7x7dbl_3", unit(width, width, row)),
                ("branch7x7dbl_4", unit(width, width, column)),
                ("branch7x7dbl_5", unit(width, 192, row)),
            ],
        ],
        InceptionUnit(768, 192, 1),
    )


def block_d() -> InceptionBlock:
    """From 17 x 17 to 8 x 8 places."""
    return InceptionBlock(
        [
            [("branch3x3_1", InceptionUnit(768, 192, 1)), ("branch3x3_2", InceptionUnit(192, 320, 3, 2))],
            [
                ("branch7x7x3_1", InceptionUnit(768, 192, 1)),
                ("branch7x7x3_2", InceptionUnit(192, 192, (1, 7), padding=(0, 3))),
                ("branch7x7x3_3", InceptionUnit(192, 192, (7, 1), padding=(3, 0))),
                ("branch7x7x3_4", InceptionUnit(192, 192, 3, 2)),
            ],
        ],
    )


def block_e(before: int, near: str) -> InceptionBlock:
    """8 x 8 places."""
    return InceptionBlock(
        [
            [("branch1x1", InceptionUnit(before, 320, 1))],
            [
                ("branch3x3_1", InceptionUnit(before, 384, 1)),
                ("branch3x3_2a", InceptionUnit(384, 384, (1, 3), padding=(0, 1))),
                ("branch3x3_2b", InceptionUnit(384, 384, (3, 1), padding=(1, 0))),
            ],
            [
                ("branch3x3dbl_1", InceptionUnit(before, 448, 1)),
                ("branch3x3dbl_2", InceptionUnit(448, 384, 3, padding=1)),
                ("branch3x3dbl_3a", InceptionUnit(384, 384, (1, 3), padding=(0, 1))),
                ("branch3x3dbl_3b", InceptionUnit(384, 384, (3, 1), padding=(1, 0))),
            ],
        ],
        InceptionUnit(before, 192, 1),
        near,
    )


class Inception(nn.Module):
    """The network up to its last features, and its classes."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = InceptionUnit(3, 32, 3, 2)
        self.Conv2d_2a_3x3 = InceptionUnit(32, 32, 3)
        self.Conv2d_2b_3x3 = InceptionUnit(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = InceptionUnit(64, 80, 1)
        self.Conv2d_4a_3x3 = InceptionUnit(80, 192, 3)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = block_a(192, 32), block_a(256, 64), block_a(288, 64)
        self.Mixed_6a = block_b()
        self.Mixed_6b, self.Mixed_6c = block_c(128), block_c(160)
        self.Mixed_6d, self.Mixed_6e = block_c(160), block_c(192)
        self.Mixed_7a = block_d()
        self.Mixed_7b, self.Mixed_7c = block_e(1280, "mean"), block_e(2048, "max")
        self.fc = nn.Linear(2048, 1008)

    def forward(self, x_B3HW: Tensor) -> Tensor:
        """Features (B, 2048) of pictures of 299 x 299 px, prepared by `prepared_tf` or `prepared_pytorch`."""
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x_B3HW)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(max_pool2d(x, 3, 2)))
        x = max_pool2d(x, 3, 2)
        for name, block in self.named_children():
            x = block(x) if name.startswith("Mixed") else x
        return x.mean(dim=(2, 3))


def prepared_tf(pictures_B3HW: Tensor) -> Tensor:
    """uint8 pictures as torch-fidelity gives them to the network: TensorFlow 1's bilinear, (x - 128) / 128.

    Its positions start at the corner: cell i of n lies at i * size / n; cells behind the last are the last.
    """
    x = pictures_B3HW.float()
    for dim in (2, 3):
        size = x.shape[dim]
        places = torch.arange(SIDE, dtype=torch.float32, device=x.device) * (size / SIDE)
        low = places.long()
        share = (places - low).reshape(-1, *(1,) * (3 - dim))
        high = (low + 1).clamp(max=size - 1)
        first, second = x.index_select(dim, low), x.index_select(dim, high)
        x = first + (second - first) * share
    return (x - 128) / 128


def prepared_pytorch(pictures_B3HW: Tensor) -> Tensor:
    """uint8 pictures as pytorch-fid gives them to the network: torch's bilinear without smoothing, 2x - 1."""
    x = pictures_B3HW.float() / 255
    return 2 * interpolate(x, (SIDE, SIDE), mode="bilinear", align_corners=False) - 1
