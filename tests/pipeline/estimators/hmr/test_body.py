"""A body by a network that knows the answer: crop, camera and models must give the truth back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy
import torch

from pipeline.estimators.hmr.body import OURS, HmrBody, MeshBody
from pipeline.estimators.hmr.body_model import SMPL, SMPLX, SmplModel
from pipeline.estimators.hmr.camera import focal_px
from pipeline.estimators.hmr.crop import DEVIATION, MEAN
from pipeline.estimators.hmr.loaded import called, shaped_like
from pipeline.estimators.hmr.net import hmr_net
from pipeline.estimators.keypoints import WHOLE_BODY
from pipeline.geometry import bounding_box, grow_box, principal_point, project
from schemas.tracks import EstimatorCard
from tests.pipeline.estimators.dots import HEIGHT, WIDTH, dotted, person_with, seen, weak_camera_of
from tests.pipeline.estimators.hmr.models import arrays_of, write_model
from tests.research import mesh

CARD = EstimatorCard(name="exact", version="1", weights_sha256="", licence="none")
FRAMES = 4
BETAS = np.random.default_rng(5).normal(0, 1, 10)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("models")
    return write_model(folder / "smpl.pkl", SMPL), write_model(folder / "smplx.npz", SMPLX, seed=3)


@pytest.fixture(scope="module")
def joints():
    return called(SmplModel(SMPL, arrays_of(SMPL)))


def upright(seed: int) -> np.ndarray:
    """Rotations (t, 24, 3, 3) of somebody before the camera, who faces it: half a turn about x."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(0, 0.3, (FRAMES * 24, 3))
    turned = scipy.spatial.transform.Rotation.from_rotvec(vectors).as_matrix().reshape(FRAMES, 24, 3, 3)
    turned[:, 0] = turned[:, 0] @ np.diag([1.0, -1.0, -1.0])
    return turned


class Exact:
    """Knows rotations and shape, and reads the camera off the dots that it is shown."""

    def __init__(self, joints, rotations: np.ndarray) -> None:
        self.joints, self.rotations, self.calls = joints, rotations, 0

    def __call__(self, crops):
        result = []
        for crop in crops:
            own = self.rotations[self.calls]
            betas = BETAS + 0.5 * (self.calls - 1.5)  # it is not sure of the shape: the median is right
            places = self.joints(own[None].astype(np.float32), BETAS[None].astype(np.float32))[0, list(OURS)]
            pixels = ((crop * DEVIATION[:, None, None] + MEAN[:, None, None]) * 255).transpose(1, 2, 0)
            dots = seen(pixels, 16)
            there = ~np.isnan(dots[:, 0])
            assert there.sum() > 8
            result.append((own, betas, weak_camera_of(places[there].astype(float), dots[there])))
            self.calls += 1
        return tuple(np.stack(part).astype(np.float32) for part in zip(*result, strict=True))


def test_joints_are_where_they_are(joints, files) -> None:
    turns = upright(2)
    betas = np.tile(BETAS, (FRAMES, 1)).astype(np.float32)
    places = joints(turns.astype(np.float32), betas)[:, list(OURS)].astype(float) + np.array([0.2, 0.1, 60.0])
    flat = project(places, focal_px(WIDTH, HEIGHT), principal_point(WIDTH, HEIGHT))
    frames = np.stack([dotted(points, radius=2) for points in flat])
    points = np.zeros((FRAMES, len(WHOLE_BODY), 2))
    person = person_with(WHOLE_BODY, points, grow_box(bounding_box(flat), 1.3))
    track = MeshBody(HmrBody(), Exact(joints, turns), joints, shaped_like(*files), CARD)(frames, person)
    assert np.linalg.norm(track.joints2d - flat, axis=-1).max() < 1.0
    own = places - places[:, :1]
    np.testing.assert_allclose(track.joints3d - track.joints3d[:, :1], own, atol=1e-4)
    np.testing.assert_allclose(track.rotations, turns[:, :22], atol=1e-6)
    assert track.valid.all()
    assert (track.score[:, [1, 2, 14]] == 1).all()
    bones = np.linalg.norm(np.diff(track.joints3d[:, [2, 4, 6]], axis=1), axis=-1)
    np.testing.assert_allclose(bones, np.tile(bones[:1], (FRAMES, 1)), atol=1e-5)  # of one length throughout


def test_shapes_of_smplx_have_the_bones_of_smpl(files) -> None:
    smpl, smplx = files
    shaped = shaped_like(smpl, smplx)
    betas, rest = shaped(BETAS[None].astype(np.float32))
    assert betas.shape == (1, 10)
    assert rest.shape == (1, 67, 3)
    wanted = SmplModel(SMPL, arrays_of(SMPL)).rest(torch.from_numpy(BETAS[None]).float()).numpy()[0, :22]
    plain = shaped(np.zeros((1, 10), np.float32))[1][0, :22]
    error = np.linalg.norm((rest[0, :22] - rest[0, 0]) - (wanted - wanted[0]))
    assert error < np.linalg.norm((plain - plain[0]) - (wanted - wanted[0]))


@torch.inference_mode()
def test_half_precision_is_another_answer_and_nearly_the_same() -> None:
    crops = torch.randn(2, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    whole, half = (hmr_net(mesh("body"), "body", precision=p)(crops) for p in ("float32", "bfloat16"))
    apart = (whole.rotations - half.rotations).abs().max()
    assert 0 < apart < 0.02
    assert half.rotations.dtype == torch.float32


def test_nobody_gives_nothing(joints, files) -> None:
    from dataclasses import replace

    person = person_with(WHOLE_BODY, np.zeros((2, 133, 2)), np.zeros((2, 4)))
    person = replace(person, valid=np.zeros(2, np.bool_))
    track = MeshBody(HmrBody(), Exact(joints, upright(0)), joints, shaped_like(*files), CARD)(
        np.zeros((2, HEIGHT, WIDTH, 3), np.uint8), person
    )
    assert not track.valid.any()
    assert track.rotations.shape == (2, 22, 3, 3)
