"""TransNet V2 (Soucek and Lokoc 2020, arXiv 2008.04838): which pictures of a window lie between two shots.

Convolutions see space and time; two bands of similarities tell how like each picture is to those around it,
by what the convolutions see of it and by its colours alone.

B windows, T pictures, H x W px, C channels, K neighbours of a picture, D width of a description.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, pad

DILATIONS = (1, 2, 4, 8)
"""Pictures between those that the convolutions of a block see together."""
WIDTHS = (16, 32, 64)
"""Channels of each of these convolutions, stack by stack."""
NEIGHBOURS = 101
"""Pictures that one is compared with, itself in the middle."""
SIMILARITY = 128
"""Numbers of a description, and of what is made of a band."""
PLACES = 3 * 6
"""Of pictures of 27 x 48 px, halved by each stack."""
HIDDEN = 1024
BITS = 3
"""Of each colour that a histogram tells apart."""


class FactoredConvolution(nn.Sequential):
    """A convolution over space, then one over time."""

    def __init__(self, before: int, width: int, dilation: int) -> None:
        super().__init__(
            nn.Conv3d(before, 2 * width, (1, 3, 3), padding=(0, 1, 1), bias=False),
            nn.Conv3d(
                2 * width, width, (3, 1, 1), padding=(dilation, 0, 0), dilation=(dilation, 1, 1), bias=False
            ),
        )


class DilatedBlock(nn.Module):
    """Convolutions of several dilations in time beside one another."""

    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(FactoredConvolution(before, width, step) for step in DILATIONS)
        self.norm = nn.BatchNorm3d(len(DILATIONS) * width, eps=1e-3)

    def forward(self, x_BCTHW: Tensor) -> Tensor:
        """As many channels as all convolutions have together."""
        seen = torch.cat([convolution(x_BCTHW) for convolution in self.convolutions], dim=1)
        result: Tensor = self.norm(seen)
        return result


class Stack(nn.Module):
    """Two blocks, the second beside the first's result, and half the size."""

    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.first = DilatedBlock(before, width)
        self.second = DilatedBlock(len(DILATIONS) * width, width)
        self.halve = nn.AvgPool3d((1, 2, 2))

    def forward(self, x_BCTHW: Tensor) -> Tensor:
        """As many pictures, of half the height and width."""
        first = self.first(x_BCTHW).relu()
        result: Tensor = self.halve(self.second(first).relu() + first)
        return result


class Similarities(nn.Module):
    """What is made of how like a picture is to each of its neighbours."""

    def __init__(self) -> None:
        super().__init__()
        self.read = nn.Linear(NEIGHBOURS, SIMILARITY)

    def forward(self, descriptions_BTD: Tensor) -> Tensor:
        """(B, T, SIMILARITY) of descriptions, whose length does not count."""
        unit_BTD = normalize(descriptions_BTD, dim=2)
        result: Tensor = self.read(band(unit_BTD @ unit_BTD.mT)).relu()
        return result


class TransNet(nn.Module):
    """The network: windows of pictures to two probabilities for each of them."""

    def __init__(self) -> None:
        super().__init__()
        after = [len(DILATIONS) * width for width in WIDTHS]
        self.stacks = nn.ModuleList(map(Stack, (3, *after), WIDTHS))
        self.describe = nn.Linear(sum(after), SIMILARITY)
        self.by_content, self.by_colours = Similarities(), Similarities()
        self.hidden = nn.Linear(2 * SIMILARITY + after[-1] * PLACES, HIDDEN)
        self.single, self.many = nn.Linear(HIDDEN, 1), nn.Linear(HIDDEN, 1)

    def forward(self, pictures_BTHW3: Tensor) -> tuple[Tensor, Tensor]:
        """That a picture is the middle of a transition, and within one (B, T); of uint8 RGB of 27 x 48 px."""
        x = pictures_BTHW3.movedim(-1, 1).float() / 255
        means = []
        for stack in self.stacks:
            x = stack(x)
            means.append(x.mean(dim=(3, 4)))
        content = self.by_content(self.describe(torch.cat(means, dim=1).mT))
        colours = self.by_colours(histograms(pictures_BTHW3))
        everything = torch.cat([colours, content, x.movedim(1, -1).flatten(2)], dim=2)
        hidden = self.hidden(everything).relu()
        return self.single(hidden)[..., 0].sigmoid(), self.many(hidden)[..., 0].sigmoid()


def band(similarity_BTT: Tensor) -> Tensor:
    """(B, T, K): how like each picture is to those around it in time, 0 beyond the window."""
    reach = NEIGHBOURS // 2
    windows_BTTK = pad(similarity_BTT, (reach, reach)).unfold(2, NEIGHBOURS, 1)
    return windows_BTTK.diagonal(dim1=1, dim2=2).mT


def histograms(pictures_BTHW3: Tensor) -> Tensor:
    """(B, T, 512): pixels of each colour, told apart by the first bits of red, green and blue."""
    red, green, blue = (pictures_BTHW3.long() >> (8 - BITS)).unbind(-1)
    colours_BTN = ((red << 2 * BITS) + (green << BITS) + blue).flatten(2)
    counts = torch.zeros((*colours_BTN.shape[:2], 2 ** (3 * BITS)), dtype=torch.int64)
    return counts.scatter_add_(2, colours_BTN, torch.ones_like(colours_BTN)).float()
