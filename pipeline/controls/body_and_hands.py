"""Body and hands of a clip: gaps filled, hands joined to arms, smoothed. Pure functions of tracks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.controls.smoothing import Frames, Mask, SmoothingSettings, fill, smooth
from pipeline.geometry import Array, apply_affine, bounding_box
from schemas.joints import J
from schemas.tracks import BodyTrack, HandTrack

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


def on_canvas(
    body: BodyTrack, hands: HandTrack, affine: Array, max_gap: int, sigma: SmoothingSettings, shown: Frames
) -> tuple[BodyControls, HandControls]:
    """Body and hands, gaps up to `max_gap` frames bridged, joined at the wrists, smoothed.

    In longer gaps they are held and without score. A hand that is never seen is a point at the body's wrist.
    """
    arms = filled_body(body, affine, max_gap)
    arms, fingers = joined(arms, filled_hands(hands, arms, affine, max_gap), body.focal_px * affine[0, 0])
    arms = replace(
        arms,
        joints2d=smooth(arms.joints2d, arms.known, sigma.body, shown),
        joints3d=smooth(arms.joints3d, arms.known, sigma.body, shown),
    )
    return arms, smoothed_hands(fingers, arms, sigma.hands, shown)


def filled_body(body: BodyTrack, affine: Array, max_gap: int) -> BodyControls:
    """The body on the canvas, a value for every frame."""
    joints2d, known = fill(apply_affine(affine, body.joints2d), body.valid, max_gap)
    joints3d, _ = fill(body.joints3d, body.valid, max_gap)
    score, _ = fill(body.score, body.valid, max_gap)
    return BodyControls(joints2d, joints3d, score * known[:, None], known)


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
        rotations=hands.rotations[frame, order],
    )


def attached(hands: HandTrack, body: BodyTrack, reach: float) -> HandTrack:
    """The hands that hang on the body's wrists, each on its own side (method.md 4.2).

    Hands change sides where that brings them much nearer to the wrists. A hand that is then further from the
    body's wrist than `reach` times its box's side loses its score. Without a measured body all hands stay.
    """
    seen = hands.score > 0
    points2d = np.where(seen[..., None, None], hands.points2d, 0)
    wrists = np.where(body.valid[:, None, None], body.joints2d[:, WRISTS], 0)
    distance = (
        np.linalg.norm(points2d[:, :, None, 0] - wrists[:, None], axis=-1) * seen[:, :, None]
    )  # t hand wrist
    swap = body.valid & (
        distance[:, 0, 1] + distance[:, 1, 0] < SWAP_GAIN * (distance[:, 0, 0] + distance[:, 1, 1])
    )
    hand = np.where(swap[:, None], [1, 0], [0, 1])  # for each wrist the hand that it gets
    frame = np.arange(len(hand))[:, None]
    box = bounding_box(points2d[frame, hand])
    side = HAND_BOX_SCALE * np.max(box[..., 2:] - box[..., :2], axis=-1)
    near = ~body.valid[:, None] | (distance[frame, hand, [0, 1]] <= reach * side)
    kept = chosen(hands, hand)
    return replace(kept, score=np.where(near, kept.score, np.float32(0)))


def filled_hands(hands: HandTrack, body: BodyControls, affine: Array, max_gap: int) -> HandControls:
    """The hands on the canvas, a value for every frame; across gaps they go with the body's wrists."""
    points2d, points3d = np.zeros(hands.points2d.shape), np.zeros(hands.points3d.shape)
    score = np.zeros(hands.score.shape)
    for side, wrist in enumerate(body.joints2d[:, WRISTS].swapaxes(0, 1)):
        seen = hands.score[:, side] > 0
        flat, known = fill(apply_affine(affine, hands.points2d[:, side]) - wrist[:, None], seen, max_gap)
        points2d[:, side] = flat + wrist[:, None]
        points3d[:, side] = fill(hands.points3d[:, side], seen, max_gap)[0]
        score[:, side] = fill(hands.score[:, side], seen, max_gap)[0] * known
    return HandControls(points2d, points3d, score)


def joined(body: BodyControls, hands: HandControls, focal_px: float) -> tuple[BodyControls, HandControls]:
    """Arms and hands that end in one wrist: the middle of what body and hand say, in px and in metres.

    Each is off by a tenth of a hand, and not together: their middle is nearer than either. The fingers stay
    where they are in the picture, at their wrist's depth. A wrist whose hand is seen is seen.
    """
    both = (hands.score > 0) & body.known[:, None]
    half = np.where(both[..., None], hands.points2d[:, :, 0] - body.joints2d[:, WRISTS], 0) / 2
    metres = half * body.joints3d[:, WRISTS, 2:] / focal_px
    joints2d, joints3d, score = (part.copy() for part in (body.joints2d, body.joints3d, body.score))
    joints2d[:, WRISTS] += half
    joints3d[:, WRISTS, :2] += metres
    score[:, WRISTS] = np.maximum(score[:, WRISTS], hands.score * both)
    points2d, points3d = hands.points2d.copy(), hands.points3d.copy()
    points2d[:, :, 0] -= half
    points3d[:, :, 1:, :2] += metres[:, :, None]
    return BodyControls(joints2d, joints3d, score, body.known), HandControls(points2d, points3d, hands.score)


def smoothed_hands(hands: HandControls, body: BodyControls, sigma: float, shown: Frames) -> HandControls:
    """The hands, smoothed; their wrists are those of the arms."""
    points2d, points3d = hands.points2d.copy(), hands.points3d.copy()
    for side, wrist in enumerate(WRISTS):
        known = hands.score[:, side] > 0
        points2d[:, side] = smooth(points2d[:, side], known, sigma, shown)
        points3d[:, side] = smooth(points3d[:, side], known, sigma, shown)
        points2d[known & body.known, side, 0] = body.joints2d[known & body.known, wrist]
    return HandControls(points2d, points3d, hands.score)
