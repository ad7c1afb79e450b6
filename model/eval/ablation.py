"""What each condition does for a network: its loss and its videos by region, with those of another clip.

C latent channels, T latent frames, H, W latent height and width, F = 4 (T - 1) + 1 video frames.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Generator, Tensor
from torch.nn.functional import interpolate

from model.data.rng import words
from model.encode.inputs import Inputs
from model.eval.regions import REGIONS, in_pixels, regions
from model.flow.path import between
from model.flow.timesteps import draw
from model.nets.autoencoders.wan import VideoCodec
from model.nets.conditions import Conditions
from model.nets.dit import DiT
from model.sample.solve import SamplerSettings, sample, velocity_of

Swap = Callable[[Conditions, Conditions], Conditions]
"""A clip's conditions, with something of another's, each alone in its batch."""


def pose_of_another(mine: Conditions, other: Conditions) -> Conditions:
    """Another's skeleton and sphere, on the clip's own canvas."""
    maps_F6HW = interpolate(other.maps[0].transpose(0, 1), mine.maps.shape[-2:], mode="bilinear")
    return replace(mine, maps=maps_F6HW.transpose(0, 1)[None])


def face_of_another(mine: Conditions, other: Conditions) -> Conditions:
    """Another's faces."""
    return replace(mine, faces=other.faces)


def references_of_another(mine: Conditions, other: Conditions) -> Conditions:
    """Another's references, on the clip's own canvas."""
    references_KCHW = interpolate(other.references[0], mine.references.shape[-2:], mode="bilinear")
    return replace(mine, references=references_KCHW[None], references_seen=other.references_seen)


def nothing(mine: Conditions, _: Conditions) -> Conditions:
    """No condition at all."""
    return replace(
        mine,
        motion_seen=torch.zeros_like(mine.motion_seen),
        references_seen=torch.zeros_like(mine.references_seen),
    )


def as_it_is(mine: Conditions, _: Conditions) -> Conditions:
    """The clip's own conditions."""
    return mine


@torch.no_grad()
def losses(
    net: DiT, lessons: Sequence[Inputs], swap: Swap, *, times: int, timestep_shift: float, seed: int
) -> dict[str, float]:
    """Mean squared error of the velocity in each region, over clips of one length and some times each.

    Each clip is alone in its lesson, and the other of a clip is the next one. Times and noise follow from the
    seed: two calls differ by what is swapped alone. Nothing is handed over.
    """
    sums, sizes = dict.fromkeys(REGIONS, 0.0), dict.fromkeys(REGIONS, 0)
    for number, mine in enumerate(lessons):
        context = net.read(swapped(lessons, number, swap))
        places = regions(mine.conditions.maps, net.sizes.stride)
        for time in range(times):
            word = int(words(1, "ablation", seed, number, time)[0])
            generator = Generator().manual_seed(word >> 1)
            times_B = draw(1, generator, timestep_shift=timestep_shift)
            eps = torch.randn(mine.latents.shape, generator=generator)
            point = between(mine.latents, eps, times_B)
            error_BTHW = (net.denoise(point.x_t, times_B, context) - point.v).square().mean(dim=1)
            for region, cells in places.items():
                sums[region] += float(error_BTHW[cells].sum())
                sizes[region] += int(cells.sum())
    return {region: sums[region] / max(sizes[region], 1) for region in REGIONS}


@torch.no_grad()
def films(
    net: DiT, codec: VideoCodec, lessons: Sequence[Inputs], swap: Swap, *, sampler: SamplerSettings, seed: int
) -> list[Tensor]:
    """The clips as made (1, 3, F, H, W), RGB -1..1, with what is swapped as in `losses`.

    Noise follows from the seed: two calls differ by what is swapped alone.
    """
    made = []
    for number, mine in enumerate(lessons):
        word = int(words(1, "ablation in pixels", seed, number)[0])
        noise = torch.randn(mine.latents.shape, generator=Generator().manual_seed(word >> 1))
        latents = sample(partial(velocity_of, net), swapped(lessons, number, swap), noise, sampler)
        made.append(codec.decode(latents).clamp(-1, 1))
    return made


def moved(lessons: Sequence[Inputs], own: Sequence[Tensor], others: Sequence[Tensor]) -> dict[str, float]:
    """How far the pixels of each region lie apart in two films of each clip, mean of differences, 0..255."""
    sums, sizes = dict.fromkeys(REGIONS, 0.0), dict.fromkeys(REGIONS, 0)
    for mine, one_B3FHW, other_B3FHW in zip(lessons, own, others, strict=True):
        stride = mine.conditions.maps.shape[-1] // mine.latents.shape[-1]
        apart_BFHW = 127.5 * (one_B3FHW - other_B3FHW).abs().mean(dim=1)
        for region, cells in regions(mine.conditions.maps, stride).items():
            pixels = in_pixels(cells, stride)
            sums[region] += float(apart_BFHW[pixels].sum())
            sizes[region] += int(pixels.sum())
    return {region: sums[region] / max(sizes[region], 1) for region in REGIONS}


def swapped(lessons: Sequence[Inputs], number: int, swap: Swap) -> Conditions:
    """A clip's conditions, without a hand-over, with something of the next clip's."""
    mine, other = lessons[number].conditions, lessons[(number + 1) % len(lessons)].conditions
    return swap(replace(mine, first_given=torch.zeros_like(mine.first_given)), other)
