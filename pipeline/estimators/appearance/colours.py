"""An appearance embedder without weights: which colours a person's picture has, above and below.

What it is: two histograms of CIELAB colour, one of the picture's upper half (hair and face, where the
picture is cut to a person's head and shoulders) and one of the lower (clothes). Pixels count less towards the
left and right, where the background is. A colour is shared between the cells around it, so that a little more
light moves a little.

What it tells: clothes, hair and the light of a scene. It does not tell who somebody is: two people in like
clothes in one room are near each other, one person in two outfits is not. It is meant for telling people of
one source apart and for finding frames that look unlike the rest. Gradients were tried beside the colours and
made it worse, since they follow the pose.

On ten frames each of 25 real clips of one person, two frames of one clip were nearer than two of different
clips in 99.6 % of draws. The cosine was above 0.75 for 95 % of the pairs from one clip and below 0.77 for
99 % of the pairs from two.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.contracts import ImageEmbedder
from schemas.media import Frames
from schemas.tracks import Embeddings, EstimatorCard

SIDE = 64
"""Pictures are shrunk to this many px on both sides: colours need no more."""

CELLS = np.array([[8], [8], [8]])
"""Cells along L, a and b."""

LOW, HIGH = np.array([[0.0], [-40.0], [-40.0]]), np.array([[100.0], [40.0], [40.0]])
"""Centres of the outermost cells, which also count what lies beyond: few things are more colourful."""

NEAR = 0.45
"""Distance from the middle, in half widths, at which a pixel counts 1/e of one in the middle."""


@dataclass(frozen=True, kw_only=True)
class ColourLayout:
    """Colours of the upper and lower half of a person's picture; needs no weights, tells clothes and hair."""

    def build(self) -> ImageEmbedder:
        """The estimator, ready to be called."""
        return ColourEmbedder()


class ColourEmbedder:
    """`ImageEmbedder` of colours; see the top of this file."""

    card = EstimatorCard(name="colour_layout", version="1", weights_sha256="", licence="none needed")

    def __call__(self, images: Frames, /) -> Embeddings:
        """Unit vectors (n, 1024): square roots of shares, whose products are the Bhattacharyya overlap."""
        shares = [colour_shares(image) for image in images]
        return Embeddings(vectors=np.sqrt(np.reshape(shares, (-1, 2 * CELLS.prod())) / 2).astype(np.float32))


ACROSS = (np.arange(SIDE) - (SIDE - 1) / 2) / (SIDE / 2)
WEIGHT = np.tile(np.exp(-((ACROSS / NEAR) ** 2)), SIDE)
"""Of each pixel of a shrunk picture, row by row."""
HALF = np.repeat((0, CELLS.prod()), SIDE * SIDE // 2)
STRIDES = np.array([CELLS[1, 0] * CELLS[2, 0], CELLS[2, 0], 1])
"""Numbers of the first cell of each pixel's half, and from a cell to the next along L, a and b."""


def colour_shares(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Share of each colour in the upper, then in the lower half of a picture (h, w, 3); each sums to 1."""
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    pixels = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3)
    colour = np.ascontiguousarray(pixels.T)
    place = np.clip((colour - LOW) / (HIGH - LOW), 0, 1) * (CELLS - 1)
    cell = np.minimum(place.astype(np.intp), CELLS - 2)
    beyond = place - cell
    sides, first = (1 - beyond, beyond), HALF + STRIDES @ cell
    shares = np.zeros(2 * CELLS.prod())
    for corner in product((0, 1), repeat=3):
        near = sides[corner[0]][0] * sides[corner[1]][1] * sides[corner[2]][2]
        shares += np.bincount(first + corner @ STRIDES, WEIGHT * near, minlength=len(shares))
    return np.asarray(shares / (WEIGHT.sum() / 2))
