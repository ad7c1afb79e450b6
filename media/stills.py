"""Single pictures from files of strangers."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from media.container import opened_file
from schemas.outcome import Rejected

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
MOST_PIXELS = 100_000_000
"""Width times height of the largest picture that is opened."""
LEAST_SIDE = 16
DEEP = ("I", "F")
"""Beginnings of the modes whose values are not of 8 bits: turned into RGB they would all be white."""


def read_still(path: Path, *, max_pixels: int) -> NDArray[np.uint8]:
    """The picture (h, w, 3) as shown, RGB, its sides even; a larger one is shrunk to `max_pixels`.

    Raises:
        Rejected: "not_a_file", "unreadable", "too_small", "several_pictures"; "too_large", before it takes
            memory.
    """
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            opened_file(path) as file,
            Image.open(file, formats=FORMATS) as picture,
        ):
            refuse_unfit(picture)
            share = min(1.0, (max_pixels / (picture.width * picture.height)) ** 0.5)
            picture.draft(None, (int(share * picture.width), int(share * picture.height)))
            shown = ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as broken:
        raise Rejected("unreadable", str(broken)) from broken
    if shown.width * shown.height > max_pixels:
        share = (max_pixels / (shown.width * shown.height)) ** 0.5
        shown.thumbnail((int(share * shown.width), int(share * shown.height)))
    pixels = np.asarray(shown)
    return np.ascontiguousarray(pixels[: len(pixels) // 2 * 2, : pixels.shape[1] // 2 * 2])


def refuse_unfit(picture: Image.Image) -> None:
    """Returns where an opened file holds one picture of a size and depth that can be read.

    Raises:
        Rejected: as `read_still`.
    """
    width, height = picture.size
    frames = 1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)  # phones add a preview
    if width * height > MOST_PIXELS:
        raise Rejected("too_large", f"{width}x{height} px; at most {MOST_PIXELS} are read")
    if min(width, height) < LEAST_SIDE:
        raise Rejected("too_small", f"{width}x{height} px; at least {LEAST_SIDE} a side")
    if frames > 1:
        raise Rejected("several_pictures", f"{frames} in one file, as in an animation; one is needed")
    if picture.mode.startswith(DEEP):
        raise Rejected("unreadable", f"its pixels are of mode {picture.mode}; colours of 8 bits are read")
