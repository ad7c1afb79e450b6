"""Which measured faces are the person's, a head having one size, and the windows that they are cut by."""

from __future__ import annotations

import numpy as np

from pipeline.controls.smoothing import Frames, Mask, fill, smooth
from pipeline.geometry import Array, Reals
from schemas.joints import J
from schemas.tracks import BodyTrack, HeadTrack

HEAD_RADII_M = (0.05, 0.25)
"""Least and greatest radius of a head, by the body's distance. Networks tell every body in metres of a grown
one, so the head of a small child is large, and distances are wrong by a third."""
OF_CLIP = 1.4
"""Times the clip's own size that a head may be larger or smaller."""
MAX_LAG = 0.03
"""Share of its side by which a smoothed window may miss the measured one."""
NEAR_FRAMES = 12
"""Where the body's distance is not known, heads are compared with those so many frames around."""


def heads_that_fit(head: HeadTrack, body: BodyTrack) -> Mask:
    """Frames in which a head is measured and has the size that a head has there.

    Where the body is measured too, its radius in metres lies within `HEAD_RADII_M` and near the clip's
    median; elsewhere, its radius in px near that of the heads around that fit.
    """
    placed = head.valid & body.valid
    metres = radius_m(head, body, placed)
    fits = placed & (metres >= HEAD_RADII_M[0]) & (metres <= HEAD_RADII_M[1])
    fits &= alike(metres, np.full(len(metres), np.median(metres[fits]) if fits.any() else 1.0))
    loose = head.valid & ~body.valid
    radius_px = head.radius.astype(np.float64)
    return fits | (loose & alike(radius_px, median_around(radius_px, fits | loose)))


def radius_m(head: HeadTrack, body: BodyTrack, frames: Mask) -> Array:
    """Radii (t,) of heads at the distance of the neck, m; 0 outside `frames`."""
    metres = np.zeros(len(frames))
    neck = body.joints3d[frames, J["neck"], 2].astype(np.float64)
    metres[frames] = head.radius[frames] * neck / body.focal_px
    return metres


def alike(sizes: Array, wanted: Array) -> Mask:
    """Which sizes (t,) are within `OF_CLIP` times those wanted."""
    return np.asarray((sizes <= OF_CLIP * wanted) & (sizes * OF_CLIP >= wanted))


def median_around(sizes: Reals, frames: Mask) -> Array:
    """For each frame the median (t,) of the sizes of `frames` near it; 0 where there are none."""
    known = np.flatnonzero(frames)
    near = [sizes[known[np.abs(known - t) <= NEAR_FRAMES]] for t in range(len(sizes))]
    return np.array([np.median(nearby) if len(nearby) else 0.0 for nearby in near])


def face_windows(windows: Array, valid: Mask, max_gap: int, sigma: float, shown: Frames) -> Array:
    """Square crop windows (t, 4) in source px, smoothed, as far as they keep up with the face.

    They may leave the picture. Held over gaps longer than `max_gap`; zeros where no face is ever measured.
    """
    filled, known = fill(windows, valid, max_gap)
    even = smooth(filled, known, sigma, shown)
    side = np.maximum(filled[:, 2] - filled[:, 0], 1e-6)
    behind = np.abs(filled - even).max(axis=1) / side
    pull = np.clip(1 - MAX_LAG / np.maximum(behind, MAX_LAG), 0, 1)[:, None]
    return np.asarray(even + pull * (filled - even))
