"""Single pictures from files of strangers."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from pipeline.core import Rejected

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")


def read_still(path: Path, *, max_pixels: int) -> NDArray[np.uint8]:
    """The picture (h, w, 3) as shown, RGB, its sides even.

    Raises:
        Rejected: "unreadable", or "too_large", before its memory is taken.
    """
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=FORMATS) as picture:
            if picture.width * picture.height > max_pixels:
                raise Rejected(
                    "too_large", f"{picture.width}x{picture.height} px; at most {max_pixels} are read"
                )
            shown = ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as broken:
        raise Rejected("unreadable", str(broken)) from broken
    pixels = np.asarray(shown)
    return np.ascontiguousarray(pixels[: len(pixels) // 2 * 2, : pixels.shape[1] // 2 * 2])
