"""One vocabulary of key points: COCO-WholeBody's 133, and what is read of any estimator's points by name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schemas.joints import BODY_JOINTS, HAND_JOINTS
from schemas.tracks import KeypointTrack

SIDES = ("left", "right")
PAIRS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
HANDS: tuple[tuple[str, ...], ...] = tuple(
    tuple(f"{side}_hand_{joint}" for joint in HAND_JOINTS) for side in SIDES
)
"""Points of the left and of the right hand, in the order of `HAND_JOINTS`."""
WHOLE_BODY: tuple[str, ...] = (
    *("nose", "left_eye", "right_eye", "left_ear", "right_ear"),
    *(f"{side}_{part}" for part in PAIRS for side in SIDES),
    *(f"{side}_{part}" for side in SIDES for part in ("big_toe", "small_toe", "heel")),
    *(f"face_{number}" for number in range(68)),
    *HANDS[0],
    *HANDS[1],
)
"""In COCO-WholeBody's order; left and right are the person's."""
MIDDLES = {"pelvis": ("left_hip", "right_hip"), "neck": ("left_shoulder", "right_shoulder")}
"""Joints that no point shows, and between which they lie."""
OTHER_NAMES = {"left_big_toe": "left_foot_index", "right_big_toe": "right_foot_index"}
"""What MediaPipe calls a point."""

ARMS_AND_LEGS = frozenset(f"{side}_{part}" for part in PAIRS for side in SIDES)
"""What body networks read, to know which joints are seen."""
BOTH_HANDS = frozenset(HANDS[0] + HANDS[1])
METRES = "points in metres"
"""What an estimator gives beside its points where it tells their depth too."""


def joint_scores(person: KeypointTrack) -> NDArray[np.float32]:
    """How surely (t, 16) our body joints are seen: the scores of their points, of middles the lesser one."""
    column = {name: person.score[:, k] for k, name in enumerate(person.names)}
    nowhere = np.zeros(len(person.valid), np.float32)
    scores = []
    for joint in BODY_JOINTS:
        names = MIDDLES.get(joint, (joint if joint in column else OTHER_NAMES.get(joint, joint),))
        scores.append(np.min([column.get(name, nowhere) for name in names], axis=0))
    return np.stack(scores, axis=1).astype(np.float32)


def columns(person: KeypointTrack, names: tuple[str, ...]) -> list[int]:
    """Where points stand in a track, by name."""
    return [person.names.index(name) for name in names]
