"""Blurred side fillings: a narrow picture before a blurred, larger copy of itself, told by their borders."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.shots.bars import Edges

NARROWEST, WIDEST = 0.05, 0.45
"""Shares of a side that a filling takes: on both ends alike."""
UNEVEN = 0.015
"""Share of a side by which the two may differ."""
PLAIN = 0.25
"""Fine detail of a filling, at most, over that of the picture."""
BORDER = 3.0
"""The step at its border over the largest one within it, at least."""
LEAST_STEP = 1.0
"""Steps of less, 0..255, are noise."""
ROW_STEP, STRAIGHT = 4, 0.33
"""The step is larger than this in so many of the rows, at least: a border is a line, an outline is none."""
AGREEING = 0.8
"""Share of the pictures of a clip that have to show one filling, to a pixel or two."""


def blurred_edges(luma: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Columns left, rows above, columns right and rows below that fillings of a picture (h w) take, or 0."""
    left, right = ends(luma)
    top, bottom = ends(np.ascontiguousarray(luma.T)) if not left else (0, 0)
    return left, top, right, bottom


def ends(luma: NDArray[np.uint8]) -> tuple[int, int]:
    """Columns on the left and on the right that fillings take; none where it is not both."""
    width = luma.shape[1]
    steps = cv2.absdiff(luma[:, 1:], luma[:, :-1])
    left, right = first_border(steps), first_border(steps[:, ::-1])
    if not left or not right or abs(left - right) > UNEVEN * width:
        return 0, 0
    fine = np.abs(cv2.Laplacian(luma, cv2.CV_16S)).mean(axis=0)
    inner = fine[left + 2 : width - right - 2].mean()
    outer = max(fine[: left - 2].mean(), fine[::-1][: right - 2].mean())
    return (left, right) if outer <= PLAIN * inner else (0, 0)


def first_border(steps: NDArray[np.uint8]) -> int:
    """Columns before the first step that stands out from all before it; 0 where none does, or is no line.

    `steps` (h, w - 1) are from each column to the next.
    """
    mean = steps.mean(axis=0)
    first, last = round(NARROWEST * len(mean)), round(WIDEST * len(mean))
    before = np.maximum(np.maximum.accumulate(mean), LEAST_STEP)
    found = np.flatnonzero(mean[2:last] >= BORDER * before[: last - 2]) + 2
    if not len(found) or found[0] < first:
        return 0
    border = int(found[0])
    straight = (steps[:, border : border + 2] > ROW_STEP).mean(axis=0).max()
    return border + 1 if straight >= STRAIGHT else 0


def window_inside(edges: Edges, seen: tuple[int, int], stored: tuple[int, int]) -> tuple[int, ...]:
    """What fillings leave of pictures of `stored` (width, height) px: x0, y0, x1, y1, exclusive; or ().

    `edges` (n, 4) are those of the pictures as seen, of (width, height) px.
    """
    filled = edges[edges.any(axis=1)]
    if len(filled) < AGREEING * len(edges):
        return ()
    usual = np.median(filled, axis=0)
    if np.mean(np.abs(edges - usual).max(axis=1) <= 2) < AGREEING:
        return ()
    share = np.where(usual > 0, (usual + 1) / np.array([*seen, *seen]), 0)
    cut = np.ceil(share * np.array([*stored, *stored])).astype(int)
    return int(cut[0]), int(cut[1]), int(stored[0] - cut[2]), int(stored[1] - cut[3])
