"""Attention of some tokens to others, with normalised queries and keys.

B clips, N tokens that ask, M tokens that are asked, D width, A heads, E channels of a head.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from model.nets.kernels import ManyToMany
from model.nets.layers import EPS
from model.nets.precision import LayerNorm32, RMSNorm32
from model.nets.rope import Rotation, rotate
from model.nets.sequence import Lanes


class KeysValues(NamedTuple):
    """What tokens answer with when they are asked, by head (B, A, M, E)."""

    keys: Tensor
    values: Tensor

    def beside(self, others: KeysValues) -> KeysValues:
        """These and others' behind them."""
        return KeysValues(*(torch.cat(pair, dim=2) for pair in zip(self, others, strict=True)))


class Attention(nn.Module):
    """What tokens read from others: themselves, a caption, references, faces.

    Queries and keys are RMS-normalised over all heads together, as in Wan 2.1. All heads together are as wide
    as the tokens, or `inner` channels.
    """

    def __init__(self, width: int, heads: int, inner: int | None = None) -> None:
        super().__init__()
        self.heads, inner = heads, inner or width
        self.q, self.k, self.v = (nn.Linear(width, inner) for _ in range(3))
        self.o = nn.Linear(inner, width)
        self.norm_q, self.norm_k = RMSNorm32(inner, eps=EPS), RMSNorm32(inner, eps=EPS)
        self.attend = ManyToMany()

    def forward(
        self,
        x_BND: Tensor,
        y_BMD: Tensor,
        turn_x: Rotation | None = None,
        turn_y: Rotation | None = None,
        lanes: Lanes | None = None,
    ) -> Tensor:
        """For each token of x (B, N, D) what it reads from y; rotations give both their positions.

        With `lanes` both are tokens of this rank, and those of the others are read too.
        """
        return self.ask(x_BND, self.known(y_BMD, turn_y), turn_x, lanes)

    def known(self, y_BMD: Tensor, turn: Rotation | None = None) -> KeysValues:
        """What tokens will answer with."""
        return KeysValues(self.split(self.norm_k(self.k(y_BMD)), turn), self.split(self.v(y_BMD), None))

    def ask(
        self, x_BND: Tensor, known: KeysValues, turn: Rotation | None = None, lanes: Lanes | None = None
    ) -> Tensor:
        """For each token of x (B, N, D) what it reads."""
        q = self.split(self.norm_q(self.q(x_BND)), turn)
        if lanes is None:
            answer = self.attend(q, *known)
        else:
            answer = self.attend(lanes.by_heads(q), *map(lanes.by_heads, known))
            answer = lanes.by_tokens(answer, x_BND.shape[1])
        return self.o(answer.transpose(1, 2).flatten(2))

    def of_one(self, y_B1D: Tensor) -> Tensor:
        """What any token reads from a single one (B, 1, D): all of it, whatever it asks."""
        return self.o(self.v(y_B1D))

    def split(self, x_BND: Tensor, turn: Rotation | None) -> Tensor:
        """Tokens by head (B, A, N, E), turned by their positions."""
        x_BANE = x_BND.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        return x_BANE if turn is None else rotate(x_BANE, turn)


class ReferenceAttention(nn.Module):
    """Ref Attn (method.md 7.2): what the noise tokens read from the reference tokens of the same layer.

    The paper lets each latent frame ask all references; as all frames ask the same ones, asking together is
    the same. Starts with zero as its answer.
    """

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.norm_x, self.norm_r = LayerNorm32(width, eps=EPS), LayerNorm32(width, eps=EPS)
        self.attention = Attention(width, heads, inner)

    def forward(self, x_BND: Tensor, known: KeysValues, lanes: Lanes | None = None) -> Tensor:
        """Answers (B, N, D) to the noise tokens."""
        return self.attention.ask(self.norm_x(x_BND), known, lanes=lanes)

    def known(self, r_BRD: Tensor) -> KeysValues:
        """What reference tokens will answer with."""
        return self.attention.known(self.norm_r(r_BRD))
