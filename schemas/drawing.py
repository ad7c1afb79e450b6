"""The maps a model is driven by, drawn from numbers: skeletons and head spheres, (t, H, W, 3), on black.

Everyone who needs a map draws it here, so that training, animation and previews see the same pixels, and
drawing twice gives the same bytes. Any change of a rule is a new `schemas.version.DRAWING`: trained weights
depend on it.

Skeleton (method.md 4.3):
- A limb is a stroke with round ends at 60 % of its colour. Its half width is floor(min(H, W) / 200) px, at
  least 1, and half of that in a hand, at least 1. Joints are dots of that radius at their full colour.
- Shoulder, elbow, wrist, hip, knee, ankle and toe of the right side take the first seven hues of a ring of
  fourteen that starts at red and goes by green to blue; those of the left side take the opposite hues. Neck
  and pelvis are white. A limb has the hue of the joint it ends in: neck to hip, the hip's.
- Fingers, the thumb first, have every second of ten hues mixed half with white; the left hand's are opposite.
  A hand's wrist has no dot: the body's is there.
- The nearer hides the farther: limbs go from far to near by the mean depth of their ends, a joint's dot right
  after the nearest of its limbs.
- A limb is drawn if both its ends score at least `DRAW_SCORE`; where it leaves the picture, up to the border.

Sphere (method.md 3.2): a ball coloured by where its surface looks in the head's frame (`raster.draw_ball`).
"""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray

from schemas.controls import Controls
from schemas.joints import BODY_JOINTS, BODY_LIMBS, HAND_JOINTS, HAND_LIMBS, J
from schemas.media import Frames
from schemas.raster import Canvas, Floats, draw_ball, draw_strokes

DRAW_SCORE = 0.3
"""Least score of a joint or hand that is drawn."""

LIMB_BRIGHTNESS = 0.6
PARTS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "big_toe")


def hue(step: int, steps: int, saturation: float = 1.0) -> tuple[float, ...]:
    """RGB, 0..255, of the brightest colour at `step` of `steps` around the ring."""
    return tuple(255 * value for value in colorsys.hsv_to_rgb(step / steps, saturation, 1.0))


def joint_colour(name: str) -> tuple[float, ...]:
    """RGB of a body joint's dot."""
    side, _, part = name.partition("_")
    return hue(PARTS.index(part) + (7 if side == "left" else 0), 14) if part else (255.0, 255.0, 255.0)


def finger_colour(finger: int, *, left: bool) -> tuple[float, ...]:
    """RGB of the dots of a finger, 0 the thumb."""
    return hue(2 * finger + (5 if left else 0), 10, saturation=0.5)


