"""A canvas that follows the person: one window of the pictures that holds all of its track in a clip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.geometry import Array, bounding_box
from schemas.tracks import Tracked

Size = tuple[int, int]
Window = tuple[int, int, int, int]
"""x0, y0, x1, y1 of whole px, exclusive."""

SHAPES: tuple[Size, ...] = ((9, 16), (2, 3), (3, 4), (1, 1), (4, 3), (3, 2), (16, 9))
"""Width to height of the canvases that a person may have: few, so that samples share buckets."""


def person_window(
    box: Array, within: Window, canvases: Sequence[Size], margin: float, least_px: float
) -> tuple[Window, Size] | None:
    """The smallest window within another that shows a box, and the one of `canvases` whose aspect it has.

    Between the box (x0, y0, x1, y1 px) and the window's sides lies `margin` of the box's longer side, where
    the pictures go on for that long. A window has at least `least_px` px, or none is larger. None where no
    window of these aspects within the other shows the box.
    """
    low, high = np.array(within[:2]) - 0.5, np.array(within[2:]) - 0.5
    aside = margin * float(np.max(box[2:] - box[:2]))
    needed = np.clip([box[:2] - aside, box[2:] + aside], low, high)
    found = []
    for canvas in canvases:
        shape = np.array(canvas, dtype=np.float64)
        scale = max(float(np.max((needed[1] - needed[0]) / shape)), float(np.sqrt(least_px / shape.prod())))
        scale = min(scale, float(np.min((high - low) / shape)))
        size = np.floor(scale * shape + 1e-6)
        if (size >= np.floor(needed[1] - needed[0])).all():
            found.append((float(size.prod()), canvas, size))
    if not found:
        return None
    _, canvas, size = min(found, key=lambda one: one[0])
    return placed(needed.mean(axis=0), size, within), canvas


def placed(middle: Array, size: Array, within: Window) -> Window:
    """The window of this size nearest to a middle that lies within another, which is no smaller."""
    last = np.array(within[2:]) - size
    corner = np.clip(np.round(middle + 0.5 - size / 2), within[:2], last)
    x0, y0, x1, y1 = (int(edge) for edge in (*corner, *(corner + size)))
    return x0, y0, x1, y1


def grown_to(window: Window, canvas: Size, within: Window) -> Window:
    """The smallest window within another that shows all of `window` and has the aspect of a canvas.

    Where the other holds none, `window` as it is.
    """
    box = np.array(window, dtype=np.float64) - 0.5
    grown = person_window(box, within, [canvas], 0.0, 0.0)
    return window if grown is None else grown[0]


def whole_track(tracked: Tracked) -> Array | None:
    """A box (x0, y0, x1, y1), px, around all that is measured of the person in a clip; None of nothing."""
    person, hands, face, head = tracked.person, tracked.hands, tracked.face, tracked.head
    around = head.radius[head.valid, None]
    points = [
        person.box[person.valid].reshape(-1, 2),
        hands.points2d[hands.score > 0].reshape(-1, 2),
        face.box[face.valid].reshape(-1, 2),
        head.center[head.valid] - around,
        head.center[head.valid] + around,
    ]
    every = np.concatenate(points).astype(np.float64)
    return bounding_box(every) if len(every) else None
