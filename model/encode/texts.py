"""Which text encoder encodes captions, and where it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from model.nets.pretrained.captions import CaptionEncoder, caption_digest


@dataclass(frozen=True, kw_only=True)
class TextEncoder:
    """A text encoder in a folder that every worker sees."""

    path: Path
    device: str
    """As torch names it."""
    precision: str
    """Of its numbers: a floating type of torch."""

    @property
    def digest(self) -> str:
        """What its embeddings are known by.

        Raises:
            OSError: one of its files is missing, or cannot be read.
        """
        return caption_digest(self.path, getattr(torch, self.precision))

    @property
    def num_bytes(self) -> int:
        """Bytes of its files."""
        return sum(file.stat().st_size for file in self.path.rglob("*.safetensors"))

    def open(self) -> CaptionEncoder:
        """The encoder, with its weights.

        Raises:
            ValueError: there is none at that path.
        """
        return CaptionEncoder(self.path, torch.device(self.device), getattr(torch, self.precision))
