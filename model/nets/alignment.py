"""Face crops as the motion encoder expects them: turned and scaled so that eyes and mouth have fixed places.

PD-FGC was trained on faces in the alignment of PC-AVS, of which it reads a part (estimators.md 11). Pixel
centres lie at integers. N faces.
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


def alignment(points_N32: Tensor) -> Tensor:
    """Similarities (N, 2, 3), pixels of the crop to pixels of the aligned picture, float64.

    Least squares over the three points (left eye, right eye, mouth, px): as complex numbers, the best factor
    from centred a to centred b is sum(conj(a) b) / sum(|a|^2).
    """
    points = torch.view_as_complex(points_N32.double().contiguous())
    places = torch.view_as_complex(PLACES.to(points_N32.device))
    centre, place = points.mean(dim=1), places.mean()
    a, b = points - centre[:, None], places - place
    factor = (a.conj() * b).sum(dim=1) / a.abs().square().sum(dim=1)
    scale = SIDE / KEPT
    turn, shift = factor * scale, (place - factor * centre) * scale
    x = shift.real + (0.5 - LEFT) * scale - 0.5
    y = shift.imag + (0.5 - TOP) * scale - 0.5
    rows = (torch.stack([turn.real, -turn.imag, x], dim=1), torch.stack([turn.imag, turn.real, y], dim=1))
    return torch.stack(rows, dim=1)


def align(crops_NCHW: Tensor, points_N32: Tensor) -> Tensor:
    """Aligned crops (N, C, 224, 224); what lies outside a crop repeats its border."""
    to_aligned = alignment(points_N32)
    turn = torch.linalg.inv(to_aligned[..., :2])
    ticks = torch.arange(SIDE, dtype=torch.float64, device=crops_NCHW.device)
    xy = torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), dim=-1)
    source = torch.einsum("nij,yxnj->nyxi", turn, xy[:, :, None] - to_aligned[..., 2])
    height, width = crops_NCHW.shape[-2:]
    size = torch.tensor([width, height], dtype=torch.float64, device=crops_NCHW.device)
    where = ((2 * source + 1) / size - 1).to(crops_NCHW.dtype)
    return grid_sample(crops_NCHW, where, mode="bilinear", padding_mode="border", align_corners=False)


def plain(crops_NCHW: Tensor) -> Tensor:
    """The crops as they are, at 224 px: what the paper says it does."""
    return interpolate(crops_NCHW, (SIDE, SIDE), mode="bilinear", antialias=True)
