"""The decoder of HMR2.0 and HaMeR: one token asks the features, and is read as pose, shape and camera.

Names of parts are those of the published weights, hence layers within layers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

# B pictures, N features, D width of the token, C of features, H heads


class HeadedAttention(nn.Module):
    """What attention to oneself and to features share."""

    def __init__(self, width: int, heads: int, head_width: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_out = nn.Sequential(nn.Linear(heads * head_width, width))

    def attend(self, *qkv: Tensor) -> Tensor:
        """Tokens (B, 1, D) of queries, keys and values (B, N, heads * width of a head)."""
        q, k, v = (x.unflatten(2, (self.heads, -1)).transpose(1, 2) for x in qkv)
        return self.to_out(scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class TokenAttention(HeadedAttention):
    """The token asks itself."""

    def __init__(self, width: int, heads: int, head_width: int) -> None:
        super().__init__(width, heads, head_width)
        self.to_qkv = nn.Linear(width, 3 * heads * head_width, bias=False)

    def forward(self, x_B1D: Tensor, _: Tensor) -> Tensor:
        """Tokens (B, 1, D)."""
        return self.attend(*self.to_qkv(x_B1D).chunk(3, dim=2))


class CrossAttention(HeadedAttention):
    """The token asks the features."""

    def __init__(self, width: int, heads: int, head_width: int, context: int) -> None:
        super().__init__(width, heads, head_width)
        self.to_kv = nn.Linear(context, 2 * heads * head_width, bias=False)
        self.to_q = nn.Linear(width, heads * head_width, bias=False)

    def forward(self, x_B1D: Tensor, features_BNC: Tensor) -> Tensor:
        """Tokens (B, 1, D)."""
        return self.attend(self.to_q(x_B1D), *self.to_kv(features_BNC).chunk(2, dim=2))


class TokenLayers(nn.Module):
    """Two layers on the token."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Identity(), nn.Linear(hidden, width))

    def forward(self, x_B1D: Tensor, _: Tensor) -> Tensor:
        """Tokens (B, 1, D)."""
        return self.net(x_B1D)


class Normed(nn.Module):
    """A part on the normalised token, beside a way past it."""

    def __init__(self, width: int, fn: nn.Module) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fn = fn

    def forward(self, x_B1D: Tensor, features_BNC: Tensor) -> Tensor:
        """Tokens (B, 1, D)."""
        return x_B1D + self.fn(self.norm(x_B1D), features_BNC)


class TokenTransformer(nn.Module):
    """All layers, three parts each."""

    def __init__(
        self, *, width: int, depth: int, heads: int, head_width: int, hidden: int, context: int
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.ModuleList(
                Normed(width, part)
                for part in (
                    TokenAttention(width, heads, head_width),
                    CrossAttention(width, heads, head_width, context),
                    TokenLayers(width, hidden),
                )
            )
            for _ in range(depth)
        )

    def forward(self, x_B1D: Tensor, features_BNC: Tensor) -> Tensor:
        """Tokens (B, 1, D)."""
        for layer in self.layers:
            assert isinstance(layer, nn.ModuleList)
            for part in layer:
                x_B1D = part(x_B1D, features_BNC)
        return x_B1D


class TokenDecoder(nn.Module):
    """The token of nothing, or of a running estimate, after all layers."""

    def __init__(self, *, token: int, width: int, **sizes: int) -> None:
        super().__init__()
        self.pos_embedding = nn.Parameter(torch.randn(1, 1, width))
        self.to_token_embedding = nn.Linear(token, width)
        self.transformer = TokenTransformer(width=width, **sizes)

    def forward(self, token_BT: Tensor, features_BNC: Tensor) -> Tensor:
        """What is read (B, D)."""
        x_B1D = self.to_token_embedding(token_BT)[:, None] + self.pos_embedding
        return self.transformer(x_B1D, features_BNC)[:, 0]
