"""Pictures that tell where they are cut: red says x, green y, blue which frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.pipeline.estimators.faceverse.test_head import HEIGHT, WIDTH

Array = NDArray[np.float64]
FRAMES = 8
FIRST_BLUE, BLUE_STEP = 40, 20


def film() -> NDArray[np.uint8]:
    """Pictures whose colours say where and when they are."""
    x, y = np.meshgrid(np.linspace(0, 255, WIDTH), np.linspace(0, 255, HEIGHT))
    frames = np.arange(FRAMES)[:, None, None] + np.zeros((HEIGHT, WIDTH))
    blue = FIRST_BLUE + BLUE_STEP * frames
    return np.rint(np.stack([x + 0 * blue, y + 0 * blue, blue], axis=-1)).astype(np.uint8)


@dataclass(frozen=True)
class CropPlace:
    """Where a crop was cut: its pixel (u, v) shows `corner + step * (u, v)`."""

    frame: int
    corner: Array
    step: Array

    @classmethod
    def of(cls, pixels: NDArray[np.floating]) -> CropPlace:
        """By the colours (3, h, w), 0..255, of a crop."""
        blues = FIRST_BLUE + BLUE_STEP * np.arange(FRAMES)
        frame = int(np.abs(np.median(pixels[2][pixels[2] > FIRST_BLUE / 2]) - blues).argmin())
        v, u = np.nonzero(np.abs(pixels[2] - blues[frame]) < 0.6)
        shown = [pixels[0][v, u] * (WIDTH - 1) / 255, pixels[1][v, u] * (HEIGHT - 1) / 255]
        fits = [np.polyfit(across, value, 1) for across, value in zip((u, v), shown, strict=True)]
        return cls(frame, np.array([fit[1] for fit in fits]), np.array([fit[0] for fit in fits]))

    def from_picture(self, points: Array) -> Array:
        """Points (n, 2) of the picture, px, in the crop."""
        return np.asarray((points - self.corner) / self.step)


def when(frame: NDArray[np.uint8]) -> int:
    """Which frame a picture is."""
    return round((int(frame[0, 0, 2]) - FIRST_BLUE) / BLUE_STEP)
