"""What Wan 2.1's image-to-video bases read of the first frame beside its latent: tokens of CLIP.

Names are those of the original files: `img_emb`, and `k_img`, `v_img`, `norm_k_img` of each cross-attention.

B clips, N tokens that ask, I image tokens, E numbers of one, L caption tokens, D width.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from model.nets.attention import Attention, KeysValues
from model.nets.layers import EPS
from model.nets.precision import LayerNorm32, RMSNorm32


class ImageTokens(NamedTuple):
    """The first frame as blocks read it."""

    tokens_BID: Tensor
    given_B: Tensor
    """Else its clip reads none."""


class ImageEmbedding(nn.Module):
    """CLIP's tokens (B, I, E) as wide as the network's (B, I, D)."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.proj = nn.Sequential(
            LayerNorm32(inputs),
            nn.Linear(inputs, inputs),
            nn.GELU(),
            nn.Linear(inputs, width),
            LayerNorm32(width),
        )

    def forward(self, clip_BIE: Tensor) -> Tensor:
        """The embedded tokens."""
        embedded: Tensor = self.proj(clip_BIE)
        return embedded


class CaptionAttention(Attention):
    """What tokens read of a caption and, where the base does, with the same queries of the first frame."""

    def __init__(self, width: int, heads: int, *, pictured: bool) -> None:
        super().__init__(width, heads)
        if pictured:
            self.k_img, self.v_img = nn.Linear(width, width), nn.Linear(width, width)
            self.norm_k_img = RMSNorm32(width, eps=EPS)

    def with_image(self, x_BND: Tensor, text_BLD: Tensor, image: ImageTokens) -> Tensor:
        """What each token (B, N, D) reads of both."""
        q = self.split(self.norm_q(self.q(x_BND)), None)
        shown = KeysValues(
            self.split(self.norm_k_img(self.k_img(image.tokens_BID)), None),
            self.split(self.v_img(image.tokens_BID), None),
        )
        seen = self.attend(q, *shown)
        seen = torch.where(image.given_B.view(-1, 1, 1, 1), seen, 0.0)
        answer = self.attend(q, *self.known(text_BLD)) + seen
        return self.o(answer.transpose(1, 2).flatten(2))
