"""Skeletons and spheres of a batch, drawn from its numbers where its tensors are: on a GPU, or a processor.

The rules are those of `schemas.drawing`, which is the reference: a value drawn here is at most 1 of 255 from
what is drawn there, on any device. Workers of the loader then ship numbers, which weigh nothing.

N frames, S strokes of a frame, P points; flat pixels of all frames follow one another.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from model.data.batch import Batch
from schemas.drawing import COLOURS, DOTS, DRAW_SCORE, ENDS, LIMBS, stroke_radii
from schemas.raster import FLAT

FRAMES_AT_ONCE = 32
"""Frames that are drawn together: a few hundred MiB at 960x640."""


class Maps(NamedTuple):
    """Maps of a batch, B T H W 3 uint8, black where nothing drives."""

    skeleton: Tensor
    sphere: Tensor


def maps_of(batch: Batch) -> Maps:
    """The maps of a batch: those that it brings along, else drawn."""
    if batch.skeleton.shape[1]:
        return Maps(batch.skeleton, batch.sphere)
    clips, frames = batch.points.shape[:2]
    height, width = batch.video.shape[2:4]
    numbers = [
        part.flatten(0, 1)
        for part in (batch.points, batch.depth, batch.score, batch.head, batch.head_rotation)
    ]
    skeletons, spheres = [], []
    for points, depth, score, head, rotation in zip(
        *(part.split(FRAMES_AT_ONCE) for part in numbers), strict=True
    ):
        skeletons.append(draw_skeletons(points, depth, score, height, width))
        spheres.append(draw_spheres(head, rotation, height, width))
    shape = (clips, frames, height, width, 3)
    return Maps(torch.cat(skeletons).view(shape), torch.cat(spheres).view(shape))


class Strokes(NamedTuple):
    """The strokes of a frame that are the same in every one, on a device."""

    ends_S2: Tensor
    colours_S3: Tensor
    limbs_L2: Tensor
    dots_D: Tensor


@cache
def strokes_on(device: torch.device) -> Strokes:
    """The tables of `schemas.drawing` on a device."""
    ends, limbs, dots = (torch.as_tensor(table, device=device) for table in (ENDS, LIMBS, DOTS))
    return Strokes(ends, torch.as_tensor(COLOURS, dtype=torch.float32, device=device), limbs, dots)


def draw_skeletons(points_NP2: Tensor, depth_NP: Tensor, score_NP: Tensor, height: int, width: int) -> Tensor:
    """Skeleton maps N H W 3 uint8, as `schemas.drawing.draw_figures` draws them."""
    strokes = strokes_on(points_NP2.device)
    shown_NS = (score_NP[:, strokes.ends_S2] >= DRAW_SCORE).all(dim=2)
    far_first = torch.where(shown_NS, -stroke_depth(depth_NP, shown_NS, strokes), torch.inf)
    order_SN = far_first.argsort(dim=1, stable=True).T
    frame_N = torch.arange(len(points_NP2), device=points_NP2.device)
    drawn_SN = shown_NS[frame_N, order_SN]
    start, stop = (points_NP2[frame_N, strokes.ends_S2[order_SN, end]][drawn_SN].double() for end in (0, 1))
    radius_S = torch.as_tensor(stroke_radii(height, width), dtype=torch.float64, device=points_NP2.device)
    owner, pixel, share = stroke_pixels(start, stop, radius_S[order_SN][drawn_SN], height, width)
    pixel += (frame_N.expand(drawn_SN.shape)[drawn_SN] * (height * width))[owner]
    paint = share[:, None] * strokes.colours_S3[order_SN][drawn_SN][owner] + 0.5
    flat = torch.zeros((len(points_NP2) * height * width, 3), dtype=torch.uint8, device=points_NP2.device)
    ends = drawn_SN.sum(dim=1).cumsum(0)
    for first, last in pairwise([0, *torch.searchsorted(owner, ends).tolist()]):  # the nearer hides
        where = pixel[first:last]
        flat[where] = (flat[where] * (1 - share[first:last, None]) + paint[first:last]).to(torch.uint8)
    return flat.view(-1, height, width, 3)


def stroke_depth(depth_NP: Tensor, shown_NS: Tensor, strokes: Strokes) -> Tensor:
    """Depth N S of each stroke: a limb's is its ends' mean, a dot's its own or its nearest limb's."""
    limbs_NL = depth_NP[:, strokes.limbs_L2].mean(dim=2)
    nearest_NP = depth_NP.clone()
    seen_NL = torch.where(shown_NS[:, : len(strokes.limbs_L2)], limbs_NL, torch.inf)
    for end in (0, 1):
        nearest_NP.scatter_reduce_(1, strokes.limbs_L2[:, end].expand_as(seen_NL), seen_NL, "amin")
    return torch.cat([limbs_NL, nearest_NP[:, strokes.dots_D]], dim=1)


def stroke_pixels(
    start: Tensor, stop: Tensor, radius: Tensor, height: int, width: int
) -> tuple[Tensor, Tensor, Tensor]:
    """For each pixel of each stroke: the stroke, the pixel in its frame, the share that is covered."""
    middle, along = (start + stop) / 2, stop - start
    length = along.square().sum(dim=1).sqrt()
    level = torch.tensor([1.0, 0.0], dtype=along.dtype, device=along.device)
    along = torch.where(length[:, None] > 0, along, level)
    along = along / torch.where(length > 0, length, 1)[:, None]
    reach = radius + 0.5
    low = torch.minimum(start, stop) - reach[:, None]
    high = torch.maximum(start, stop) + reach[:, None]

    stroke, row = integers_within(low[:, 1], high[:, 1], height)
    ux, uy = along[stroke].unbind(1)
    uy = torch.where(uy.abs() < FLAT, FLAT, uy)
    centre = middle[stroke, 0] + (row - middle[stroke, 1]) * ux / uy
    spread = reach[stroke] / uy.abs()
    line, column = integers_within(
        torch.maximum(centre - spread, low[stroke, 0]), torch.minimum(centre + spread, high[stroke, 0]), width
    )

    owner, row = stroke[line], row[line]
    x, y = (column - middle[owner, 0]).float(), (row - middle[owner, 1]).float()
    ux, uy = along[owner].float().unbind(1)
    across = x * uy - y * ux
    beyond = ((x * ux + y * uy).abs() - (length / 2).float()[owner]).clamp(min=0)
    distance = (across * across + beyond * beyond).sqrt()
    return owner, row * width + column, (reach.float()[owner] - distance).clamp(0, 1)


def integers_within(low: Tensor, high: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """All integers of 0..size-1 in each closed interval, and for each the interval it belongs to, first."""
    first = low.clamp(0, size).ceil().long()
    count = (high.clamp(-1, size - 1).floor().long() + 1 - first).clamp(min=0)
    owner = torch.repeat_interleave(count)
    return owner, torch.arange(len(owner), device=low.device) + (first - count.cumsum(0) + count)[owner]


def draw_spheres(head_N3: Tensor, rotation_N33: Tensor, height: int, width: int) -> Tensor:
    """Sphere maps N H W 3 uint8, as `schemas.raster.draw_ball` draws each: `head` is x, y, radius in px."""
    visible = (head_N3[:, 2] > 0).nonzero()[:, 0]
    center, radius = head_N3[visible, :2].double(), head_N3[visible, 2].double()
    reach = radius + 0.5
    ball, row = integers_within(center[:, 1] - reach, center[:, 1] + reach, height)
    line, column = integers_within((center[:, 0] - reach)[ball], (center[:, 0] + reach)[ball], width)
    ball, row = ball[line], row[line]
    x, y = (((place - center[ball, axis]) / radius[ball]).float() for axis, place in enumerate((column, row)))
    squared = x * x + y * y
    share = (reach.float()[ball] - radius.float()[ball] * squared.sqrt()).clamp(0, 1)
    normal = torch.stack([x, y, -(1 - squared).clamp(min=0).sqrt()], dim=1)
    colour = torch.einsum("nij,ni->nj", rotation_N33.float()[visible][ball], normal) * 127.5 + 127.5
    flat = torch.zeros((len(head_N3) * height * width, 3), dtype=torch.uint8, device=head_N3.device)
    pixel = visible[ball] * (height * width) + row * width + column
    flat[pixel] = (colour.clamp(0, 255) * share[:, None] + 0.5).to(torch.uint8)
    return flat.view(-1, height, width, 3)
