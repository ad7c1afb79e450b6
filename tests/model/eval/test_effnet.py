"""The packaged network against timm's, and which changes of pictures it sees."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from model.eval.effnet import EffNet, apart, effnet_frechet, packaged_effnet, prepared


@pytest.fixture(scope="module")
def net() -> EffNet:
    return packaged_effnet("cpu")


def painted(number: int, side: int = 96) -> Tensor:
    coarse = np.random.default_rng(number).integers(0, 256, (3, 12, 12))
    return torch.from_numpy(np.kron(coarse, np.ones((1, side // 12, side // 12))).astype(np.uint8))[None]


@torch.inference_mode()
def test_it_is_the_network_of_timm(net: EffNet) -> None:
    import timm

    theirs = timm.create_model("tf_efficientnet_lite0", num_classes=0).eval()
    mine = list(net.state_dict().values())
    theirs.load_state_dict(dict(zip(theirs.state_dict(), mine, strict=True)))
    x = prepared(torch.cat([painted(1), painted(2)]))
    features, seen = net(x)
    expected = theirs(x)
    assert float((features - expected).abs().max() / expected.abs().max()) < 1e-5
    assert [tuple(part.shape[1:]) for part in seen] == [
        (16, 112, 112), (24, 56, 56), (40, 28, 28), (112, 14, 14), (320, 7, 7)
    ]  # fmt: skip


@torch.inference_mode()
def test_worse_pictures_are_further_away(net: EffNet) -> None:
    one = painted(1)
    noise = torch.randn(one.shape, generator=torch.Generator().manual_seed(1))
    _, seen = net(prepared(one))
    far = [
        float(apart(seen, net(prepared((one + level * noise).clamp(0, 255).byte()))[1])[0])
        for level in (0, 8, 40)
    ]
    assert far[0] == 0.0
    assert far[0] < far[1] < far[2]
    assert float(apart(seen, net(prepared(painted(2)))[1])[0]) > far[1]


def test_a_shift_along_a_wide_direction_is_its_square() -> None:
    rng = np.random.default_rng(3)
    truth = rng.normal(size=(60, 32)) * np.r_[np.full(16, 0.01), np.full(16, 3.0)]
    shift = np.zeros(32)
    shift[-1] = 2.0
    assert effnet_frechet(truth + shift, truth) == pytest.approx(4.0, rel=1e-3)
    shift[:] = 0
    shift[0] = 2.0
    assert effnet_frechet(truth + shift, truth) < 0.01
