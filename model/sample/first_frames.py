"""What some bases read of a first frame beside its latent: grey pixels encoded behind it, CLIP's tokens.

So were Wan 2.1 I2V and Wan 2.2 I2V A14B trained (wan/image2video.py): frames that are not known are grey
pixels, not latents of zero, and those of Wan 2.1 see the first frame through CLIP besides.

B clips, C latent channels, F = 4 (T - 1) + 1 video frames, T latent frames, H, W height and width in px.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from model.nets.autoencoders.wan import VideoCodec
from model.nets.conditions import Conditions, Unknown
from model.nets.sizes import Sizes

PictureReader = Callable[[Tensor], Tensor]
"""CLIP's tokens (B, I, E) of pictures (B, 3, H, W), RGB -1..1."""


@dataclass(frozen=True, kw_only=True)
class FirstFrames:
    """How a network is told of first frames."""

    codec: VideoCodec
    grey: bool
    """It reads grey pixels where nothing is known."""
    clip: PictureReader | None = None
    """Its CLIP, where it has been trained with one."""

    @classmethod
    def of(cls, sizes: Sizes, codec: VideoCodec, clip: PictureReader | None = None) -> FirstFrames:
        """Those of a network of these sizes."""
        return cls(codec=codec, grey=sizes.first_frame == "beside", clip=clip)

    @torch.no_grad()
    def added(self, conditions: Conditions, first_B3HW: Tensor | None) -> Conditions:
        """The conditions with all that is read of the first frames; None where none is to be handed over.

        Where pixels are asked for and only the latent of the first frame is there, they are decoded from it.
        """
        if not (self.grey or self.clip):
            return conditions
        if first_B3HW is None and conditions.first_given.any():
            first_B3HW = self.codec.decode(conditions.first[:, :, None])[:, :, 0]
        image = self.clip(first_B3HW) if self.clip and first_B3HW is not None else None
        unknown = self.unknown(conditions.maps, first_B3HW) if self.grey else None
        return replace(conditions, unknown=unknown, image=image)

    def unknown(self, maps_B6FHW: Tensor, first_B3HW: Tensor | None) -> Unknown:
        """Latents of grey films as long as the maps, with the first frame and without."""
        b, _, f, h, w = maps_B6FHW.shape
        grey = maps_B6FHW.new_zeros((1, 3, f, h, w))
        alone = self.codec.encode(grey).expand(b, -1, -1, -1, -1)
        if first_B3HW is None:
            return Unknown(alone, alone)
        begun = torch.cat([first_B3HW[:, :, None].to(grey), grey[:, :, 1:].expand(b, -1, -1, -1, -1)], dim=2)
        return Unknown(self.codec.encode(begun), alone)
