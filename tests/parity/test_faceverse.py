"""FaceVerse v4's regressor and its morphable model against the published outputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from pipeline.estimators.faceverse.morphable import DISTANCE, HeadModel, project
from pipeline.estimators.faceverse.net import NUM_COEFFICIENTS, face_regressor
from tests.parity.weights import golden, uniform, weights_of

POINTS = 19800


@torch.inference_mode()
def test_coefficients_are_the_published_ones(parity: Path) -> None:
    meta, expected = golden(parity / "faceverse_v4_recon.npz")
    net = face_regressor(weights_of(meta))
    assert {key: list(x.shape) for key, x in net.state_dict().items()} == {
        key: shape for key, (shape, _) in meta["keys"].items()
    }
    crops = torch.from_numpy(0.5 + 0.28 * uniform("input:faceverse_v4_recon", (2, 3, 256, 256)))
    result, most = net(crops), expected["coeffs"].abs().max()
    assert result.shape == (2, NUM_COEFFICIENTS)
    assert (result - expected["coeffs"]).abs().max() < 1e-5 * most
    assert (net(1 - crops) - result).abs().max() > 0.01 * result.std()


def test_points_and_pixels_are_the_published_ones(parity: Path) -> None:
    _, expected = golden(parity / "faceverse_v4_3dmm.npz")
    model = HeadModel.of(
        {
            "meanshape": 8 * uniform("fv:meanshape", (POINTS, 3)),
            "idBase": 0.3 * uniform("fv:idBase", (3 * POINTS, 156)),
            "exBase": 0.3 * uniform("fv:exBase", (3 * POINTS, 177)),
            "ver_inds": np.array([19000, 19200, 19400, 19500, 19600, POINTS]),
            "keypoints_mediapipe": np.arange(478),
        }
    )
    coefficients = expected["coeffs"].double().numpy()
    points = model.points(coefficients)[:, expected["idx"].numpy()]
    np.testing.assert_allclose(points - [0, 0, DISTANCE], expected["vertices"], atol=1e-6)
    np.testing.assert_allclose(project(points), expected["proj"], atol=1e-4)
    eyes = model.points(coefficients)[:, [19010, 19210]] - [0, 0, DISTANCE]
    np.testing.assert_allclose(eyes[:, 0], expected["eye_l"], atol=1e-6)
    np.testing.assert_allclose(eyes[:, 1], expected["eye_r"], atol=1e-6)
