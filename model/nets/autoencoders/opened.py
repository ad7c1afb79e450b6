"""The autoencoder at a path, and the digest that its latents are known by."""

from __future__ import annotations

from pathlib import Path

import torch

from model.nets.autoencoders.patches import PatchCodec
from model.nets.autoencoders.wan import VideoCodec, WanVae
from model.nets.pretrained.folders import refuse_odd
from model.nets.sizes import Sizes

PUBLISHED = (".pth", ".safetensors")
"""How files of Wan's autoencoders end; patch codecs have other names."""


def open_codec(path: Path, device: torch.device, dtype: torch.dtype) -> VideoCodec:
    """The autoencoder of a folder in diffusers' layout or of a published file, or the patch codec of a file.

    Raises:
        ValueError: there is none.
    """
    if path.is_file() and path.suffix in PUBLISHED:
        return WanVae.of_file(path, device, dtype)
    if not path.is_dir():
        return PatchCodec.load(path).to(device)
    refuse_odd(path)
    return WanVae.of_folder(path, device, dtype)


def refuse_unfit(codec: VideoCodec, sizes: Sizes, path: Path) -> None:
    """Returns where a network of these sizes reads the latents of an autoencoder.

    Raises:
        ValueError: it does not; says which sizes would.
    """
    if codec.channels != sizes.channels:
        raise ValueError(
            f"{path}: latents of {codec.channels} channels; the network reads {sizes.channels}: "
            f"--settings.sizes.channels {codec.channels} reads those"
        )
    if codec.stride != sizes.stride:
        raise ValueError(
            f"{path}: a latent pixel is of {codec.stride} px a side; the network reads {sizes.stride}: "
            f"--settings.sizes.stride {codec.stride} reads those"
        )
