"""Body parts: which part of the body a bone moves, and so which part a triangle of the mesh covers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jobs.synthetic.body_model import BodyModel

PARTS: tuple[str, ...] = (
    "torso",
    "head",
    *(
        f"{side}_{name}"
        for name in ("upper_arm", "forearm", "hand", "thigh", "shank", "foot")
        for side in ("left", "right")
    ),
)
STEMS = {
    "upperarm": "upper_arm",
    "lowerarm": "forearm",
    "wrist": "hand",
    "metacarpal": "hand",
    "finger": "hand",
    "upperleg": "thigh",
    "lowerleg": "shank",
    "foot": "foot",
    "toe": "foot",
}
"""How names of bones begin, and the part that they move."""


def part_of(bone: str) -> str:
    """The body part of a bone."""
    stem, _, side = bone.partition(".")
    part = next((name for start, name in STEMS.items() if stem.startswith(start)), None)
    if part is None:
        return "head" if stem in ("head", "eye", "neck03") else "torso"
    return f"{'left' if side == 'L' else 'right'}_{part}"


def parts_of_vertices(model: BodyModel) -> NDArray[np.uint8]:
    """The part (n,) of the model's vertices, index into `PARTS`: that of the bone with the largest share."""
    of_bone = np.array([PARTS.index(part_of(str(name))) for name in model.bones], np.uint8)
    return of_bone[np.asarray(model.skinning.argmax(axis=1)).ravel()]
