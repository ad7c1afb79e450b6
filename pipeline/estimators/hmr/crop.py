"""Crops as HMR2.0 and HaMeR were shown them: blurred before they shrink, 256 x 256 px, normalised.

Equal to the published recipe but for rounding in double precision. That one blurs whole frames, by scipy;
here the part that a crop sees is blurred, by OpenCV, several times as fast.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.crop_grid import REACH, CropGrid
from pipeline.estimators.crops import levels, looked_up

SIDE = 256
"""Px of a crop, both ways."""
ASPECT = 192 / 256
"""Width over height of what the network sees of it."""
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
"""Of RGB in 0..1, those of ImageNet."""
SHARP = 1.1
"""Crops of more than so many times twice their own side are blurred first."""


@dataclass(frozen=True)
class Region:
    """The square of a picture that a network is shown."""

    x: float
    """Of its centre, px."""
    y: float
    side: float
    """Px."""

    @classmethod
    def around(cls, box: NDArray[np.floating], scale: float = 1.0) -> Region:
        """The square for a box x0, y0, x1, y1, `scale` times larger: as high as the box, at 3:4."""
        box = np.asarray(box, np.float32)
        x, y = (box[:2] + box[2:]) / 2
        width, height = scale * (box[2:] - box[:2]).astype(np.float64)
        return cls(float(x), float(y), float(max(width / ASPECT, height)))

    def mirrored(self, width: int) -> Region:
        """The same square in the mirrored picture."""
        return Region(width - self.x - 1, self.y, self.side)

    @property
    def sigma(self) -> float:
        """Of the blur before it shrinks, px; 0 where it hardly does."""
        shrinking = self.side / SIDE / 2
        return (shrinking - 1) / 2 if shrinking > SHARP else 0.0


@dataclass(frozen=True)
class HmrCrop:
    """What a network is shown of a region, as it is or as that of the mirrored picture."""

    region: Region
    mirror: bool = False

    def cut(self, picture: NDArray[np.uint8], /) -> NDArray[np.float32]:
        """It (3, 256, 256) as the network takes it."""
        return crop(picture, self.region, mirror=self.mirror)

    def grid(self, width: int, _: int, /) -> CropGrid:
        """Where its pixels lie in a picture of this width."""
        affine = affine_of(self.region.mirrored(width) if self.mirror else self.region)
        (x, y), (right, down) = -affine[:, 2] / affine.diagonal(), 1 / affine.diagonal()
        return CropGrid(
            size=(SIDE, SIDE),
            start=(width - 1 - x if self.mirror else x, y),
            step=(-right if self.mirror else right, down),
            sigma=self.region.sigma,
            mean=tuple(255 * MEAN),
            deviation=tuple(255 * DEVIATION),
        )


def crop(picture: NDArray[np.uint8], region: Region, *, mirror: bool = False) -> NDArray[np.float32]:
    """The region (3, 256, 256) as the network takes it, zero before normalising where there is no picture.

    With `mirror` it is that of the mirrored picture.
    """
    if mirror:
        return crop(picture[:, ::-1], region.mirrored(picture.shape[1]))
    sigma = region.sigma
    part, corner = seen_part(picture, region, margin=int(REACH * sigma + 0.5) + 2)
    if part.size == 0:
        return normalised(np.zeros((3, SIDE, SIDE)))
    if sigma:
        kernel = gaussian(sigma)
        part = cv2.sepFilter2D(part, cv2.CV_64F, kernel, kernel, borderType=cv2.BORDER_REPLICATE)
    affine = affine_of(region)
    affine[:, 2] += affine[:, :2] @ corner
    pixels = cv2.warpAffine(np.ascontiguousarray(part), affine, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    return normalised(pixels.transpose(2, 0, 1)) if sigma else looked_up(pixels, TABLE)


def gaussian(sigma: float) -> NDArray[np.float64]:
    """The kernel of a blur, as far as `REACH`; its sum is 1."""
    reach = int(REACH * sigma + 0.5)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return np.asarray(weights / weights.sum())


def seen_part(
    picture: NDArray[np.uint8], region: Region, margin: int
) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """The part of a picture that lies in a region or at most `margin` px from it, and its corner."""
    height, width = picture.shape[:2]
    middle, half = np.array([region.x, region.y]), region.side / 2 + margin
    low = np.clip(np.floor(middle - half), 0, [width, height]).astype(np.intp)
    high = np.clip(np.ceil(middle + half) + 1, 0, [width, height]).astype(np.intp)
    return picture[low[1] : high[1], low[0] : high[0]], low


def affine_of(region: Region) -> NDArray[np.float64]:
    """The 2x3 map from a picture's px to a crop's, by three points in single precision as published."""
    middle, half = np.array([region.x, region.y], np.float32), region.side * 0.5
    below, beside = (np.array(offset, np.float32) for offset in ((0, half), (half, 0)))
    source = np.stack([middle, middle + below, middle + beside]).astype(np.float32)
    half_crop = SIDE / 2
    target = np.array([(half_crop, half_crop), (half_crop, SIDE), (SIDE, half_crop)], np.float32)
    return np.asarray(cv2.getAffineTransform(source, target), np.float64)


def normalised(planes: NDArray[np.generic]) -> NDArray[np.float32]:
    """Colours (3, h, w), 0..255, as the network takes them."""
    planes = planes.astype(np.float32)
    return (planes - (255 * MEAN[:, None, None])).astype(np.float32) / (
        255 * DEVIATION[:, None, None]
    ).astype(np.float32)


TABLE = normalised(levels())
"""What a level of a byte is to the network."""
