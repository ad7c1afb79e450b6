"""Persons of whom a test knows only the head."""

from __future__ import annotations

import numpy as np

from schemas.tracks import KeypointTrack


def heads_at(*boxes, points=None):
    """One frame a box (x0, y0, x1, y1 px); `points` px by name, the same in all frames."""
    num_frames, points = len(boxes), points or {}
    box = np.array(boxes, np.float32)
    places = np.array(list(points.values()), np.float32).reshape(len(points), 2)
    return KeypointTrack(
        names=tuple(points),
        points=np.tile(places, (num_frames, 1, 1)),
        world=np.zeros((num_frames, len(points), 3), np.float32),
        score=np.ones((num_frames, len(points)), np.float32),
        box=box,
        head_box=box,
        valid=np.ones(num_frames, np.bool_),
        others=np.zeros(num_frames, np.float32),
    )
