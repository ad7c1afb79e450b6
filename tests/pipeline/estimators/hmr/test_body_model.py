"""Joints by rotations and shape, as `smplx` itself has them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import scipy
import smplx
import torch

from pipeline.estimators.hmr.body_model import MANO, SMPL, ModelKind, SmplModel, read_model
from tests.pipeline.estimators.hmr.models import ALL, arrays_of, write_model

RNG = np.random.default_rng(1)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_a_model_read_from_its_file_is_that_of_its_arrays(kind: ModelKind, tmp_path: Path) -> None:
    rotations = torch.from_numpy(
        scipy.spatial.transform.Rotation.random(2 * kind.joints, rng=RNG).as_matrix()
    )
    rotations, betas = rotations.float().unflatten(0, (2, -1)), torch.randn(2, 10)
    found = read_model(kind, write_model(tmp_path / "model.pkl", kind))(rotations, betas)
    torch.testing.assert_close(found, SmplModel(kind, arrays_of(kind))(rotations, betas))
    still = torch.eye(3).expand(2, kind.joints, 3, 3)
    model = SmplModel(kind, arrays_of(kind))
    torch.testing.assert_close(model(still, betas), model.rest(betas), atol=1e-6, rtol=0)


def test_joints_and_toes_are_those_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    arrays = arrays_of(SMPL, count=6890)
    whole = smplx.SMPL("", data_struct=SimpleNamespace(**arrays), batch_size=2)
    rotations = torch.from_numpy(scipy.spatial.transform.Rotation.random(48, rng=RNG).as_matrix())
    rotations, betas = rotations.float().unflatten(0, (2, 24)), torch.randn(2, 10)
    expected = whole(betas=betas, global_orient=rotations[:, :1], body_pose=rotations[:, 1:], pose2rot=False)
    found = SmplModel(SMPL, arrays)(rotations, betas)
    torch.testing.assert_close(found[:, :24], expected.joints[:, :24], atol=1e-6, rtol=0)
    torch.testing.assert_close(found[:, 24], expected.vertices[:, 3216], atol=1e-6, rtol=0)
    torch.testing.assert_close(found[:, 25], expected.vertices[:, 6617], atol=1e-6, rtol=0)
    capsys.readouterr()  # it tells of ten shapes


def test_the_file_of_another_model_is_refused(tmp_path: Path) -> None:
    path = write_model(tmp_path / "mano.npz", MANO)
    with pytest.raises(ValueError, match=r"mano\.npz: no model of SMPL"):
        read_model(SMPL, path)
    with pytest.raises(ValueError, match="no such file"):
        read_model(SMPL, tmp_path / "none.pkl")
