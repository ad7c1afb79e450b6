"""CLIP's picture encoder that Wan 2.1's image-to-video bases see a first frame with (wan/modules/clip.py).

B pictures, I tokens of one (257), E numbers of a token (1280).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from model.nets.pretrained.by_transformers import loaded

KINDS = dict.fromkeys(("clip_vision_model", "clip"), "CLIPVisionModel")
"""The class of transformers by what a folder's config.json calls its network: the encoder, or all of CLIP."""
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
"""Of RGB, 0..1, as CLIP was trained."""


class ClipPictures:
    """CLIP's tokens of pictures, as the layer before the last one gives them."""

    def __init__(self, net: Any) -> None:
        self.net = net.eval().requires_grad_(requires_grad=False)
        self.side = int(net.config.image_size)
        self.width = int(net.config.hidden_size)

    @classmethod
    def of_folder(cls, folder: Path, device: torch.device, dtype: torch.dtype) -> ClipPictures:
        """The encoder of a local folder in transformers' layout: `image_encoder` of diffusers' Wan 2.1 I2V.

        Raises:
            ValueError: there is none in that folder, or transformers is not installed.
        """
        try:
            net = loaded(folder, KINDS, dtype)
        except ValueError as broken:
            raise ValueError(f"{folder}: not a CLIP picture encoder ({broken})") from broken
        return cls(net.to(device))

    @torch.no_grad()
    def __call__(self, pictures_B3HW: Tensor) -> Tensor:
        """Tokens (B, I, E), float32, of RGB -1..1: pictures are squashed to a square, as Wan does."""
        small = interpolate(
            pictures_B3HW.float(), (self.side, self.side), mode="bicubic", align_corners=False
        )
        mean, std = (small.new_tensor(values).view(3, 1, 1) for values in (MEAN, STD))
        seen = ((small + 1) / 2 - mean) / std
        found = self.net(seen.to(self.net.device, self.net.dtype), output_hidden_states=True)
        tokens: Tensor = found.hidden_states[-2].float()
        return tokens