BODY, HAND = len(BODY_JOINTS), len(HAND_JOINTS)
POINT_COLOURS = np.array(
    [joint_colour(name) for name in BODY_JOINTS]
    + [finger_colour(max(point - 1, 0) // 4, left=left) for left in (True, False) for point in range(HAND)],
    np.float32,
)
"""Of the points of a frame: the body's, the left hand's, the right hand's."""

LIMBS = np.array(
    [(J[start], J[stop]) for start, stop in BODY_LIMBS]
    + [(hand + start, hand + stop) for hand in (BODY, BODY + HAND) for start, stop in HAND_LIMBS]
)
DOTS = np.setdiff1d(np.arange(BODY + 2 * HAND), (BODY, BODY + HAND))
ENDS = np.concatenate([LIMBS, np.stack([DOTS, DOTS], axis=1)])
"""Of every stroke of a frame, limbs first: the points it joins; a dot joins a point to itself."""

COLOURS = (
    POINT_COLOURS[ENDS[:, 1]] * np.where(np.arange(len(ENDS)) < len(LIMBS), LIMB_BRIGHTNESS, 1.0)[:, None]
)
IN_HAND = ENDS[:, 1] >= BODY

FRAMES_AT_ONCE = 8
"""Frames whose strokes are drawn together: more would not be faster, and take more memory."""


def figures(controls: Controls, frames: slice = slice(None)) -> tuple[Floats, Floats, Floats]:
    """What skeletons of a stretch of frames are drawn from: points (t, 58, 2) px, depths (t, 58) m, scores.

    Points are the body's, the left hand's and the right hand's; a hand has one score.
    """
    left, right = controls.left_hand3d[frames, :, 2], controls.right_hand3d[frames, :, 2]
    body = controls.joints3d[frames, :, 2]
    depth = np.concatenate(
        [body, body[:, [J["left_wrist"]]] + left, body[:, [J["right_wrist"]]] + right], axis=1
    )
    points = np.concatenate(
        [c[frames] for c in (controls.joints2d, controls.left_hand2d, controls.right_hand2d)], 1
    )
    hands = np.stack([controls.left_hand_score[frames], controls.right_hand_score[frames]], axis=1)
    score = np.concatenate([controls.joints_score[frames], np.repeat(hands, HAND, axis=1)], axis=1)
    return points, depth, score


def draw_skeleton(
    controls: Controls, width: int, height: int, frames: slice = slice(None), out: Frames | None = None
) -> Frames:
    """Skeleton maps of a stretch of frames, (t, H, W, 3) uint8, in new memory or in `out`.

    What is drawn is decided by the scores alone; points without a score may be anywhere but must be finite.
    """
    points, depth, score = figures(controls, frames)
    maps = black(len(points), height, width, out)
    for first in range(0, len(maps), FRAMES_AT_ONCE):
        part = slice(first, first + FRAMES_AT_ONCE)
        draw_figures(maps[part], points[part], depth[part], score[part])
    return maps


def draw_figures(canvases: Canvas, points: Floats, depth: Floats, score: Floats) -> None:
    """Draw a skeleton on each of t canvases: (t, 58) points (body, hands) in px, depths in m, scores."""
    radius = stroke_radii(*canvases.shape[1:3])
    shown: NDArray[np.bool_] = np.all(score[:, ENDS] >= DRAW_SCORE, axis=2)
    far_first = np.where(shown, -stroke_depth(depth, shown), np.inf)
    order = np.argsort(far_first, axis=1, kind="stable").T[: shown.sum(axis=1).max(initial=0)]
    frame = np.arange(len(points))
    start, stop = (points[frame, ENDS[order, end]] for end in (0, 1))
    draw_strokes(canvases, start, stop, np.where(shown[frame, order], radius[order], -1), COLOURS[order])


def stroke_radii(height: int, width: int) -> NDArray[np.int64]:
    """Half the width of each of `ENDS` on a canvas, px."""
    half_width = max(min(height, width) // 200, 1)
    return np.where(IN_HAND, max(half_width // 2, 1), half_width)


def stroke_depth(depth: Floats, shown: NDArray[np.bool_]) -> Floats:
    """Depth of each of `ENDS`, (t, n): a limb's is its ends' mean, a dot's its own or its nearest limb's."""
    limbs = depth[:, LIMBS].mean(axis=2)
    nearest = depth.copy()
    for end in (0, 1):
        place = (np.arange(len(depth))[:, None], LIMBS[:, end])
        np.minimum.at(nearest, place, np.where(shown[:, : len(LIMBS)], limbs, np.inf))
    return np.concatenate([limbs, nearest[:, DOTS]], axis=1)


def draw_spheres(
    controls: Controls, width: int, height: int, frames: slice = slice(None), out: Frames | None = None
) -> Frames:
    """Sphere maps of a stretch of frames, (t, H, W, 3) uint8, in new memory or in `out`.

    Black where the head's radius is 0.

    Heads that were filled in, such as a back view's, are drawn like measured ones.
    """
    centers, radii = controls.head_center[frames], controls.head_radius[frames]
    maps = black(len(centers), height, width, out)
    for canvas, center, radius, rotation in zip(
        maps, centers, radii, controls.head_rotation[frames], strict=True
    ):
        draw_ball(canvas, center, radius, rotation)
    return maps


def black(count: int, height: int, width: int, out: Frames | None) -> Frames:
    """Black maps, in new memory or in `out`."""
    if out is None:
        return np.zeros((count, height, width, 3), np.uint8)
    out[...] = 0
    return out
