"""Crops cut where the network runs: frames go to the device once, for all estimators of a window.

An upright crop, blurred or not, is two products of matrices: what each of its rows takes of the picture's
rows, and each of its columns of the picture's columns. A product on a GPU costs less than a call does.
"""

from __future__ import annotations

import math
import weakref
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pipeline.estimators.crop_grid import CropGrid, Cut
from schemas.media import Frames


class OnDevice:
    """Cuts crops on a device."""

    def __init__(self, device: str) -> None:
        self.window = window_on(device)

    @torch.inference_mode()
    def __call__(self, frames: Frames, t: int, cut: Cut, /) -> Tensor:
        """A crop (3, h, w) of one of the frames, on the device."""
        return cropped(self.window.of(frames)[t], cut.grid(frames.shape[2], frames.shape[1]))

    def stacked(self, crops: list[Any], /) -> Tensor:
        """A batch (b, 3, h, w) of crops."""
        return torch.stack(crops)


class WindowOnDevice:
    """The frames of one window on a device, those that were asked for last."""

    def __init__(self, device: str) -> None:
        self.device = torch.device(device)
        self.shown: Any = lambda: None
        self.tensor = torch.empty(0)

    def of(self, frames: Frames) -> Tensor:
        """Frames (t, h, w, 3) on the device; sent there unless they are the last ones."""
        if self.shown() is not frames:
            own = torch.from_numpy(np.require(frames, requirements="W"))  # torch warns of read-only ones
            if self.device.type != "cpu":  # from pinned memory alone a copy is not waited for
                own = own.pin_memory()
            self.tensor, self.shown = own.to(self.device, non_blocking=True), weakref.ref(frames)
        return self.tensor


@cache
def window_on(device: str) -> WindowOnDevice:
    """The window that all estimators on a device share."""
    return WindowOnDevice(device)


def cropped(picture: Tensor, grid: CropGrid) -> Tensor:
    """A crop (3, h, w) of a picture of bytes, colours scaled, in single precision."""
    ways = [axis_taps(picture.shape[1 - axis], grid, axis, picture.device) for axis in (0, 1)]
    (across, columns), (down, rows) = ways
    part = picture[rows][:, columns].float()
    shrunk = (down @ part.flatten(1)).reshape(-1, *part.shape[1:])
    crop = shrunk.permute(2, 0, 1) @ across.T
    levels: Tensor = crop if grid.sigma else (crop + 0.5).floor()
    scale = [levels.new_tensor(colour)[:, None, None] for colour in (grid.mean, grid.deviation)]
    result: Tensor = (levels - scale[0]) / scale[1]
    return result


def axis_taps(size: int, grid: CropGrid, axis: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """What each pixel of a crop (n, k) takes of k pixels of a picture along an axis of `size` px, and which.

    A pixel is read between two; each of these is itself a mean of others where the picture is blurred, whose
    edges are repeated; one beyond the picture is black.
    """
    count, start, step = grid.size[axis], grid.start[axis], grid.step[axis]
    at = start + step * torch.arange(count, dtype=torch.float64, device=device)
    if grid.held:
        at = at.clamp(*grid.held[axis])
    first, last = sorted((start, start + step * (count - 1)))
    low = max(math.floor(first) - grid.reach, -grid.reach)
    high = max(min(math.floor(last) + 2 + grid.reach, size + grid.reach), low + 1)
    places = torch.arange(low, high, device=device)
    before = at.floor()
    taps = sum(
        (weight * ((corner >= 0) & (corner < size)))[:, None] * bell(places - corner[:, None], grid)
        for corner, weight in ((before, before + 1 - at), (before + 1, at - before))
    )
    return torch.as_tensor(taps).float(), places.clamp(0, size - 1)


def bell(away: Tensor, grid: CropGrid) -> Tensor:
    """The blur's kernel, of sum 1, at whole distances from its middle; without a blur 1 there."""
    if not grid.sigma:
        return (away == 0).double()
    whole = math.fsum(math.exp(-0.5 * (n / grid.sigma) ** 2) for n in range(-grid.reach, grid.reach + 1))
    return torch.exp(-0.5 * (away / grid.sigma) ** 2) * (away.abs() <= grid.reach) / whole
