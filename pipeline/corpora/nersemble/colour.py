"""Colours of 16 cameras, made alike by the matrices that come with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry import Array
from schemas.media import Frames
from storage.json_files import json_at
from storage.place import Place

Rule = Literal["affine", "polynomial"]
PRODUCTS = (
    *("R", "G", "B", "RG", "RB", "GB", "RR", "GG", "BB", "RGB"),
    *("RRG", "GGB", "BBR", "RRB", "GGR", "BBG", "RRR", "GGG", "BBB", "RRGB", "RGGB", "RGBB"),
)
"""Products of the three channels, of which a polynomial has some."""
POLYNOMIALS: dict[int, tuple[str, ...]] = {
    3: PRODUCTS[:3],
    4: (*PRODUCTS[:3], ""),
    5: (*PRODUCTS[:3], "RGB", ""),
    7: (*PRODUCTS[:6], ""),
    8: (*PRODUCTS[:6], "RGB", ""),
    10: (*PRODUCTS[:9], ""),
    11: (*PRODUCTS[:10], ""),
    14: (*PRODUCTS[:10], *PRODUCTS[16:19], ""),
    16: (*PRODUCTS[:13], *PRODUCTS[16:19]),
    17: (*PRODUCTS[:13], *PRODUCTS[16:19], ""),
    19: PRODUCTS[:19],
    20: (*PRODUCTS[:19], ""),
    22: PRODUCTS,
}
"""Terms by their number, in the order of Cheung et al. 2004 (doi 10.1111/j.1478-4408.2004.tb00201.x) and of
Westland and Ripamonti 2004, table 8.2; the empty product is 1."""


@dataclass(frozen=True)
class ColourMatrix:
    """How a camera's colours are corrected."""

    rule: Rule
    """affine: on sRGB from 0 to 1, its last column added; polynomial: on linear light."""
    matrix: Array  # 3 n: a row for each channel that comes out

    def __post_init__(self) -> None:
        """Raise ValueError where it has another shape, or holds what is no number."""
        terms = (4,) if self.rule == "affine" else tuple(POLYNOMIALS)
        if self.matrix.ndim != 2 or self.matrix.shape[0] != 3 or self.matrix.shape[1] not in terms:
            raise ValueError(
                f"a colour matrix of {self.matrix.shape}, 3 by {' or '.join(map(str, terms))} is read"
            )
        if not np.isfinite(self.matrix).all():
            raise ValueError("a colour matrix with values that are no numbers")

    def corrected(self, pictures: Frames) -> Frames:
        """The pictures (..., 3) in the colours that all cameras share."""
        shown = pictures.astype(np.float64) / 255
        if self.rule == "affine":
            right = shown @ self.matrix[:, :3].T + self.matrix[:, 3]
        else:
            right = encoded(expanded(decoded(shown), self.matrix.shape[1]) @ self.matrix.T)
        return np.asarray(np.clip(right * 255 + 0.5, 0, 255), np.uint8)


def expanded(linear: Array, terms: int) -> Array:
    """The terms (..., n) of a polynomial of colours (..., 3)."""
    channel = dict(zip("RGB", np.moveaxis(linear, -1, 0), strict=True))
    one = np.ones(linear.shape[:-1])
    products = [
        np.prod([one, *(channel[name] for name in product)], axis=0) for product in POLYNOMIALS[terms]
    ]
    return np.stack(products, axis=-1)


def decoded(shown: Array) -> Array:
    """Linear light of sRGB from 0 to 1 (IEC 61966-2-1)."""
    return np.where(shown <= 0.04045, shown / 12.92, ((np.maximum(shown, 0) + 0.055) / 1.055) ** 2.4)


def encoded(linear: Array) -> Array:
    """SRGB of linear light; what is below 0 stays there, to be cut."""
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055)


def colour_matrix(path: Path, serial: str) -> ColourMatrix:
    """The matrix of a camera: 3x4 in a file of its own, or a polynomial's in one of all cameras.

    An affine matrix multiplies a row of colours from the right, so its three columns are told by input.

    Raises:
        ValueError: the file cannot be read or has none for the camera.
        OSError: it cannot be read.
    """
    try:
        if path.suffix == ".npy":
            matrix = np.load(path, allow_pickle=False).astype(np.float64)
            return ColourMatrix("affine", by_output(matrix))
        every = json_at(*Place.holding(str(path)))
        return ColourMatrix("polynomial", np.array(every[serial], np.float64))
    except KeyError:
        raise ValueError(f"{path}: no matrix of camera {serial}") from None
    except (TypeError, ValueError, EOFError) as error:
        raise ValueError(f"{path}: {error}") from None


def by_output(matrix: NDArray[np.float64]) -> Array:
    """A matrix with a row for each channel that comes out; rgb @ matrix[:, :3] + matrix[:, 3] is meant."""
    if matrix.shape != (3, 4):
        raise ValueError(f"a colour matrix of {matrix.shape}, 3 by 4 is read")
    return np.column_stack([matrix[:, :3].T, matrix[:, 3]])
