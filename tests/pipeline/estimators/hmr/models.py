"""Body models of random numbers, as files have them, and the same by the package itself."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.hmr.body_model import MANO, SMPL, SMPLX, ModelKind

SMPL_PARENTS = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21]
FINGERS = [20, 25, 26, 20, 28, 29, 20, 31, 32, 20, 34, 35, 20, 37, 38]
PARENTS = {
    "SMPL": SMPL_PARENTS,
    "MANO": [-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 0, 10, 11, 0, 13, 14],
    "SMPL-X": [
        *SMPL_PARENTS[:22],
        *(15, 15, 15),
        *FINGERS,
        *(21 if parent == 20 else parent + 15 for parent in FINGERS),
    ],
}
REST = {  # x to the person's left, y up, z to the front; metres
    "pelvis": (0, 0, 0), "left_hip": (0.1, -0.1, 0), "spine1": (0, 0.1, 0), "left_knee": (0.1, -0.5, 0),
    "spine2": (0, 0.22, 0), "left_ankle": (0.1, -0.9, 0), "spine3": (0, 0.3, 0),
    "left_foot": (0.12, -0.95, 0.12),
    "neck": (0, 0.5, 0),
    "left_collar": (0.07, 0.43, 0), "head": (0, 0.6, 0.03), "left_shoulder": (0.18, 0.44, 0),
    "left_elbow": (0.44, 0.44, 0), "left_wrist": (0.69, 0.44, 0),
}  # fmt: skip
ENDS = {
    "SMPL": (10, 11),
    "MANO": (15, 3, 6, 12, 9),
    "SMPL-X": (10, 11, 39, 27, 30, 36, 33, 54, 42, 45, 51, 48),
}
"""Joints that toes and tips hang on."""
ORDER = [
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle",
    "right_ankle", "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head",
    "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
]  # fmt: skip


def place(name: str) -> NDArray[np.float64]:
    """Where a joint of the body rests."""
    side = np.array(REST[name.replace("right", "left")], np.float64)
    return side * ([-1, 1, 1] if name.startswith("right") else [1, 1, 1])


def finger(number: int, part: int, side: int) -> NDArray[np.float64]:
    """Where a finger's joint rests from the wrist: index, middle, little, ring, thumb, as in models."""
    spread = (0.03, 0.01, -0.03, -0.01, 0.045)[number]
    along = 0.03 if number == 4 else 0.09
    return np.array([side * (along + 0.025 * part), 0.0, spread])


def rest_of(kind: ModelKind) -> NDArray[np.float64]:
    """Where joints and points rest, m."""
    if kind is MANO:
        joints = [np.zeros(3), *(finger(n, p, -1) for n in range(5) for p in range(3))]
        return np.array([*joints, *(finger(n, 3, -1) for n in (4, 0, 1, 3, 2))])
    body = [place(name) for name in ORDER]
    toes = [place(f"{side}_foot") + np.array([0, 0, 0.08]) for side in ("left", "right")]
    if kind is SMPL:
        hands = [place("left_wrist") + np.array([0.08, 0, 0]), place("right_wrist") + np.array([-0.08, 0, 0])]
        return np.array([*body, *hands, *toes])
    head = [place("head") + np.array([0, 0, 0.05])] * 3
    wrists = ((1, place("left_wrist")), (-1, place("right_wrist")))
    fingers = [wrist + finger(n, p, side) for side, wrist in wrists for n in range(5) for p in range(3)]
    tips = [wrist + finger(n, 3, side) for side, wrist in wrists for n in (4, 0, 1, 3, 2)]
    return np.array([*body, *head, *fingers, *toes, *tips])


def arrays_of(kind: ModelKind, seed: int = 0, count: int = 0) -> dict[str, Any]:
    """The arrays of a file: a person of usual build as the model's joints, random elsewhere."""
    rng = np.random.default_rng(seed)
    count, joints = count or max(kind.vertices) + 1, kind.joints
    rest = rest_of(kind)
    template = rng.normal(0, 0.3, (count, 3))
    shapes, moves = np.zeros((count, 3, 10)), np.zeros((count, 3, 9 * (joints - 1)), np.float32)
    regressor, weights = np.zeros((joints, count)), np.zeros((count, joints))
    own = [v for v in range(count) if v not in kind.vertices][:joints]
    template[own], template[list(kind.vertices)] = rest[:joints], rest[joints:]
    shapes[own] = rng.normal(0, 0.004, (joints, 3, 10))
    shapes[list(kind.vertices)] = rng.normal(0, 0.004, (len(kind.vertices), 3, 10))
    moves[list(kind.vertices)] = rng.normal(0, 0.001, (len(kind.vertices), 3, 9 * (joints - 1)))
    regressor[np.arange(joints), own] = 1
    weights[np.arange(count), rng.integers(0, joints, count)] = 1
    for at, vertex in enumerate(kind.vertices):
        weights[vertex] = 0
        weights[vertex, ENDS[kind.name][at]] = 1
    parents = np.array([PARENTS[kind.name], range(joints)], np.int64)
    return {
        "v_template": template, "shapedirs": shapes, "posedirs": moves, "J_regressor": regressor,
        "weights": weights, "kintree_table": parents % 2**32, "f": np.zeros((1, 3), np.int64),
    }  # fmt: skip


def write_model(path: Path, kind: ModelKind, seed: int = 0) -> Path:
    """A file of such a model."""
    arrays = arrays_of(kind, seed)
    if path.suffix == ".pkl":
        path.write_bytes(pickle.dumps(arrays, protocol=2))
    else:
        np.savez(path, allow_pickle=False, **arrays)
    return path


ALL = (SMPL, MANO, SMPLX)
