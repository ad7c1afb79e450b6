"""Face crops as the motion encoder expects them: turned and scaled so that eyes and mouth have fixed places.

PD-FGC was trained on faces in the alignment of PC-AVS, of which it reads a part (method.md 2.2). Pixel
centres lie at integers. N faces; crops are square.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate

SIDE = 224
PLACES = torch.tensor([[87.0, 59.0], [137.0, 59.0], [112.0, 120.0]], dtype=torch.float64)
"""Middles of the eye on the image's left, of the other eye and of the mouth, px of a 224 px picture."""
LEFT, TOP, KEPT = 16, 0, 192
"""The square of that picture which is kept, and enlarged to 224 px again."""
APART = 1.0
"""Least sum of squared distances from their mean, px^2, of points that say where a face is."""


def alignment(points_N32: Tensor) -> Tensor:
    """Similarities (N, 2, 3), pixels of the crop to pixels of the aligned picture, float64.

    Least squares over the three points (left eye, right eye, mouth, px): as complex numbers, the best factor
    from centred a to centred b is sum(conj(a) b) / sum(|a|^2). Where the points coincide it is the identity.
    """
    points = torch.view_as_complex(points_N32.double().contiguous())
    places = torch.view_as_complex(PLACES.to(points_N32.device))
    centre, place = points.mean(dim=1), places.mean()
    a, b = points - centre[:, None], places - place
    spread = a.abs().square().sum(dim=1)
    factor = (a.conj() * b).sum(dim=1) / spread.clamp(min=APART)
    scale = SIDE / KEPT
    turn, shift = factor * scale, (place - factor * centre) * scale
    x = shift.real + (0.5 - LEFT) * scale - 0.5
    y = shift.imag + (0.5 - TOP) * scale - 0.5
    rows = (torch.stack([turn.real, -turn.imag, x], dim=1), torch.stack([turn.imag, turn.real, y], dim=1))
    same = torch.eye(2, 3, dtype=torch.float64, device=points_N32.device)
    return torch.where(spread[:, None, None] < APART, same, torch.stack(rows, dim=1))


def align(crops_NCHW: Tensor, points_N32: Tensor, side: int = SIDE) -> Tensor:
    """Aligned crops (N, C, side, side); what lies outside a crop repeats its border.

    Large crops are made small first: sampling alone would leave pixels out.
    """
    size = crops_NCHW.shape[-1]
    to_aligned = alignment((points_N32.double() + 0.5) * SIDE / size - 0.5)  # as if crops were of 224 px
    turn = torch.linalg.inv(to_aligned[..., :2])
    ticks = (torch.arange(side, dtype=torch.float64, device=crops_NCHW.device) + 0.5) * SIDE / side - 0.5
    xy = torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), dim=-1)
    source = torch.einsum("nij,yxnj->nyxi", turn, xy[:, :, None] - to_aligned[..., 2])
    where = ((2 * source + 1) / SIDE - 1).float()
    crops = plain(crops_NCHW, side).float()  # places of bfloat16 would be whole pixels wrong
    found = grid_sample(crops, where, mode="bilinear", padding_mode="border", align_corners=False)
    return found.type_as(crops_NCHW)


def plain(crops_NCHW: Tensor, side: int = SIDE) -> Tensor:
    """The crops as they are, at `side` px: what the paper says it does."""
    if crops_NCHW.shape[-1] == side:
        return crops_NCHW
    resized = interpolate(crops_NCHW.float(), (side, side), mode="bilinear", antialias=True)
    return resized.type_as(crops_NCHW)  # processors do not resize bfloat16
