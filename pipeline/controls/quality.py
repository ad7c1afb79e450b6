"""Numbers by which clips are chosen, from tracks and controls."""

from __future__ import annotations

import numpy as np

from pipeline.controls.in_view import in_view
from pipeline.controls.smoothing import jitter, speed
from pipeline.geometry import in_picture
from schemas.controls import Controls
from schemas.joints import J
from schemas.media import FPS
from schemas.tracks import BodyTrack, HandTrack, Tracked


def quality(
    tracked: Tracked, seen: HandTrack, controls: Controls, canvas: tuple[int, int], seen_score: float
) -> dict[str, float]:
    """What one chooses clips by; of the hands `seen` those of `tracked` hang on the body.

    `*_ratio`: share of the frames in which the part is measured, of a hand also those in which a short gap
    is bridged; `*_in_view` and `*_score`: see `in_view`; `hands_dropped`: share of the hands seen that did
    not hang on the body; `truncation`: mean share of joints outside the canvas; `face_px`: median longer side
    of the face, source px; `sharpness`: median over the looks at the person; `bars_ratio`: share of the
    picture that black bars take, which is no part of the canvas; `odd_ratio`: share of the frames that show
    a flash; `motion`: mean speed relative to the pelvis of the joints that are mostly seen, torso lengths a
    second; `jitter`: mean second difference of their unsmoothed places, torso lengths a frame squared.
    """
    clip = tracked.clip
    body, face, looks = controls.body_valid, tracked.face, tracked.appearance.sharpness
    outside = ~in_picture(controls.joints2d, *canvas)
    sides = np.max(face.box[face.valid, 2:] - face.box[face.valid, :2], axis=1)
    left, right = controls.left_hand_score > 0, controls.right_hand_score > 0
    offered, kept = (int((hands.score > 0).sum()) for hands in (seen, tracked.hands))
    numbers = {
        "face_ratio": np.mean(controls.face_valid),
        "head_ratio": np.mean(controls.head_valid),
        "body_ratio": np.mean(body),
        "left_hand_ratio": np.mean(left),
        "right_hand_ratio": np.mean(right),
        "hands_dropped": (offered - kept) / max(offered, 1),
        "truncation": np.mean(outside[body]) if body.any() else 0.0,
        "face_px": np.median(sides) if len(sides) else 0.0,
        "sharpness": np.median(looks) if len(looks) else 0.0,
        "bars_ratio": 1 - clip.size[0] * clip.size[1] / (clip.video.width * clip.video.height),
        "odd_ratio": len(clip.odd_frames) / clip.num_frames,
        **in_view(tracked, seen_score),
        **liveliness(tracked.body, controls, seen_score),
    }
    return {name: float(number) for name, number in numbers.items()}


def liveliness(body: BodyTrack, controls: Controls, seen_score: float) -> dict[str, float]:
    """`motion` and `jitter` of `quality`; 0 where no joint is mostly seen."""
    valid = body.valid
    mostly = np.flatnonzero((body.score[valid] >= seen_score).sum(axis=0) * 2 > valid.sum())
    if len(mostly) == 0:
        return {"motion": 0.0, "jitter": 0.0}
    pelvis, neck = controls.joints3d[:, [J["pelvis"]]], controls.joints3d[:, [J["neck"]]]
    torso_m = float(np.median(np.linalg.norm(neck - pelvis, axis=2)[valid]))
    torso_px = body.focal_px * torso_m / float(np.median(pelvis[valid, 0, 2]))
    return {
        "motion": FPS * speed((controls.joints3d - pelvis)[:, mostly], valid) / torso_m,
        "jitter": jitter(body.joints2d[:, mostly].astype(np.float64), valid) / torso_px,
    }
