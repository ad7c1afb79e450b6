"""Triangles to pixels: OpenCV's rasteriser under our camera conventions.

Pixel centres lie at integers; camera frame x right, y down, z forward. What corners carry is interpolated
with perspective, exactly at pixel centres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.geometry import principal_point, project

Array = NDArray[np.float64]
Map = NDArray[np.float32]

NEAR_M, FAR_M = 0.05, 100.0
FLIP = np.diag([1, -1, -1, 1]).astype(np.float32)
"""From our camera frame to OpenCV's: y up, z backward."""


@dataclass(frozen=True, kw_only=True)
class CameraView:
    """A pinhole whose principal point is the picture's centre."""

    width: int  # px
    height: int  # px
    focal_px: float

    def scaled(self, times: float) -> CameraView:
        """The same view in `times` as many px on each side."""
        size = round(self.width * times), round(self.height * times)
        return replace(self, width=size[0], height=size[1], focal_px=self.focal_px * times)

    def wider(self, times: int) -> CameraView:
        """The same view and all around it: a canvas of `times` the size, its pixels as large."""
        return replace(self, width=self.width * times, height=self.height * times)

    def pixels(self, points: Array) -> Array:
        """Camera points (..., 3) as px (..., 2)."""
        return project(points, self.focal_px, principal_point(self.width, self.height))


def rasterise(
    camera: CameraView, points: Array, triangles: NDArray[np.int32], values: Array, *, flat: bool = False
) -> tuple[Map, Map]:
    """What triangles (f, 3) of points (n, 3) show: values (h, w, 3), 0 where nothing is, and depth (h, w) m.

    Values (n, 3) are blended across a triangle, or those of its first corner hold where `flat`. Depth is
    about `FAR_M` where nothing is.
    """
    size = (camera.height, camera.width)
    shown, depth = np.zeros((*size, 3), np.float32), np.full(size, FAR_M, np.float32)
    how = cv2.TriangleRasterizeSettings()
    how.setCullingMode(cv2.RASTERIZE_CULLING_NONE)
    how.setShadingType(cv2.RASTERIZE_SHADING_FLAT if flat else cv2.RASTERIZE_SHADING_SHADED)
    view = 2 * math.atan(camera.height / (2 * camera.focal_px))
    cv2.triangleRasterize(
        np.ascontiguousarray(points, np.float32),
        np.ascontiguousarray(triangles, np.int32),
        np.ascontiguousarray(values, np.float32),
        shown,
        depth,
        FLIP,
        view,
        NEAR_M,
        FAR_M,
        how,
    )
    return shown, depth


def baked(texture: Array, triangles: NDArray[np.int32], values: Array, side: int) -> tuple[Map, Map]:
    """Values of corners (n, 3) laid out on a texture (side, side, 3), and where it is covered (side, side).

    `texture` (n, 2) are the corners' places in it, 0..1.
    """
    flat = np.concatenate([texture * side - side / 2, np.full((len(texture), 1), side)], axis=1)
    shown, depth = rasterise(
        CameraView(width=side, height=side, focal_px=side), flat / side, triangles, values
    )
    return shown, (depth < FAR_M / 2).astype(np.float32)
