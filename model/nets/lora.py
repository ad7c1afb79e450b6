"""Low-rank changes of layers whose own weights rest (LoRA, arXiv 2106.09685)."""

from __future__ import annotations

import re

import torch
from torch import Generator, Tensor, nn

CHANGED = re.compile(r"blocks\.\d+\.(self_attn\.[qkvo]|cross_attn\.[vo]|ffn\.\d)$")
"""Layers of a base that change; queries and keys of text, which nobody asks without captions, do not."""
A, B = "lora_a", "lora_b"


class LoraLinear(nn.Linear):
    """A linear layer and a change of it: a product of two thin matrices, the second zero at first."""

    def __init__(self, inputs: int, outputs: int, rank: int) -> None:
        super().__init__(inputs, outputs)
        self.lora_a = nn.Parameter(torch.zeros(rank, inputs))
        self.lora_b = nn.Parameter(torch.zeros(outputs, rank))

    def forward(self, x: Tensor) -> Tensor:
        """The layer's answer, changed."""
        return super().forward(x) + (x @ self.lora_a.T) @ self.lora_b.T


def let_change(net: nn.Module, rank: int) -> None:
    """Put layers that can change in place of a network's own, under the same names."""
    for name, layer in list(net.named_modules()):
        if CHANGED.fullmatch(name) and isinstance(layer, nn.Linear):
            owner, _, local = name.rpartition(".")
            setattr(net.get_submodule(owner), local, LoraLinear(layer.in_features, layer.out_features, rank))


def draw_changes_of(net: nn.Module, generator: Generator) -> None:
    """Draw the first of the thin matrices, last of all: the rest is the same with changes and without."""
    for name, weight in net.named_parameters():
        if name.endswith(A):
            nn.init.normal_(weight, std=weight.shape[1] ** -0.5, generator=generator)


def merged(weight: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """The weight of a layer with its change in it, as precise as the weight."""
    return (weight.float() + b.float() @ a.float()).to(weight.dtype)
