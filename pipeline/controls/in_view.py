"""Whether head and hands are in the picture at all: what is missed is not what is not there."""

from __future__ import annotations

import numpy as np

from pipeline.controls.body_and_hands import WRISTS
from pipeline.controls.smoothing import Mask
from pipeline.geometry import in_picture
from schemas.tracks import Tracked

SIDES = ("left", "right")


def head_in_view(tracked: Tracked) -> Mask:
    """Frames in which a face is measured, or the middle of the person's head lies in the picture."""
    video, box = tracked.clip.video, tracked.person.head_box
    middle = (box[:, :2] + box[:, 2:]) / 2
    inside = ((middle >= 0) & (middle <= [video.width - 1, video.height - 1])).all(axis=1)
    return np.asarray(tracked.face.valid | (tracked.person.valid & inside))


def hands_in_view(tracked: Tracked, seen_score: float) -> Mask:
    """Frames and sides (t, 2) in which a hand is measured, or the body's wrist is seen in the picture."""
    video, body = tracked.clip.video, tracked.body
    wrists = in_picture(body.joints2d[:, WRISTS], video.width, video.height)
    wrists &= (body.score[:, WRISTS] >= seen_score) & body.valid[:, None]
    return np.asarray(wrists | (tracked.hands.score > 0))


def in_view(tracked: Tracked, seen_score: float) -> dict[str, float]:
    """For head and hands the share of frames in view, and the mean score in those, 0 where it was missed.

    A head that is measured scores 1. So a share of 0 says that the part is not in view, and a score of 0
    beside a share above that it was missed.
    """
    heads = head_in_view(tracked) | tracked.head.valid
    hands, scores = hands_in_view(tracked, seen_score), tracked.hands.score.astype(np.float64)
    parts = {"head": (heads, tracked.head.valid.astype(np.float64))}
    parts |= {f"{side}_hand": (hands[:, at], scores[:, at]) for at, side in enumerate(SIDES)}
    shares = {f"{part}_in_view": float(np.mean(seen)) for part, (seen, _) in parts.items()}
    means = {
        f"{part}_score": float(np.mean(score[seen])) if seen.any() else 0.0
        for part, (seen, score) in parts.items()
    }
    return shares | means
