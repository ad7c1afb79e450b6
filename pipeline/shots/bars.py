"""Black bars around pictures: what they leave is the picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLACK = 24
"""Largest luma, 0..255, in a bar: black is 0 or 16, and encoding adds to it."""
LEAST = 0.02
"""Share of a side that a bar takes, at least: a dark line at the border is no bar."""

Edges = NDArray[np.int64]
"""(..., 4) rows or columns of bars: left, top, right, bottom."""


def black_edges(luma: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Columns left, rows above, columns right and rows below of a picture (h w) that are black throughout."""
    columns, rows = luma.max(axis=0) > BLACK, luma.max(axis=1) > BLACK
    if not rows.any():
        return (luma.shape[1], luma.shape[0], luma.shape[1], luma.shape[0])
    left, top = int(columns.argmax()), int(rows.argmax())
    return left, top, int(columns[::-1].argmax()), int(rows[::-1].argmax())


def window_within(edges: Edges, seen: tuple[int, int], stored: tuple[int, int]) -> tuple[int, ...]:
    """What bars leave of pictures of `stored` (width, height) px: x0, y0, x1, y1, exclusive; or ().

    `edges` (n, 4) are those of the pictures as seen, of (width, height) px. A bar is what is black in
    all of them; a pixel more is cut, which the bar's border runs through. Where the pictures are
    black throughout there are no bars.
    """
    least = edges.min(axis=0)
    sides = np.array([*seen, *seen])
    if (least[:2] + least[2:] >= seen).any():
        return ()
    share = np.where(least >= LEAST * sides, (least + 1) / sides, 0)
    if not share.any():
        return ()
    cut = np.ceil(share * np.array([*stored, *stored])).astype(int)
    return int(cut[0]), int(cut[1]), int(stored[0] - cut[2]), int(stored[1] - cut[3])
