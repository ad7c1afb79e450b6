"""A picture of a face that is turned, moved and scaled keeps its shape; one that smiles does not."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.estimators.flex import LAG_FRAMES, flex
from schemas.tracks import FaceTrack


def faces(meshes: np.ndarray, valid: np.ndarray) -> FaceTrack:
    num = len(meshes)
    zeros = np.zeros(num, np.float32)
    return FaceTrack(
        box=np.zeros((num, 4), np.float32),
        mesh=meshes.astype(np.float32),
        score=zeros,
        eyes_open=zeros,
        valid=valid,
    )


def seen_by_a_moving_camera(mesh: np.ndarray, num: int) -> np.ndarray:
    """Meshes (t m 3) of a mesh that turns, grows and goes aside in the picture."""
    angle = np.linspace(0, 0.5, num)
    turn = np.stack([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)
    places = np.einsum("tij,mj->tmi", turn, mesh[:, :2]) * np.linspace(1, 1.5, num)[:, None, None]
    places += np.linspace(0, 80, num)[:, None, None]
    return np.concatenate([places, np.zeros((num, len(mesh), 1))], axis=2)


MESH = np.random.default_rng(0).normal(0, 50, (60, 3))


def test_a_camera_changes_no_shape() -> None:
    assert flex(faces(seen_by_a_moving_camera(MESH, 40), np.ones(40, bool))).max() < 1e-4


def test_a_mouth_that_opens_does() -> None:
    meshes = seen_by_a_moving_camera(MESH, 40)
    meshes[20:, :6, 1] += 20
    found = flex(faces(meshes, np.ones(40, bool)))
    assert found[20 : 20 + LAG_FRAMES].min() > 0.05
    assert found[LAG_FRAMES:20].max() < 1e-4


def test_what_is_not_measured_is_not_known() -> None:
    valid = np.ones(40, bool)
    valid[15] = False
    meshes = seen_by_a_moving_camera(MESH, 40) + np.random.default_rng(1).normal(0, 1, (40, 60, 3))
    found = flex(faces(meshes, valid))
    assert np.flatnonzero(found == 0).tolist() == [*range(LAG_FRAMES), 15, 15 + LAG_FRAMES]
    assert found[20] == pytest.approx(0.028, rel=0.5)
