"""Between pictures and latents: what every video autoencoder offers, and those of Wan 2.1 and 2.2.

B clips, F = 4 (T - 1) + 1 video frames, C latent channels, T latent frames, H, W latent height and width,
S px of a side of a latent pixel: 8, or 16 of Wan 2.2 TI2V 5B's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from model.nets.autoencoders.original import config_of, renamed
from storage.json_files import json_at
from storage.place import Place
from storage.records import read_as
from storage.weight_files import Weights, check_keys, read_weights

TIME_STRIDE, SPACE_STRIDE = 4, 8
STRIDES = (SPACE_STRIDE, 16)
"""Px of a side of a latent pixel, of autoencoders that are used."""


class VideoCodec(Protocol):
    """A causal video autoencoder of strides 4, S, S; latent frame 0 stands for the first frame alone."""

    channels: int
    stride: int
    """S, px."""

    def encode(self, video: Tensor) -> Tensor:
        """Latents (B, C, T, H, W), together about standard normal, of RGB -1..1 (B, 3, F, S H, S W)."""
        ...

    def decode(self, latents: Tensor) -> Tensor:
        """RGB -1..1 (B, 3, F, S H, S W) of latents."""
        ...


def check_video(video: Tensor, stride: int = SPACE_STRIDE) -> None:
    """That a video has a size that fits the strides.

    Raises:
        ValueError: it has not.
    """
    frames, height, width = video.shape[2:]
    if (frames - 1) % TIME_STRIDE or height % stride or width % stride:
        raise ValueError(
            f"{frames} frames of {width}x{height} px do not make latents: "
            f"{TIME_STRIDE}k + 1 frames and multiples of {stride} px do"
        )


CONFIG = "config.json"
MAX_CHANNELS = 1024
MAX_LEVELS = 8


@dataclass(frozen=True, kw_only=True)
class WanConfig:
    """What `config.json` says of the network; sizes that it leaves out are those of Wan 2.1."""

    base_dim: int = 96
    z_dim: int = 16
    dim_mult: tuple[int, ...] = (1, 2, 4, 4)
    num_res_blocks: int = 2
    temperal_downsample: tuple[bool, ...] = (False, True, True)
    latents_mean: tuple[float, ...]
    latents_std: tuple[float, ...]
    decoder_base_dim: int | None = None
    """Of the decoder, where it is another: Wan 2.2."""
    is_residual: bool = False
    in_channels: int = 3
    out_channels: int = 3
    patch_size: int | None = None
    """Pixels of a side that are channels of one, before the first layer: Wan 2.2."""

    def __post_init__(self) -> None:
        sizes = (self.base_dim, self.z_dim, self.num_res_blocks, *self.dim_mult, self.decoder_base_dim or 1)
        if not 1 <= min(sizes) <= max(sizes) <= MAX_CHANNELS or self.num_res_blocks > MAX_LEVELS:
            raise ValueError(f"sizes are from 1 to {MAX_CHANNELS}")
        if not len(self.temperal_downsample) + 1 == len(self.dim_mult) <= MAX_LEVELS:
            raise ValueError(
                f"{len(self.dim_mult)} levels, {len(self.temperal_downsample)} steps between them"
            )
        strides = 2 ** sum(self.temperal_downsample), self.stride
        if strides not in {(TIME_STRIDE, wide) for wide in STRIDES}:
            raise ValueError(
                f"strides of {strides}; {TIME_STRIDE}, and {' or '.join(map(str, STRIDES))}, are used"
            )
        if {self.in_channels, self.out_channels} != {3 * (self.patch_size or 1) ** 2}:
            raise ValueError(
                f"{self.in_channels} channels in and {self.out_channels} out are not those of RGB"
            )
        lengths = {len(self.latents_mean), len(self.latents_std)}
        if lengths != {self.z_dim} or min(self.latents_std) <= 0:
            raise ValueError(f"mean and deviation of each of {self.z_dim} channels are needed")

    @property
    def stride(self) -> int:
        """Px of a side of a latent pixel."""
        return (self.patch_size or 1) * 2 ** len(self.temperal_downsample)

    def as_plain(self) -> dict[str, Any]:
        """The sizes as the library wants them."""
        named = {
            name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()
        }
        return named | {"scale_factor_spatial": self.stride}


class WanVae:
    """An autoencoder of Wan, with weights in diffusers' layout or as they were published.

    Encoding takes the middle of the latent's distribution, so that the same video gives the same latents.
    """

    def __init__(self, vae: Any, stride: int) -> None:
        self.vae = vae.eval().requires_grad_(requires_grad=False)
        self.channels, self.stride = int(vae.config.z_dim), stride

    @classmethod
    def of_folder(cls, folder: Path, device: torch.device, dtype: torch.dtype) -> WanVae:
        """The autoencoder of a folder with `config.json` and safetensors weights.

        Raises:
            ValueError: there is none in that folder.
        """
        if not (folder / CONFIG).is_file():
            raise ValueError(f"{folder}: no autoencoder there; {CONFIG} and its weights were expected")
        what = f"{folder}: not an autoencoder of Wan"
        try:
            config, weights = json_at(Place.at(folder), CONFIG), read_weights(folder)
        except (OSError, ValueError) as broken:
            raise ValueError(f"{what} ({broken})") from broken
        return cls.holding(config, weights, what, device, dtype)

    @classmethod
    def of_file(cls, file: Path, device: torch.device, dtype: torch.dtype) -> WanVae:
        """The autoencoder of a file as it was published: Wan2.1_VAE.pth, Wan2.2_VAE.pth.

        Raises:
            ValueError: there is none in that file.
        """
        what = f"{file}: not an autoencoder of Wan"
        try:
            weights = read_weights(file)
            config = config_of(weights)
        except (OSError, ValueError) as broken:
            raise ValueError(f"{what} ({broken})") from broken
        except (KeyError, IndexError) as missing:
            raise ValueError(f"{what} (its weights do not tell its sizes: {missing})") from missing
        return cls.holding(config, renamed(weights), what, device, dtype)

    @classmethod
    def holding(
        cls, settings: object, weights: Weights, what: str, device: torch.device, dtype: torch.dtype
    ) -> WanVae:
        """The autoencoder of these settings and weights.

        Raises:
            ValueError: they are none, or not of each other; the text begins with `what`.
        """
        from diffusers import AutoencoderKLWan

        config = read_as(WanConfig, settings, what)
        with torch.device("meta"):
            vae = AutoencoderKLWan(**config.as_plain())
        check_keys(weights, vae.state_dict(), what)
        vae.load_state_dict(weights, assign=True)
        return cls(vae.to(device, dtype), config.stride)

    @torch.no_grad()
    def encode(self, video: Tensor) -> Tensor:
        """Latents, normalised by the statistics that come with the weights."""
        check_video(video, self.stride)
        latents = self.vae.encode(video.to(self.vae.device, self.vae.dtype)).latent_dist.mode().float()
        mean, std = self.statistics(latents)
        return (latents - mean) / std

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """The video of normalised latents."""
        mean, std = self.statistics(latents)
        z = (latents.float() * std + mean).to(self.vae.device, self.vae.dtype)
        return self.vae.decode(z).sample.float()

    def statistics(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation of each channel, as wide as latents."""
        mean, std = (
            torch.tensor(values, device=latents.device).view(1, -1, 1, 1, 1)
            for values in (self.vae.config.latents_mean, self.vae.config.latents_std)
        )
        return mean, std
