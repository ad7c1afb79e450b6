"""Between pictures and latents: what every video autoencoder offers, and Wan 2.1's.

B clips, F = 4 (T - 1) + 1 video frames, C latent channels, T latent frames, H, W latent height and width.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from storage.json_files import json_at
from storage.place import Place
from storage.records import read_as
from storage.weight_files import check_keys, read_weights

TIME_STRIDE, SPACE_STRIDE = 4, 8


class VideoCodec(Protocol):
    """A causal video autoencoder of strides 4, 8, 8; latent frame 0 stands for the first frame alone."""

    channels: int

    def encode(self, video: Tensor) -> Tensor:
        """Latents (B, C, T, H, W), together about standard normal, of RGB -1..1 (B, 3, F, 8H, 8W)."""
        ...

    def decode(self, latents: Tensor) -> Tensor:
        """RGB -1..1 (B, 3, F, 8H, 8W) of latents."""
        ...


def check_video(video: Tensor) -> None:
    """That a video has a size that fits the strides.

    Raises:
        ValueError: it has not.
    """
    frames, height, width = video.shape[2:]
    if (frames - 1) % TIME_STRIDE or height % SPACE_STRIDE or width % SPACE_STRIDE:
        raise ValueError(
            f"{frames} frames of {width}x{height} px do not make latents: "
            f"{TIME_STRIDE}k + 1 frames and multiples of {SPACE_STRIDE} px do"
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

    def __post_init__(self) -> None:
        sizes = (self.base_dim, self.z_dim, self.num_res_blocks, *self.dim_mult)
        if not 1 <= min(sizes) <= max(sizes) <= MAX_CHANNELS or self.num_res_blocks > MAX_LEVELS:
            raise ValueError(f"sizes are from 1 to {MAX_CHANNELS}")
        if not len(self.temperal_downsample) + 1 == len(self.dim_mult) <= MAX_LEVELS:
            raise ValueError(
                f"{len(self.dim_mult)} levels, {len(self.temperal_downsample)} steps between them"
            )
        strides = 2 ** sum(self.temperal_downsample), 2 ** len(self.temperal_downsample)
        if strides != (TIME_STRIDE, SPACE_STRIDE):
            raise ValueError(f"strides of {strides}; {TIME_STRIDE} and {SPACE_STRIDE} are used")
        lengths = {len(self.latents_mean), len(self.latents_std)}
        if lengths != {self.z_dim} or min(self.latents_std) <= 0:
            raise ValueError(f"mean and deviation of each of {self.z_dim} channels are needed")

    def as_plain(self) -> dict[str, Any]:
        """The sizes as the library wants them."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()
        }


class WanVae:
    """Wan 2.1's autoencoder, with the weights of a local folder in diffusers' layout.

    Encoding takes the middle of the latent's distribution, so that the same video gives the same latents.
    """

    def __init__(self, vae: Any) -> None:
        self.vae = vae.eval().requires_grad_(requires_grad=False)
        self.channels = int(vae.config.z_dim)

    @classmethod
    def of_folder(cls, folder: Path, device: torch.device, dtype: torch.dtype) -> WanVae:
        """The autoencoder of a folder with `config.json` and safetensors weights.

        Raises:
            ValueError: there is none in that folder.
        """
        from diffusers import AutoencoderKLWan

        if not (folder / CONFIG).is_file():
            raise ValueError(f"{folder}: no autoencoder there; {CONFIG} and its weights were expected")
        what = f"{folder}: not an autoencoder of Wan 2.1"
        try:
            config = read_as(WanConfig, json_at(Place.at(folder), CONFIG), what)
            weights = read_weights(folder)
        except (OSError, ValueError) as broken:
            raise ValueError(f"{what} ({broken})") from broken
        with torch.device("meta"):
            vae = AutoencoderKLWan(**config.as_plain())
        check_keys(weights, vae.state_dict(), what)
        vae.load_state_dict(weights, assign=True)
        return cls(vae.to(device, dtype))

    @torch.no_grad()
    def encode(self, video: Tensor) -> Tensor:
        """Latents, normalised by the statistics that come with the weights."""
        check_video(video)
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
