"""Where a body or a hand stands before the camera of the whole picture (HMR2.0's and CLIFF's conversion).

The network sees a crop through a camera of 5000 px of focal length on 256 px. The whole picture's has as much
on its longer side, so that both see alike: nearly without perspective. Its metres are of the body model; how
far away that camera stands is no measured distance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.hmr.crop import SIDE, Region
from pipeline.geometry import principal_point

FOCAL_SHARE = 5000 / SIDE
"""Focal length over the longer side."""
NO_SIZE = 1e-9


def focal_px(width: int, height: int) -> float:
    """Of the camera that sees a picture of this size as the network's sees its crops, px."""
    return FOCAL_SHARE * max(width, height)


def crop_translation(camera: NDArray[np.floating]) -> NDArray[np.float64]:
    """Where (..., 3) bodies stand before the crop's camera, m, by scale, x and y (..., 3)."""
    scale, x, y = np.moveaxis(camera.astype(np.float64), -1, 0)
    return np.stack([x, y, 2 * FOCAL_SHARE * SIDE / (SIDE * scale + NO_SIZE)], axis=-1)


def picture_translation(
    camera: NDArray[np.floating], region: Region, width: int, height: int
) -> NDArray[np.float64]:
    """Where (3,) a body stands before the camera of a picture of this size, m, by what is said of a crop."""
    scale, x, y = camera.astype(np.float64)
    size = region.side * scale + NO_SIZE
    aside = 2 * (np.array([region.x, region.y]) - principal_point(width, height)) / size
    return np.array([x + aside[0], y + aside[1], 2 * focal_px(width, height) / size])


def weak_camera(
    translation: NDArray[np.floating], region: Region, width: int, height: int
) -> NDArray[np.float64]:
    """What the network would have to say (3,) of a body that stands there: undoes `picture_translation`."""
    size = 2 * focal_px(width, height) / translation[2]
    aside = 2 * (np.array([region.x, region.y]) - principal_point(width, height)) / size
    return np.array([(size - NO_SIZE) / region.side, *(translation[:2] - aside)])
