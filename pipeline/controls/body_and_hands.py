"""Body, hands and face windows of a clip: gaps filled, hands attached, smoothed. Pure functions of tracks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.controls.smoothing import Mask, fill, smooth
from pipeline.geometry import Array, apply_affine, bounding_box, grow_box, square_box
from schemas.joints import J
from schemas.tracks import BodyTrack, FaceBoxTrack, HandTrack

Single = NDArray[np.float32]
WRISTS = [J["left_wrist"], J["right_wrist"]]
HAND_BOX_SCALE = 2.0
"""Side of a hand's box over the extent of its points, as HaMeR crops hands (method.md 4.2)."""

SWAP_GAIN = 0.5
"""Hands change sides where that shortens their way to the body's wrists to this share; less may be noise."""


@dataclass(frozen=True)
class BodyControls:
    """The body in canvas px and metres: a value for every frame."""

    joints2d: Array  # t 16 2
    joints3d: Array  # t 16 3
    score: Array  # t 16, 0 where not known
    known: Mask  # measured or bridged

    def arrays(self) -> dict[str, Single]:
        """The body's fields of `Controls`."""
        return {
            "joints2d": self.joints2d.astype(np.float32),
            "joints3d": self.joints3d.astype(np.float32),
            "joints_score": self.score.astype(np.float32),
        }


@dataclass(frozen=True)
class HandControls:
    """Both hands in canvas px and metres, the left one first: a value for every frame."""

    points2d: Array  # t 2 21 2
    points3d: Array  # t 2 21 3
    score: Array  # t 2, 0 where not known: neither measured nor bridged

    def arrays(self) -> dict[str, Single]:
        """The hands' fields of `Controls`."""
        parts = {"hand2d": self.points2d, "hand3d": self.points3d, "hand_score": self.score}
        return {
            f"{side}_{name}": part[:, i].astype(np.float32)
            for i, side in enumerate(("left", "right"))
            for name, part in parts.items()
        }


def body_on_canvas(body: BodyTrack, affine: Array, max_gap: int, sigma: float) -> BodyControls:
    """The body, gaps up to `max_gap` frames bridged, smoothed; held and without score in longer ones."""
    joints2d, known = fill(apply_affine(affine, body.joints2d), body.valid, max_gap)
    joints3d, _ = fill(body.joints3d, body.valid, max_gap)
    score, _ = fill(body.score, body.valid, max_gap)
    return BodyControls(
        smooth(joints2d, known, sigma), smooth(joints3d, known, sigma), score * known[:, None], known
    )


def exchanged(hands: HandTrack, frames: Mask) -> HandTrack:
    """The hands, left and right exchanged in some frames."""
    order = np.where(frames[:, None], [1, 0], [0, 1])
    return chosen(hands, order)


def chosen(hands: HandTrack, order: NDArray[np.int64]) -> HandTrack:
    """For each side (t, 2) the hand of that number."""
    frame = np.arange(len(order))[:, None]
    return HandTrack(
        points2d=hands.points2d[frame, order],
        points3d=hands.points3d[frame, order],
        score=hands.score[frame, order],
    )


def attached(hands: HandTrack, body: BodyTrack, reach: float) -> HandTrack:
    """The hands that hang on the body's wrists, each on its own side (method.md 4.2).

    Hands change sides where that brings them much nearer to the wrists. A hand that is then further from the
    body's wrist than `reach` times its box's side loses its score. Without a measured body all hands stay.
    """
    seen = hands.score > 0
    points2d = np.where(seen[..., None, None], hands.points2d, 0)
    wrists = np.where(body.valid[:, None, None], body.joints2d[:, WRISTS], 0)
    way = (
        np.linalg.norm(points2d[:, :, None, 0] - wrists[:, None], axis=-1) * seen[:, :, None]
    )  # t hand wrist
    swap = body.valid & (way[:, 0, 1] + way[:, 1, 0] < SWAP_GAIN * (way[:, 0, 0] + way[:, 1, 1]))
    hand = np.where(swap[:, None], [1, 0], [0, 1])  # for each wrist the hand that it gets
    frame = np.arange(len(hand))[:, None]
    box = bounding_box(points2d[frame, hand])
    side = HAND_BOX_SCALE * np.max(box[..., 2:] - box[..., :2], axis=-1)
    near = ~body.valid[:, None] | (way[frame, hand, [0, 1]] <= reach * side)
    kept = chosen(hands, hand)
    return replace(kept, score=np.where(near, kept.score, np.float32(0)))


def hands_on_canvas(
    hands: HandTrack, body: BodyControls, affine: Array, max_gap: int, sigma: float
) -> HandControls:
    """The hands, gaps up to `max_gap` frames bridged, smoothed; held and without score in longer ones.

    One that is never seen is a point at the body's wrist.
    """
    points2d, points3d = np.zeros(hands.points2d.shape), np.zeros(hands.points3d.shape)
    score = np.zeros(hands.score.shape)
    for side, wrist in enumerate(WRISTS):
        seen = hands.score[:, side] > 0
        flat, known = fill(apply_affine(affine, hands.points2d[:, side]), seen, max_gap)
        deep, _ = fill(hands.points3d[:, side], seen, max_gap)
        points2d[:, side] = smooth(flat, known, sigma) if seen.any() else body.joints2d[:, [wrist]]
        points3d[:, side] = smooth(deep, known, sigma)
        score[:, side] = fill(hands.score[:, side], seen, max_gap)[0] * known
    return HandControls(points2d, points3d, score)


def face_windows(face: FaceBoxTrack, area: float, above: float, max_gap: int, sigma: float) -> Array:
    """Square crop windows (t, 4) in source px around the landmarks' boxes, grown as by `grow_box`, smoothed.

    They may leave the picture. Held over gaps longer than `max_gap`; zeros where no face is ever measured.
    """
    filled, known = fill(square_box(grow_box(face.box, area, above)), face.valid, max_gap)
    return smooth(filled, known, sigma)
