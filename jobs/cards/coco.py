"""Key points of samples as COCO tells them: pictures, and a person in each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.controls import Controls
from schemas.joints import BODY_JOINTS, BODY_LIMBS, HAND_JOINTS, HAND_LIMBS, J

SIDES = ("left", "right")
NAMES = (*BODY_JOINTS, *(f"{side}_hand_{name}" for side in SIDES for name in HAND_JOINTS))
"""All points, in their order: the body's, then those of both hands."""
SURE = 0.5
"""From this score on a point counts as seen; below it was measured, and COCO calls it labelled."""
PERSON: dict[str, Any] = {
    "id": 1,
    "name": "person",
    "supercategory": "person",
    "keypoints": list(NAMES),
    "skeleton": [
        *([J[one] + 1, J[other] + 1] for one, other in BODY_LIMBS),
        *(
            [len(BODY_JOINTS) + hand * len(HAND_JOINTS) + joint + 1 for joint in limb]
            for hand in range(2)
            for limb in HAND_LIMBS
        ),
    ],
}
"""The category; numbers of points begin with 1."""


def annotation(controls: Controls, t: int, size: tuple[int, int]) -> dict[str, Any]:
    """The person in frame `t` of a sample, on a canvas of this width and height, px.

    A point outside the picture, or that was not measured, is not labelled. The box holds those that are, and
    the head. `id` and `image_id` are told by whoever knows the picture.
    """
    points, score = points_of(controls, t)
    inside = ((points >= 0) & (points <= np.array(size) - 1)).all(axis=1)
    seen = np.where(inside & (score > 0), np.where(score >= SURE, 2, 1), 0)
    box = box_of(points[seen > 0], controls, t, size)
    triples = np.concatenate([np.where(seen[:, None] > 0, points, 0.0), seen[:, None]], axis=1)
    return {
        "category_id": PERSON["id"],
        "keypoints": [round(value, 2) for value in triples.ravel().tolist()],
        "num_keypoints": int((seen > 0).sum()),
        "bbox": box,
        "area": round(box[2] * box[3], 2),
        "iscrowd": 0,
    }


def points_of(controls: Controls, t: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points (n, 2) and scores (n,) of a frame, in the order of `NAMES`; 0 is what was not measured."""
    c, hands = controls, len(HAND_JOINTS)
    points = np.concatenate([c.joints2d[t], c.left_hand2d[t], c.right_hand2d[t]]).astype(np.float64)
    body = c.joints_score[t] * c.body_valid[t]
    each = [body, *(np.full(hands, score[t]) for score in (c.left_hand_score, c.right_hand_score))]
    return points, np.concatenate(each).astype(np.float64)


def box_of(points: NDArray[np.float64], controls: Controls, t: int, size: tuple[int, int]) -> list[float]:
    """Left, top, width and height of the points and the head, within the picture; zeros around nothing."""
    corners = [points]
    if controls.head_valid[t]:
        centre, radius = controls.head_center[t], controls.head_radius[t]
        corners.append(np.stack([centre - radius, centre + radius]).astype(np.float64))
    every = np.clip(np.concatenate(corners), 0, np.array(size) - 1)
    if not len(every):
        return [0.0] * 4
    low, high = every.min(axis=0), every.max(axis=0)
    return [round(value, 2) for value in (*low.tolist(), *(high - low).tolist())]


def labelled(images: Sequence[dict[str, Any]], people: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    """The file that names pictures and the people in them."""
    info = {"description": f"key points of {name}, two a second", "version": "1"}
    return {"info": info, "images": list(images), "annotations": list(people), "categories": [PERSON]}
