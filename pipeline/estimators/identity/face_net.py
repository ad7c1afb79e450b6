"""dlib's face recognition network (King 2017, CC0) in torch, and the reader of its file.

The file is dlib's own serialisation: readable tags of layers, from the input on, each of a convolution, a
scaling or the last layer followed by its numbers as little-endian floats. Nothing in it is run.

B faces, C channels, H, W px.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, max_pool2d, pad

SIDE = 150
"""Of the network's square input, px."""
WIDTH = 128
"""Numbers that stand for a face."""
MEAN, SCALE = (122.782, 117.001, 104.298), 256.0
STAGES = ((32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True))
"""Channels and blocks of each stage, and whether its first block halves the picture."""
TAG = re.compile(rb"con_4|affine_|fc_2")
TENSOR_VERSION = 2


class Scaled(nn.Module):
    """A convolution, and a scale and a shift of each of its channels."""

    def __init__(self, before: int, width: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, width, kernel, stride, padding=0 if stride > 1 else kernel // 2)
        self.gamma = nn.Parameter(torch.empty(width))
        self.beta = nn.Parameter(torch.empty(width))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Another number of channels; half the size where the stride is 2."""
        y: Tensor = self.conv(x_BCHW)
        return y * self.gamma[:, None, None] + self.beta[:, None, None]


class Residual(nn.Module):
    """Two convolutions beside the input; of different shapes, the lesser is filled up with zeros."""

    def __init__(self, before: int, width: int, *, halves: bool) -> None:
        super().__init__()
        self.halves = halves
        self.first = Scaled(before, width, 3, 2 if halves else 1)
        self.second = Scaled(width, width, 3, 1)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """The sum, where it is positive."""
        y = self.second(self.first(x_BCHW).relu())
        beside = avg_pool2d(x_BCHW, 2) if self.halves else x_BCHW
        shape = [max(sizes) for sizes in zip(y.shape, beside.shape, strict=True)]
        return (grown(y, shape) + grown(beside, shape)).relu()


class FaceNet(nn.Module):
    """The network: faces of 150 x 150 px to vectors of 128 numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Scaled(3, STAGES[0][0], 7, 2)
        before, blocks = STAGES[0][0], list[nn.Module]()
        for width, count, halves in STAGES:
            for number in range(count):
                blocks.append(Residual(before, width, halves=halves and number == 0))
                before = width
        self.blocks = nn.Sequential(*blocks)
        self.last = nn.Linear(before, WIDTH, bias=False)

    def forward(self, faces_BHW3: Tensor) -> Tensor:
        """(B, 128) of uint8 RGB faces of 150 x 150 px."""
        x = (faces_BHW3.float() - torch.tensor(MEAN)).permute(0, 3, 1, 2) / SCALE
        x = self.blocks(max_pool2d(self.stem(x).relu(), 3, 2))
        y: Tensor = self.last(x.mean(dim=(2, 3)))
        return y


def grown(x_BCHW: Tensor, shape: list[int]) -> Tensor:
    """The same with zeros behind it up to a shape."""
    more = [
        value
        for now, then in zip(x_BCHW.shape[:0:-1], shape[:0:-1], strict=True)
        for value in (0, then - now)
    ]
    return pad(x_BCHW, more)


def loaded(content: bytes) -> FaceNet:
    """The network with the weights of a file.

    Raises:
        ValueError: its layers are not those of this network.
    """
    net, layers = FaceNet(), layers_of(content)
    with torch.no_grad():
        for part in (part for part in net.modules() if isinstance(part, Scaled)):
            assert part.conv.bias is not None
            fill(next(layers, None), [part.conv.weight, part.conv.bias])
            fill(next(layers, None), [part.gamma, part.beta])
        table = next(layers, None)  # (input, output)
        turned = torch.empty(net.last.weight.shape[::-1])
        fill(table, [turned])
        net.last.weight.copy_(turned.T)
    if next(layers, None) is not None:
        raise ValueError("not the weights of this network: it has more layers")
    return net.eval()


def fill(values: NDArray[np.float32] | None, tensors: list[Tensor]) -> None:
    """Fill tensors, one behind the other.

    Raises:
        ValueError: there are not as many numbers.
    """
    wanted = sum(tensor.numel() for tensor in tensors)
    if values is None or len(values) != wanted:
        found = "none" if values is None else f"{len(values)}"
        raise ValueError(f"not the weights of this network: {found} where a layer has {wanted} numbers")
    given, at = torch.from_numpy(values.copy()), 0
    for tensor in tensors:
        tensor.copy_(given[at : at + tensor.numel()].view(tensor.shape))
        at += tensor.numel()


def layers_of(content: bytes) -> Iterator[NDArray[np.float32]]:
    """The numbers of each layer that has some, in the order of the network."""
    for tag in TAG.finditer(content):
        at = tag.end()
        if tag.group() == b"fc_2":  # its two sizes come first
            at = compact(content, compact(content, at)[1])[1]
        header = []
        for _ in range(5):
            value, at = compact(content, at)
            header.append(value)
        version, *sizes = header
        count = math.prod(sizes)
        if version != TENSOR_VERSION or not 0 < count <= (len(content) - at) // 4:
            raise ValueError("not the weights of this network: a layer has not the numbers that it says")
        yield np.frombuffer(content, "<f4", count, at)


def compact(content: bytes, at: int) -> tuple[int, int]:
    """A whole number as dlib writes it, and where the next byte is."""
    size = content[at] & 0x0F
    value = int.from_bytes(content[at + 1 : at + 1 + size], "little")
    return -value if content[at] & 0x80 else value, at + 1 + size
