"""The joints we keep, their order, and the limbs that are drawn between them (method.md 4.3).

No point on the face: the head is the sphere's job, and face points would leak identity.
Left and right are the person's own.
"""

from __future__ import annotations

BODY_JOINTS: tuple[str, ...] = (
    "pelvis",
    "neck",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
    "left_big_toe",
    "right_big_toe",
)

HAND_JOINTS: tuple[str, ...] = (
    "wrist",
    *(
        f"{finger}_{part}"
        for finger in ("thumb", "index", "middle", "ring", "little")
        for part in (1, 2, 3, 4)
    ),
)
"""Wrist, then each finger from its root (1) to its tip (4): the 21-point order of formats.md."""

J = {name: index for index, name in enumerate(BODY_JOINTS)}
"""Index of a body joint by name."""

BODY_LIMBS: tuple[tuple[str, str], ...] = (
    ("neck", "left_shoulder"),
    ("neck", "right_shoulder"),
    ("left_shoulder", "left_elbow"),
    ("right_shoulder", "right_elbow"),
    ("left_elbow", "left_wrist"),
    ("right_elbow", "right_wrist"),
    ("neck", "left_hip"),
    ("neck", "right_hip"),
    ("left_hip", "left_knee"),
    ("right_hip", "right_knee"),
    ("left_knee", "left_ankle"),
    ("right_knee", "right_ankle"),
    ("left_ankle", "left_big_toe"),
    ("right_ankle", "right_big_toe"),
)

HAND_LIMBS: tuple[tuple[int, int], ...] = tuple(
    (0 if part == 0 else 4 * finger + part, 4 * finger + part + 1) for finger in range(5) for part in range(4)
)
"""Wrist to each finger's root, then along the finger; indices into `HAND_JOINTS`."""


def mirrored(names: tuple[str, ...]) -> tuple[int, ...]:
    """For each joint, the index of its left/right counterpart (itself where it has none)."""
    swap = {"left": "right", "right": "left"}

    def partner(name: str) -> str:
        side, _, rest = name.partition("_")
        return f"{swap[side]}_{rest}" if side in swap else name

    return tuple(names.index(partner(name)) for name in names)
