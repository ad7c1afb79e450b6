"""Settings of a run from samples to latents; nothing here brings torch along."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from model.data.epoch_order import OrderSettings
from model.data.windows import WindowRule
from schemas.placement import placement

CODEC = "codec.npz"
"""The codec that was fitted to a data set, beside its latents."""


def bounded() -> WindowRule:
    """Four windows a sample."""
    return WindowRule(variants=4)


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """Which windows of a data set are encoded, and by what."""

    vae: Path | None = None
    """Folder of an autoencoder in diffusers' layout, or file of a patch codec; None fits OUT/codec.npz."""
    text_encoder: Path | None = None
    """Folder of a UMT5 or T5 encoder, for the manifest's column `caption`; None stores no captions."""
    window: WindowRule = field(default_factory=bounded)
    """As in training: other windows are not found there. `variants` bounds how many a sample gives."""
    max_tokens: int = OrderSettings.max_tokens
    """As in training: it bounds windows too."""
    mirrored: bool = False
    """Store each window in a mirror too, for trainings that mirror samples: twice the work and the bytes."""
    device: str = placement("cpu")
    """Where the autoencoder runs, as torch names it: cpu, cuda, cuda:1."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the autoencoder's numbers."""
    gpu_share: float = placement(1.0)
    """Share of a GPU that a worker takes, where the autoencoder runs on one."""
