"""A video autoencoder that needs no weights of others: a linear map of patches, fitted on the data at hand.

Each patch of 4 frames by 8 by 8 pixels becomes its share of the 16 directions in which patches differ most
(principal components), divided by the root of how much they differ: undivided, all but the brightness would
drown in noise; divided in full, most of what a network sees would be fine detail that nothing foretells. In
all, latents have the power of a standard normal. The first frame is taken for four equal ones, so a
picture has the latents of a film in which nothing moves. Sharp detail is lost; all stays recognisable.

On the way back each patch is read from three latents, its own and those before and after it, by the linear
map of least error: read from its own alone, a film would stand still for four frames and then jump.

B clips, F = 4 (T - 1) + 1 video frames, C latent channels, T latent frames, H, W latent height and width,
M = 3 * 4 * 8 * 8 values of a patch, L = 3 C numbers of three latents.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dataset.arrays import unpack_file
from model.nets.autoencoders.wan import SPACE_STRIDE, TIME_STRIDE, check_video

CHANNELS = 16
VALUES = 3 * TIME_STRIDE * SPACE_STRIDE**2
MAX_FILE_BYTES = 2**24
"""Largest file that is read: that of all directions has 2.4 million bytes."""

PER_FILM = 2048
"""Most patches of a video that a codec is fitted to: all of 16 films give 0.05 dB more."""

LARGEST = 1e4
"""Beyond all numbers of a codec: its directions are of length 1, its pixels and their spread of -1..1."""


class PatchCodec(nn.Module):
    """A `VideoCodec` that is linear in the pixels."""

    stride = SPACE_STRIDE

    mean_M: Tensor
    basis_MC: Tensor
    spread_C: Tensor
    reading_LM: Tensor

    def __init__(
        self, mean_M: Tensor, basis_MC: Tensor, spread_C: Tensor, reading_LM: Tensor | None = None
    ) -> None:
        """Without a reading, patches are read from their own latents alone, as codecs of before were."""
        super().__init__()
        if reading_LM is None:
            own = spread_C[:, None] * basis_MC.T
            reading_LM = torch.cat([torch.zeros_like(own), own, torch.zeros_like(own)])
        self.channels = len(spread_C)
        self.register_buffer("mean_M", mean_M)
        self.register_buffer("basis_MC", basis_MC)
        self.register_buffer("spread_C", spread_C)
        self.register_buffer("reading_LM", reading_LM)

    @torch.no_grad()
    def encode(self, video: Tensor) -> Tensor:
        """Latents of RGB -1..1."""
        check_video(video)
        codes = (patches(video) - self.mean_M) @ self.basis_MC / self.spread_C
        return codes.movedim(-1, 1)

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """RGB -1..1."""
        own = latents.movedim(1, -1)
        before, after = beside(own)
        around = torch.cat([before, own, after], dim=-1)
        return pictures(around @ self.reading_LM + self.mean_M).clamp(-1, 1)

    def save(self, file: Path) -> None:
        """Write the codec; the same codec gives the same bytes."""
        arrays: dict[str, Any] = {name: tensor.cpu().numpy() for name, tensor in self.named_buffers()}
        with file.open("wb") as opened:
            np.savez(opened, **arrays)

    @classmethod
    def load(cls, file: Path) -> PatchCodec:
        """The codec of a file.

        Raises:
            ValueError: it holds none.
        """
        try:
            arrays = unpack_file(file, MAX_FILE_BYTES, any_order=True)
            given = [arrays.pop(wanted) for wanted in ("mean_M", "basis_MC", "spread_C")]
            given += [arrays.pop("reading_LM")] if "reading_LM" in arrays else []
        except (OSError, ValueError, KeyError) as broken:
            raise ValueError(f"{file}: not a patch codec ({broken})") from broken
        spread = given[2]
        shapes, size = tuple(array.shape for array in given), spread.size
        wanted_shapes = ((VALUES,), (VALUES, size), (size,), (3 * size, VALUES))
        if shapes != wanted_shapes[: len(given)] or arrays or not size:
            raise ValueError(f"{file}: not a patch codec (arrays of {shapes})")
        if not all(array.dtype == np.float32 and (np.abs(array) <= LARGEST).all() for array in given):
            raise ValueError(f"{file}: not a patch codec (numbers that no pixels give, or not of float32)")
        if not (spread > 1 / LARGEST).all():
            raise ValueError(f"{file}: not a patch codec (channels that do not differ)")
        return cls(*map(torch.from_numpy, given))


def fit(videos: Iterable[Tensor], channels: int = CHANNELS) -> PatchCodec:
    """The codec that keeps most of the given videos, each RGB -1..1 (B, 3, F, 8H, 8W); one is held at a time.

    Raises:
        ValueError: too few patches to tell their directions.
    """
    sums = PatchSums()
    for video in videos:
        sums.add(video)
    return sums.codec(channels)


class PatchSums:
    """How patches of videos lie about their mean: all that a codec is fitted to."""

    def __init__(self) -> None:
        self.num = 0
        self.total = torch.zeros(VALUES).double()
        self.products = torch.zeros(3, VALUES, VALUES).double()
        """Of patches and those of the same place 0, 1 and 2 latent frames later; the last one stays."""

    def add(self, video: Tensor) -> None:
        """Count the patches of RGB -1..1 (B, 3, F, 8H, 8W) in, of large pictures at places spread evenly."""
        check_video(video)
        later = spread_evenly(patches(video)).double()
        values = later.reshape(-1, VALUES)
        self.num += len(values)
        self.total += values.sum(dim=0)
        for lag in range(3):
            self.products[lag] += values.T @ later.reshape(-1, VALUES)
            later = beside(later)[1]

    def codec(self, channels: int = CHANNELS) -> PatchCodec:
        """The codec that keeps most of the videos.

        Raises:
            ValueError: too few patches to tell their directions.
        """
        if self.num <= VALUES:
            raise ValueError(
                f"{self.num} patches of video are too few to fit a codec; more than {VALUES} are needed"
            )
        mean = self.total / self.num
        covariances = self.products / self.num - torch.outer(mean, mean)
        variances, directions = torch.linalg.eigh(covariances[0])
        basis = directions[:, -channels:].flip(1)  # the largest first
        largest = basis.gather(0, basis.abs().argmax(dim=0, keepdim=True))
        deviation = variances[-channels:].flip(0).clamp(min=MIN_VARIANCE).sqrt()
        spread = (
            deviation.sqrt() * deviation.mean().sqrt()
        )  # variances of deviation / its mean, which is 1 in all
        basis = basis * largest.sign()
        reading = reading_of(covariances, basis / spread)
        return PatchCodec(mean.float(), basis.float(), spread.float(), reading.float())


def reading_of(covariances_3MM: Tensor, analysis_MC: Tensor) -> Tensor:
    """The map (L, M) from three latents to the patch of the middle one: of least error on a network's own.

    Covariances are of patches with those 0, 1 and 2 latent frames later; latents are patches by `analysis`.
    """
    projected_3CM = analysis_MC.T @ covariances_3MM
    own, one, two = projected_3CM @ analysis_MC
    among = torch.cat(
        [
            torch.cat([own, one, two], dim=1),
            torch.cat([one.T, own, one], dim=1),
            torch.cat([two.T, one.T, own], dim=1),
        ]
    )
    before, after = projected_3CM[1], analysis_MC.T @ covariances_3MM[1].T
    error = ERROR * own.diagonal().mean() * torch.eye(len(among)).double()
    return torch.linalg.solve(among + error, torch.cat([before, projected_3CM[0], after]))


ERROR = 0.03
"""Error of latents that is reckoned with, as a share of their power: a network makes them, and does err."""


MIN_VARIANCE = 1e-6
"""Directions in which the data hardly differ are not blown up further."""


def patches(video: Tensor) -> Tensor:
    """Values of patches (B, T, H, W, M) of a video, its first frame taken four times."""
    whole = torch.cat([video[:, :, :1].expand(-1, -1, TIME_STRIDE - 1, -1, -1), video], dim=2)
    b, c, f, h, w = whole.shape
    s = SPACE_STRIDE
    cut = whole.reshape(b, c, f // TIME_STRIDE, TIME_STRIDE, h // s, s, w // s, s)
    return cut.permute(0, 2, 4, 6, 1, 3, 5, 7).flatten(4)


def spread_evenly(values_BTHWM: Tensor) -> Tensor:
    """At most PER_FILM patches of each video (B, T, 1, places, M), at the same places in all frames."""
    b, t, h, w, m = values_BTHWM.shape
    places = min(h * w, max(1, PER_FILM // t))
    at = torch.linspace(0, h * w - 1, places, dtype=torch.float64).round().long()
    return values_BTHWM.reshape(b, t, 1, h * w, m)[:, :, :, at]


def beside(values_BTHWX: Tensor) -> tuple[Tensor, Tensor]:
    """What lies a latent frame before each, and after; at the ends the same."""
    first, last = values_BTHWX[:, :1], values_BTHWX[:, -1:]
    return torch.cat([first, values_BTHWX[:, :-1]], dim=1), torch.cat([values_BTHWX[:, 1:], last], dim=1)


def pictures(values_BTHWM: Tensor) -> Tensor:
    """The video (B, 3, F, 8H, 8W) of patches; the first frame is the mean of its four."""
    b, t, h, w, _ = values_BTHWM.shape
    s = SPACE_STRIDE
    cut = values_BTHWM.view(b, t, h, w, 3, TIME_STRIDE, s, s).permute(0, 4, 1, 5, 2, 6, 3, 7)
    whole = cut.reshape(b, 3, t * TIME_STRIDE, h * s, w * s)
    first = whole[:, :, :TIME_STRIDE].mean(dim=2, keepdim=True)
    return torch.cat([first, whole[:, :, TIME_STRIDE:]], dim=2)
