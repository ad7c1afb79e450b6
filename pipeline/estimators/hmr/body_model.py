"""SMPL, MANO and SMPL-X by `smplx`, out of the user's file: no more of the mesh than stands for joints.

The package is given numbers and never a path: it would unpickle a stranger's file. Of the mesh the joints, as
points of their own, and the tips of toes and fingers are kept: the same places in a hundredth of the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.core import EstimatorUnavailable
from storage.array_files import read_arrays

ARRAYS = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights", "kintree_table")
NUM_BETAS = 10


@dataclass(frozen=True, kw_only=True)
class ModelKind:
    """What one of the models has, and which points of its mesh stand for joints."""

    name: str
    joints: int
    vertices: tuple[int, ...]
    licence: str = "MPI, research alone"


SMPL = ModelKind(name="SMPL", joints=24, vertices=(3216, 6617))
"""And the left and the right big toe."""
MANO = ModelKind(name="MANO", joints=16, vertices=(744, 320, 443, 554, 671))
"""And the tips of thumb, index, middle, ring and little finger."""
SMPLX = ModelKind(
    name="SMPL-X",
    joints=55,
    vertices=(5770, 8463, 5361, 4933, 5058, 5169, 5286, 8079, 7669, 7794, 7905, 8022),
)
"""And the big toes, then the tips of the left and of the right fingers, thumbs first."""


class SmplModel(nn.Module):
    """Joints of a model by rotations and shape."""

    def __init__(self, kind: ModelKind, arrays: Mapping[str, NDArray[Any]]) -> None:
        """The model of a file's arrays.

        Raises:
            ValueError: they are of another model.
        """
        super().__init__()
        refuse_other(kind, arrays)
        joints, points = kind.joints, list(kind.vertices)
        regressor = torch.from_numpy(np.asarray(arrays["J_regressor"], np.float64))
        template = torch.from_numpy(np.asarray(arrays["v_template"], np.float64))
        shapes = torch.from_numpy(np.asarray(arrays["shapedirs"][:, :, :NUM_BETAS], np.float64))
        moves = torch.from_numpy(np.asarray(arrays["posedirs"][points], np.float64)).flatten(0, 1).T
        self.joints = joints
        kept = {
            "template": torch.cat([regressor @ template, template[points]]),
            "shapes": torch.cat([torch.einsum("jv,vcs->jcs", regressor, shapes), shapes[points]]),
            "moves": torch.cat([torch.zeros(9 * (joints - 1), 3 * joints), moves], dim=1),
            "regressor": torch.eye(joints, joints + len(points)),
            "weights": torch.cat(
                [torch.eye(joints), torch.from_numpy(np.asarray(arrays["weights"][points]))]
            ),
        }
        for name, tensor in kept.items():
            self.register_buffer(name, tensor.float())
        parents = np.asarray(arrays["kintree_table"])[0].astype(np.int64)
        parents[0] = -1
        self.register_buffer("parents", torch.from_numpy(parents))

    def forward(self, rotations: Tensor, betas: Tensor) -> Tensor:
        """Places (b, joints and points, 3), m, by rotations (b, joints, 3, 3) and betas (b, 10)."""
        from smplx.lbs import lbs

        parts = (
            self.get_buffer(n) for n in ("template", "shapes", "moves", "regressor", "parents", "weights")
        )
        points, joints = lbs(betas, rotations, *parts, pose2rot=False)
        return torch.cat([joints, points[:, self.joints :]], dim=1)

    def rest(self, betas: Tensor) -> Tensor:
        """Places (b, joints and points, 3) without any rotation, m."""
        template, shapes = self.get_buffer("template"), self.get_buffer("shapes")
        return template + torch.einsum("bs,pcs->bpc", betas, shapes)


def refuse_other(kind: ModelKind, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Returns where arrays are of a model of this kind.

    Raises:
        ValueError: they are not.
    """
    joints, count = kind.joints, len(arrays["v_template"])
    wanted = {
        "v_template": (count, 3),
        "posedirs": (count, 3, 9 * (joints - 1)),
        "J_regressor": (joints, count),
        "weights": (count, joints),
        "kintree_table": (2, joints),
    }
    shapes = {name: np.shape(arrays[name]) for name in wanted}
    if shapes != wanted or count <= max(kind.vertices) or np.shape(arrays["shapedirs"])[:2] != (count, 3):
        raise ValueError(f"no model of {kind.name}: v_template, posedirs, weights and joints do not fit it")
    parents = np.asarray(arrays["kintree_table"])[0, 1:].astype(np.int64)
    if not np.all((parents >= 0) & (parents < np.arange(1, joints))):
        raise ValueError(f"no model of {kind.name}: a joint comes before its parent")
    if np.shape(arrays["shapedirs"])[2] < NUM_BETAS:
        raise ValueError(f"no model of {kind.name}: less than {NUM_BETAS} shapes")


def read_model(kind: ModelKind, path: Path) -> SmplModel:
    """The model of a user's file, `.pkl` or `.npz`.

    Raises:
        EstimatorUnavailable: `smplx` is not installed.
        ValueError: no such file, or another's; nothing in it was run.
    """
    try:
        import smplx.lbs  # noqa: F401
    except ImportError as lacking:
        raise EstimatorUnavailable(f"needs smplx ({lacking}): `make setup` installs it") from lacking
    arrays = read_arrays(path, ARRAYS)
    try:
        return SmplModel(kind, arrays).eval()
    except ValueError as wrong:
        raise ValueError(f"{path}: {wrong}") from wrong
