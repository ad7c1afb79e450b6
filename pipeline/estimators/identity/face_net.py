"""dlib's face recognition network (King 2017, CC0) in numpy, and the reader of its file.

The file is dlib's own serialisation: readable tags of layers, from the input on, each of a convolution, a
scaling or the last layer followed by its numbers as little-endian floats. Nothing in it is run.

B faces, H, W px, C channels.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
SIDE = 150
"""Of the network's square input, px."""
WIDTH = 128
"""Numbers that stand for a face."""
MEAN, SCALE = np.array((122.782, 117.001, 104.298), np.float32), np.float32(256.0)
STAGES = ((32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True))
"""Channels and blocks of each stage, and whether its first block halves the picture."""
TAG = re.compile(rb"con_4|affine_|fc_2")
TENSOR_VERSION = 2


@dataclass(frozen=True)
class Scaled:
    """A convolution, and a scale and a shift of each of its channels, which are one convolution again."""

    taps: Array  # (kernel, kernel, before, after)
    bias: Array  # (after,)
    stride: int

    def __call__(self, x_BHWC: Array) -> Array:
        """Another number of channels; half the size, and no border, where the stride is 2."""
        kernel, reach = len(self.taps), 0 if self.stride > 1 else len(self.taps) // 2
        padded = np.pad(x_BHWC, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
        high, wide = ((size - kernel) // self.stride + 1 for size in padded.shape[1:3])
        y = np.tile(self.bias, (len(padded), high, wide, 1))
        for row, column in product(range(kernel), repeat=2):
            rows = slice(row, row + (high - 1) * self.stride + 1, self.stride)
            columns = slice(column, column + (wide - 1) * self.stride + 1, self.stride)
            y += padded[:, rows, columns] @ self.taps[row, column]
        return y


@dataclass(frozen=True)
class Residual:
    """Two convolutions beside the input; of different shapes, the lesser is filled up with zeros."""

    first: Scaled
    second: Scaled

    def __call__(self, x_BHWC: Array) -> Array:
        """The sum, where it is positive."""
        y = self.second(positive(self.first(x_BHWC)))
        beside = pooled(x_BHWC, 2, np.mean) if self.first.stride > 1 else x_BHWC
        whole = np.zeros(np.maximum(y.shape, beside.shape), np.float32)
        for part in (y, beside):
            whole[tuple(slice(size) for size in part.shape)] += part
        return positive(whole)


@dataclass(frozen=True)
class FaceNet:
    """The network: faces of 150 x 150 px to vectors of 128 numbers."""

    stem: Scaled
    blocks: tuple[Residual, ...]
    last: Array

    def __call__(self, faces_BHW3: NDArray[np.uint8]) -> Array:
        """(B, 128) of RGB faces of 150 x 150 px."""
        x = pooled(positive(self.stem((faces_BHW3 - MEAN) / SCALE)), 3, np.max)
        for block in self.blocks:
            x = block(x)
        return np.asarray(x.mean(axis=(1, 2)) @ self.last, np.float32)


def positive(x: Array) -> Array:
    """0 where it is negative."""
    return np.maximum(x, np.float32(0))


def pooled(x_BHWC: Array, side: int, by: Callable[..., Array]) -> Array:
    """Of each square of a side, two px from the next, one number; what does not fill a square is left."""
    squares = np.lib.stride_tricks.sliding_window_view(x_BHWC, (side, side), axis=(1, 2))
    return by(squares[:, ::2, ::2], axis=(-2, -1))


def loaded(content: bytes) -> FaceNet:
    """The network with the weights of a file.

    Raises:
        ValueError: its layers are not those of this network.
    """
    layers = layers_of(content)
    stem = scaled(layers, 3, STAGES[0][0], 7, 2)
    before, blocks = STAGES[0][0], list[Residual]()
    for width, count, halves in STAGES:
        for number in range(count):
            stride = 2 if halves and number == 0 else 1
            first = scaled(layers, before, width, 3, stride)
            blocks.append(Residual(first, scaled(layers, width, width, 3, 1)))
            before = width
    last = numbers(layers, before * WIDTH).reshape(before, WIDTH)
    if next(layers, None) is not None:
        raise ValueError("not the weights of this network: it has more layers")
    return FaceNet(stem, tuple(blocks), last)


def scaled(layers: Iterator[Array], before: int, after: int, kernel: int, stride: int) -> Scaled:
    """The next convolution and scaling, as one.

    Raises:
        ValueError: they have other numbers.
    """
    weights, bias = np.split(numbers(layers, after * (before * kernel**2 + 1)), [-after])
    gamma, beta = np.split(numbers(layers, 2 * after), 2)
    taps = weights.reshape(after, before, kernel, kernel).transpose(2, 3, 1, 0)
    return Scaled(np.ascontiguousarray(taps * gamma), bias * gamma + beta, stride)


def numbers(layers: Iterator[Array], wanted: int) -> Array:
    """The numbers of the next layer.

    Raises:
        ValueError: there are not as many as wanted.
    """
    values = next(layers, None)
    if values is None or len(values) != wanted:
        found = "none" if values is None else f"{len(values)}"
        raise ValueError(f"not the weights of this network: {found} where a layer has {wanted} numbers")
    return values


def layers_of(content: bytes) -> Iterator[Array]:
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
