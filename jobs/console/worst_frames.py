"""Frames in which a sample's controls change most: where sides, the head's size or a hand may be wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schemas.controls import Controls
from schemas.drawing import DRAW_SCORE
from schemas.joints import BODY_JOINTS, mirrored

Array = NDArray[np.float64]
OTHER_SIDE = list(mirrored(BODY_JOINTS))
SIDED = [place for place, other in enumerate(OTHER_SIDE) if place != other]
GONE = 1.0
"""A hand that appears or goes away counts like one that moves by its own size."""


def worst_frames(controls: Controls) -> dict[str, int]:
    """The frame whose `side`, `radius` or `hand` differs most from the one before, by these words.

    Of a sample in which one of them never changes it is not there. See `side_changes`, `radius_changes` and
    `hand_changes`, of which each has a number for every frame but the first.
    """
    changes = {
        "side": side_changes(controls),
        "radius": radius_changes(controls),
        "hand": hand_changes(controls),
    }
    return {word: 1 + int(np.argmax(change)) for word, change in changes.items() if (change > 0).any()}


def side_changes(controls: Controls) -> Array:
    """How much nearer (t - 1) the joints would be to those before with left and right exchanged, px; or 0."""
    joints = controls.joints2d[:, SIDED].astype(np.float64)
    other = controls.joints2d[:, OTHER_SIDE][:, SIDED].astype(np.float64)
    drawn = (controls.joints_score[:, SIDED] >= DRAW_SCORE) & controls.body_valid[:, None]
    both = drawn[1:] & drawn[:-1]
    distance, exchanged = (np.linalg.norm(joints[1:] - before[:-1], axis=2) for before in (joints, other))
    nearer = np.sum((distance - exchanged) * both, axis=1) / np.maximum(both.sum(axis=1), 1)
    return np.asarray(np.maximum(nearer, 0.0))


def radius_changes(controls: Controls) -> Array:
    """How much larger or smaller (t - 1) the head is than before, as a logarithm; 0 where it is not drawn."""
    radius = controls.head_radius.astype(np.float64)
    drawn = (radius[1:] > 0) & (radius[:-1] > 0)
    return np.asarray(np.abs(np.diff(np.log(np.where(radius > 0, radius, 1.0)))) * drawn)


def hand_changes(controls: Controls) -> Array:
    """How far (t - 1) the points of the hand that moves more have moved, in sizes of the hand; or `GONE`."""
    most = np.zeros(len(controls.head_radius) - 1)
    for side in ("left", "right"):
        points = getattr(controls, f"{side}_hand2d").astype(np.float64)
        seen = getattr(controls, f"{side}_hand_score") >= DRAW_SCORE
        size = np.max(np.ptp(points, axis=1), axis=1)[1:]
        distance = np.linalg.norm(np.diff(points, axis=0), axis=2).mean(axis=1) / np.maximum(size, 1.0)
        change = np.where(seen[1:] & seen[:-1], distance, np.where(seen[1:] != seen[:-1], GONE, 0.0))
        most = np.maximum(most, change)
    return most
