"""A layer of the network: all look at all, noise tokens at references and faces, and all think.

B clips, X control channels, T latent frames (of times 1 where one holds for all), H, W latent height and
width, N noise tokens, R reference tokens, D width, L caption tokens.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from model.nets.attention import Attention, KeysValues, ReferenceAttention
from model.nets.face import FaceAttention, Faces
from model.nets.image import CaptionAttention, ImageTokens
from model.nets.layers import EPS, modulations
from model.nets.precision import LayerNorm32
from model.nets.rope import Rotation
from model.nets.sequence import Lanes
from model.nets.sizes import Sizes


class ReferenceMemory(NamedTuple):
    """What noise tokens read of references in a block whose references see one another alone."""

    jointly: KeysValues
    again: KeysValues | None
    """Of Ref Attn, where the block has it."""


class Context(NamedTuple):
    """Conditions as the blocks read it: all that stays the same while the noise changes."""

    control_BXTHW: Tensor
    references_BRD: Tensor
    faces: Faces | None
    text_BLD: Tensor
    image: ImageTokens | None
    turn: Rotation
    """By the positions of noise tokens, then reference tokens."""
    lanes: Lanes | None
    """Which tokens are this rank's: references, turns and who asks faces are its own; None: all are."""
    heard: tuple[ReferenceMemory, ...] = ()
    """Of the references, by block, where that is known before there is any noise."""
    clean_BT: Tensor | None = None
    """Latent frames without noise that are told so; None: one time holds for all."""


class Block(nn.Module):
    """One layer: everyone looks at everyone, noise tokens look at references and faces, everyone thinks."""

    def __init__(self, sizes: Sizes, number: int) -> None:
        super().__init__()
        width, heads = sizes.width, sizes.heads
        branch = (width, sizes.branch_heads, sizes.branch)
        self.alone = sizes.references_see == "references"
        self.modulation = nn.Parameter(torch.zeros(1, 6, width))
        self.self_attn = Attention(width, heads)
        self.norm3, self.cross_attn = (
            LayerNorm32(width, eps=EPS),
            CaptionAttention(width, heads, pictured=sizes.image_width > 0),
        )
        self.ref_attn = ReferenceAttention(*branch) if number % sizes.reference_every == 0 else None
        self.face_attn = FaceAttention(*branch) if number % sizes.face_every == 0 else None
        self.ffn = nn.Sequential(
            nn.Linear(width, sizes.ffn), nn.GELU(approximate="tanh"), nn.Linear(sizes.ffn, width)
        )

    def forward(
        self,
        x_BND: Tensor,
        r_BRD: Tensor,
        now_BT6D: Tensor,
        clean_B16D: Tensor,
        context: Context,
        heard: ReferenceMemory | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Noise and reference tokens of the next layer; the latter as they are if they have been heard."""
        if self.alone:
            if heard is None:
                r_BRD, heard = self.references(r_BRD, clean_B16D, context)
            return self.noise(x_BND, heard, now_BT6D, context), r_BRD

        x_attn, x_ffn = modulations(self.modulation, now_BT6D)
        r_attn, r_ffn = modulations(self.modulation, clean_B16D)

        both_BSD = torch.cat([x_attn.into(x_BND), r_attn.into(r_BRD)], dim=1)
        both_BSD = self.self_attn(both_BSD, both_BSD, context.turn, context.turn, context.lanes)
        x_seen, r_seen = both_BSD.tensor_split([x_BND.shape[1]], dim=1)
        x_BND, r_BRD = x_attn.onto(x_BND, x_seen), r_attn.onto(r_BRD, r_seen)

        r_BRD = self.captioned(r_BRD, context)
        x_BND = self.shown(x_BND, self.ref_attn.known(r_BRD) if self.ref_attn else None, context)

        x_BND = x_ffn.onto(x_BND, self.ffn(x_ffn.into(x_BND)))
        r_BRD = r_ffn.onto(r_BRD, self.ffn(r_ffn.into(r_BRD)))
        return x_BND, r_BRD

    def references(
        self, r_BRD: Tensor, clean_B16D: Tensor, context: Context
    ) -> tuple[Tensor, ReferenceMemory]:
        """Reference tokens of the next layer, which see one another alone, and what is read of them."""
        attn, ffn = modulations(self.modulation, clean_B16D)
        turn, r_in = context.turn.last(r_BRD.shape[1]), attn.into(r_BRD)
        jointly = self.self_attn.known(r_in, turn)
        r_BRD = attn.onto(r_BRD, self.self_attn.ask(r_in, jointly, turn, context.lanes))
        r_BRD = self.captioned(r_BRD, context)
        again = self.ref_attn.known(r_BRD) if self.ref_attn else None
        return ffn.onto(r_BRD, self.ffn(ffn.into(r_BRD))), ReferenceMemory(jointly, again)

    def noise(self, x_BND: Tensor, heard: ReferenceMemory, now_BT6D: Tensor, context: Context) -> Tensor:
        """Noise tokens of the next layer."""
        attn, ffn = modulations(self.modulation, now_BT6D)
        turn, x_in = context.turn.first(x_BND.shape[1]), attn.into(x_BND)
        known = self.self_attn.known(x_in, turn).beside(heard.jointly)
        x_BND = attn.onto(x_BND, self.self_attn.ask(x_in, known, turn, context.lanes))
        x_BND = self.shown(x_BND, heard.again, context)
        return ffn.onto(x_BND, self.ffn(ffn.into(x_BND)))

    def shown(self, x_BND: Tensor, references: KeysValues | None, context: Context) -> Tensor:
        """Noise tokens with what they read of caption, references and faces."""
        x_BND = self.captioned(x_BND, context)
        if self.ref_attn is not None and references is not None:
            x_BND = x_BND + self.ref_attn(x_BND, references, context.lanes)
        if self.face_attn is not None and context.faces is not None:
            x_BND = x_BND + self.face_attn(x_BND, context.faces)
        return x_BND

    def captioned(self, x_BND: Tensor, context: Context) -> Tensor:
        """Tokens with what they read of caption and image; where neither is there, nobody needs to ask."""
        text_BLD = context.text_BLD
        if context.image is not None:
            return x_BND + self.cross_attn.with_image(self.norm3(x_BND), text_BLD, context.image)
        if text_BLD.shape[1] == 1:
            return x_BND + self.cross_attn.of_one(text_BLD)
        return x_BND + self.cross_attn(self.norm3(x_BND), text_BLD)
