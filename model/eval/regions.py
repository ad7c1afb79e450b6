"""Where in a video latent the head is, and the body, by the maps that are drawn of them.

B clips, F = 4 (T - 1) + 1 video frames of H x W px, T latent frames of h x w cells, of
`stride` px a side.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d, max_pool3d

from model.nets.autoencoders.wan import SPACE_STRIDE, TIME_STRIDE

REGIONS = ("head", "body", "rest", "all")
"""Under the head sphere, along the skeleton, elsewhere, and everywhere."""


def regions(maps_B6FHW: Tensor, stride: int = SPACE_STRIDE) -> dict[str, Tensor]:
    """Cells (B, T, h, w) that belong to each region; the body's are one cell around its bones."""
    skeleton, sphere = cells(maps_B6FHW[:, :3], stride), under_head(maps_B6FHW, stride)
    body = (max_pool2d(skeleton.float(), 3, 1, 1) > 0) & ~sphere
    return {"head": sphere, "body": body, "rest": ~sphere & ~body, "all": torch.ones_like(sphere)}


def under_head(maps_B6FHW: Tensor, stride: int = SPACE_STRIDE) -> Tensor:
    """Cells (B, T, h, w) under the head sphere."""
    return cells(maps_B6FHW[:, 3:], stride)


def cells(map_B3FHW: Tensor, stride: int = SPACE_STRIDE) -> Tensor:
    """Cells (B, T, h, w) in whose pixels and frames anything is drawn."""
    drawn_BFHW = map_B3FHW.amax(dim=1)
    whole = torch.cat([drawn_BFHW[:, :1].expand(-1, TIME_STRIDE - 1, -1, -1), drawn_BFHW], dim=1)
    return max_pool3d(whole, (TIME_STRIDE, stride, stride)) > 0


def in_pixels(cells_BThw: Tensor, stride: int = SPACE_STRIDE) -> Tensor:
    """The pixels of cells (B, F, H, W)."""
    wide = cells_BThw.repeat_interleave(stride, dim=2).repeat_interleave(stride, dim=3)
    return torch.cat([wide[:, :1], wide[:, 1:].repeat_interleave(TIME_STRIDE, dim=1)], dim=1)
