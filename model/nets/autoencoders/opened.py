"""The autoencoder at a path, and the digest that its latents are known by."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch

from model.nets.autoencoders.patches import PatchCodec
from model.nets.autoencoders.wan import VideoCodec, WanVae

WEIGHTS = ("*.json", "*.safetensors")
"""Files of a folder that an autoencoder depends on."""


def open_codec(path: Path, device: torch.device, dtype: torch.dtype) -> VideoCodec:
    """The autoencoder of a folder in diffusers' layout, or the patch codec of a file.

    Raises:
        ValueError: there is none.
    """
    return WanVae.of_folder(path, device, dtype) if path.is_dir() else PatchCodec.load(path).to(device)


def codec_digest(path: Path, dtype: torch.dtype) -> str:
    """sha256 of all that the latents depend on besides the video: weights, settings, precision."""
    files = [path]
    if path.is_dir():
        files = sorted(file for pattern in WEIGHTS for file in path.glob(pattern))
    whole = hashlib.sha256(str(dtype).encode())
    for file in files:
        with file.open("rb") as opened:
            whole.update(f"\0{file.name if path.is_dir() else ''}\0".encode())
            whole.update(hashlib.file_digest(opened, "sha256").digest())
    return whole.hexdigest()
