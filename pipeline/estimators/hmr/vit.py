"""ViTPose's vision transformer, as HMR2.0 and HaMeR have it: a picture of 256 x 192 px to 16 x 12 features.

Names of parts are those of the published weights.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

# B pictures, N tokens, D width, H heads, K width of a head
PATCH = 16
PADDING = 2
"""On each side of the picture: its tokens are still height / 16 x width / 16."""
EPS = 1e-6


class SelfAttention(nn.Module):
    """Every token asks all others."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x_BND: Tensor) -> Tensor:
        """Tokens (B, N, D) of tokens."""
        q, k, v = self.qkv(x_BND).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return self.proj(scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    """Two layers on each token."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x_BND: Tensor) -> Tensor:
        """Tokens (B, N, D) of tokens."""
        return self.fc2(gelu(self.fc1(x_BND)))


class EncoderBlock(nn.Module):
    """Attention and two layers, each on normalised tokens and beside a way past it."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, EPS), nn.LayerNorm(width, EPS)
        self.attn = SelfAttention(width, heads)
        self.mlp = FeedForward(width, hidden)

    def forward(self, x_BND: Tensor) -> Tensor:
        """Tokens (B, N, D) of tokens."""
        x_BND = x_BND + self.attn(self.norm1(x_BND))
        return x_BND + self.mlp(self.norm2(x_BND))


class PatchEmbedding(nn.Module):
    """Squares of a picture as tokens."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, PATCH, PATCH, PADDING)

    def forward(self, picture_B3HW: Tensor) -> Tensor:
        """Tokens (B, N, D), row by row."""
        return self.proj(picture_B3HW).flatten(2).transpose(1, 2)


class VisionTransformer(nn.Module):
    """The backbone."""

    def __init__(self, *, width: int, depth: int, heads: int, hidden: int, tokens: int = 192) -> None:
        super().__init__()
        self.pos_embed = nn.Parameter(nn.init.trunc_normal_(Tensor(1, 1 + tokens, width), std=0.02))
        self.patch_embed = PatchEmbedding(width)
        self.blocks = nn.ModuleList(EncoderBlock(width, heads, hidden) for _ in range(depth))
        self.last_norm = nn.LayerNorm(width, EPS)

    def forward(self, picture_B3HW: Tensor) -> Tensor:
        """Features (B, N, D). A token's place is its own row of the table plus the first one, a class's."""
        x_BND = self.patch_embed(picture_B3HW) + self.pos_embed[:, 1:] + self.pos_embed[:, :1]
        for block in self.blocks:
            x_BND = block(x_BND)
        return self.last_norm(x_BND)
