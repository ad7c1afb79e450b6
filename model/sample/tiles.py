"""Latents decoded tile by tile, so that a film of any size takes the memory of one tile's activations.

Tiles overlap, and fade into one another where they do: an autoencoder sees its surroundings, and at a tile's
edge there are none.

C latent channels, T latent frames, H, W latent height and width, F video frames, S px of a side of a latent
pixel.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import torch
from torch import Tensor

from model.nets.autoencoders.wan import VideoCodec

OVERLAP = 4
"""A tile shares this part of its side with the next, at least: a fourth."""


def decoded(codec: VideoCodec, latents: Tensor, tile: int) -> Tensor:
    """The video (B, 3, F, S H, S W), RGB -1..1, of latents, by tiles of so many latent pixels; 0: whole."""
    height, width = latents.shape[-2:]
    if not tile or (height <= tile and width <= tile):
        return codec.decode(latents)
    whole = weights = torch.zeros(())
    for top, left in itertools.product(starts(height, tile), starts(width, tile)):
        part = codec.decode(latents[..., top : top + tile, left : left + tile])
        if not whole.ndim:
            sides = (codec.stride * height, codec.stride * width)
            whole, weights = part.new_zeros((*part.shape[:3], *sides)), part.new_zeros(sides)
        fade = faded(part)
        y, x = codec.stride * top, codec.stride * left
        place = (..., slice(y, y + part.shape[-2]), slice(x, x + part.shape[-1]))
        whole[place] += part * fade
        weights[place] += fade
    return whole / weights


def starts(size: int, tile: int) -> Iterator[int]:
    """Where tiles begin along a side, evenly, so that neighbours share a fourth of a tile or more."""
    if size <= tile:
        yield 0
        return
    number = -(-(size - tile) // (tile - tile // OVERLAP)) + 1
    for place in range(number):
        yield round(place * (size - tile) / (number - 1))


def faded(part: Tensor) -> Tensor:
    """How much each pixel of a tile counts (h, w): most in the middle, next to nothing at the edges."""
    height, width = part.shape[-2:]
    down, across = (ramp(size).to(part) for size in (height, width))
    return down[:, None] * across


def ramp(size: int) -> Tensor:
    """From nearly 0 at the ends to 1 where a neighbour reaches no more."""
    place = torch.arange(size) + 0.5
    return torch.minimum(place, size - place).div(size / OVERLAP).clamp(max=1)
