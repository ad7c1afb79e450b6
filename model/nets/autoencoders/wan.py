"""Between pictures and latents: what every video autoencoder offers, and Wan 2.1's.

B clips, F = 4 (T - 1) + 1 video frames, C latent channels, T latent frames, H, W latent height and width.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

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

        if not (folder / "config.json").is_file():
            raise ValueError(f"{folder}: no autoencoder there; config.json and its weights were expected")
        try:
            vae = AutoencoderKLWan.from_pretrained(
                str(folder), local_files_only=True, use_safetensors=True, torch_dtype=dtype
            )
        except (OSError, ValueError, RuntimeError) as broken:
            raise ValueError(f"{folder}: not an autoencoder of Wan 2.1 ({broken})") from broken
        return cls(vae.to(device))

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
