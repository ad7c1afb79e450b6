"""The motion encoder against the published one's outputs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from model.nets.motion import MotionEncoder, pd_fgc
from tests.parity.weights import drawn, golden, uniform


def test_the_recipe_draws_known_numbers() -> None:
    assert uniform("input:rtmpose_m", (1, 3, 256, 192)).ravel()[:4].tolist() == pytest.approx(
        [-0.54670674, -0.12266895, -0.3523386, 0.521019]
    )


@pytest.fixture(scope="module")
def encoder() -> MotionEncoder:
    net = MotionEncoder(pd_fgc())
    net.load_state_dict(drawn(net, gain=1.0))
    return net


def test_keys_and_shapes_are_the_published_ones(encoder: MotionEncoder, parity: Path) -> None:
    meta, _ = golden(parity / "pd_fgc.npz")
    published = {name: (tuple(shape), dtype) for name, (shape, dtype) in meta["keys"].items()}
    ours = {name: (tuple(x.shape), str(x.dtype).split(".")[1]) for name, x in encoder.state_dict().items()}
    assert len(published) == 387
    assert ours == published


@torch.inference_mode()
def test_outputs_are_the_published_ones(encoder: MotionEncoder, parity: Path) -> None:
    meta, expected = golden(parity / "pd_fgc.npz")
    crops = torch.from_numpy(uniform("input:pd_fgc", tuple(meta["inputs"]["img"])))
    motion = encoder.train()(crops)  # as while training
    found = dict(zip(("headpose", "eye", "emo", "mouth_feat"), motion, strict=True))
    found["mouth_embed"] = encoder.mouth_embedding(motion.mouth)
    found["feature"] = encoder.model(crops)
    assert found.keys() == expected.keys()
    for name, values in found.items():
        assert error(values, expected[name]) < 1e-5, name
    assert motion.vector.shape == (2, 548)
    torch.testing.assert_close(motion.vector, torch.cat([motion.eye, motion.emotion, motion.mouth], dim=1))


@torch.inference_mode()
def test_other_faces_have_other_motion(encoder: MotionEncoder) -> None:
    crops = torch.from_numpy(uniform("input:pd_fgc", (2, 3, 224, 224)))
    assert error(encoder(-crops).vector, encoder(crops).vector) > 0.005


def error(found: Tensor, expected: Tensor) -> float:
    """Largest difference, relative to the largest expected value."""
    return float((found - expected).abs().max() / expected.abs().max())
