"""The cameras of a take as they are filmed: which is what, and the portrait that is cut from its pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.corpora.nersemble.calibration import PlacedCamera
from pipeline.geometry import Array
from schemas.origin import Lens

Part = Literal["target", "reference"]
WIDE = 2 / 3
"""Width of a portrait over its height."""


@dataclass(frozen=True)
class PortraitCut:
    """What is cut from a camera's pictures, one place for the whole take."""

    affine: Array  # 2 3, px of the pictures to px of the portrait
    width: int
    height: int
    lens: Lens  # of the portrait


def part_of(angle_deg: float, widest_deg: float) -> Part:
    """What a camera is for: to be learned where it sees the face from in front; all may tell looks."""
    return "target" if angle_deg <= widest_deg else "reference"


def portrait(camera: PlacedCamera, head: Array, size: tuple[int, int], area: int) -> PortraitCut:
    """The upright stretch of full height around where the head is seen, shrunk to at most `area` px.

    Raises:
        ValueError: the head is not seen in the pictures.
    """
    width, height = size
    seen = camera.pixel(head)
    if not ((seen >= 0) & (seen <= np.array(size) - 1)).all():
        raise ValueError(f"the point that all cameras look at is seen at {seen[0]:.0f}, {seen[1]:.0f} px")
    wide = min(float(width), height * WIDE)
    left = float(np.clip(seen[0] + 0.5 - wide / 2, 0, width - wide))
    scale = min(1.0, (area / (wide * height)) ** 0.5)
    affine = np.array([[scale, 0, scale * (0.5 - left) - 0.5], [0, scale, scale * 0.5 - 0.5]])
    middle = affine @ (*camera.intrinsics[:2, 2], 1)
    return PortraitCut(
        affine=affine,
        width=even(scale * wide),
        height=even(scale * height),
        lens=Lens(
            focal_px=float(scale * (camera.intrinsics[0, 0] + camera.intrinsics[1, 1]) / 2),
            principal_x=float(middle[0]),
            principal_y=float(middle[1]),
        ),
    )


def even(side: float) -> int:
    """The largest even number of px that a side holds: what a video's sides are."""
    return int(side + 1e-6) // 2 * 2
