"""Attention of some tokens to others, with normalised queries and keys.

B clips, N tokens that ask, M tokens that are asked, D width, A heads, E = D / A.
"""

from __future__ import annotations

from torch import Tensor, nn

from model.nets.kernels import ManyToMany
from model.nets.layers import EPS
from model.nets.precision import LayerNorm32, RMSNorm32
from model.nets.rope import Rotation, rotate
from model.nets.sequence import Lanes


class Attention(nn.Module):
    """What tokens read from others: themselves, a caption, references, faces.

    Queries and keys are RMS-normalised over all heads together, as in Wan 2.1.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))
        self.norm_q, self.norm_k = RMSNorm32(width, eps=EPS), RMSNorm32(width, eps=EPS)
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
        q = self.split(self.norm_q(self.q(x_BND)), turn_x)
        k = self.split(self.norm_k(self.k(y_BMD)), turn_y)
        v = self.split(self.v(y_BMD), None)
        if lanes is None:
            answer = self.attend(q, k, v)
        else:
            answer = self.attend(lanes.by_heads(q), lanes.by_heads(k), lanes.by_heads(v))
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

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm_x, self.norm_r = LayerNorm32(width, eps=EPS), LayerNorm32(width, eps=EPS)
        self.attention = Attention(width, heads)

    def forward(self, x_BND: Tensor, r_BRD: Tensor, lanes: Lanes | None = None) -> Tensor:
        """Answers (B, N, D) to the noise tokens."""
        return self.attention(self.norm_x(x_BND), self.norm_r(r_BRD), lanes=lanes)
