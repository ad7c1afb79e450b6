"""HMR2.0 and HaMeR against the published networks' outputs, crops and cameras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy
import torch
from torch import Tensor

from pipeline.estimators.hmr.camera import crop_translation
from pipeline.estimators.hmr.crop import Region, crop
from pipeline.estimators.hmr.net import HmrNet, Kind, hmr_net, sizes_of
from tests.parity.weights import golden, uniform, weights_of

SMALL = ("hmr2_small", "hmr2_small_meanshape_ief3", "hamer_small", "hamer_small_meanshape_ief3")


def kind_of(name: str) -> Kind:
    return "body" if name.startswith("hmr2") else "hand"


def made(name: str, parity: Path) -> tuple[HmrNet, Tensor, dict[str, Tensor]]:
    """The network of a fixture, its input, and what it must give."""
    meta, expected = golden(parity / f"{name}.npz")
    net = hmr_net(weights_of(meta), kind_of(name), rounds=3 if "ief3" in name else 1)
    return net, torch.from_numpy(uniform(f"input:{name}", tuple(meta["inputs"]["img"]))), expected


@pytest.mark.parametrize("name", SMALL)
@torch.inference_mode()
def test_outputs_are_the_published_ones(name: str, parity: Path) -> None:
    net, crops, expected = made(name, parity)
    result = net(crops)
    for found, key, atol in zip(result, ("rotmats", "betas", "cam"), (2e-5, 2e-5, 5e-6), strict=True):
        torch.testing.assert_close(found, expected[key], atol=atol, rtol=0)
    features = net.backbone(crops[..., 32:-32]).transpose(1, 2).unflatten(2, (16, 12))
    torch.testing.assert_close(features[:, :16, :2, :2], expected["feat_corner"], atol=2e-5, rtol=0)
    standing = crop_translation(expected["cam"].numpy())
    np.testing.assert_allclose(standing, expected["cam_t"].numpy(), rtol=1e-6)  # x and y may lie near 0
    assert (net(-crops).rotations - result.rotations).abs().max() > 0.1  # it sees what it is shown


@pytest.mark.parametrize("name", ["hmr2_full", "hamer_full"])
def test_keys_and_shapes_of_the_release_are_ours(name: str, parity: Path) -> None:
    meta, _ = golden(parity / f"{name}.npz")
    with torch.device("meta"):
        weights = {key: torch.empty(shape) for key, (shape, _) in meta["keys"].items()}
        net = HmrNet(sizes_of(weights, kind_of(name)))
    sizes = sizes_of(weights, kind_of(name))
    assert (sizes.heads, sizes.decoder_heads, sizes.depth, sizes.decoder_depth) == (16, 8, 32, 6)
    assert len(weights) == 503
    assert {key: x.shape for key, x in net.state_dict().items()} == {
        key: x.shape for key, x in weights.items()
    }


def test_training_leftovers_are_left_alone_and_nothing_else(parity: Path) -> None:
    meta, _ = golden(parity / "hmr2_small.npz")
    weights = weights_of(meta)
    others: dict[str, Any] = {"discriminator.D_conv1.bias": torch.ones(3), "initialized": torch.tensor(1)}
    hmr_net(weights | others | {"smpl.v_template": torch.ones(3)}, "body")
    with pytest.raises(ValueError, match=r"unexpected: backbone\.last_norm2\.weight"):
        hmr_net(weights | {"backbone.last_norm2.weight": torch.ones(3)}, "body")
    del weights["smpl_head.init_cam"]
    with pytest.raises(ValueError, match=r"missing: smpl_head\.init_cam"):
        hmr_net(weights, "body")
    with pytest.raises(ValueError, match="no weights of a hand network"):
        hmr_net(weights, "hand")


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """The picture of the fixtures of crops, RGB."""
    drawn = np.clip(128 + 60 * uniform("input:crop_image", (720, 960, 3)), 0, 255)
    bgr = np.clip(scipy.ndimage.gaussian_filter(drawn, (6, 6, 0)) * 4 - 384, 0, 255).astype(np.uint8)
    return bgr[..., ::-1]


@pytest.mark.parametrize(
    ("name", "scale", "right"), [("hmr2", 1.0, (1, 1, 1, 1)), ("hamer", 2.0, (0, 1, 0, 1))]
)
def test_crops_are_the_published_ones(
    name: str, scale: float, right: tuple[int, ...], picture: np.ndarray, parity: Path
) -> None:
    with np.load(parity / f"crop_{name}.npz") as expected:
        for i, box in enumerate(expected["boxes"]):
            region = Region.around(box, scale)
            assert region.side == pytest.approx(expected["box_size"][i], rel=1e-6)
            result = crop(picture, region, mirror=not right[i])
            np.testing.assert_allclose(result[:, ::16, ::16], expected["small"][i], atol=1e-5)
            assert (
                abs(crop(picture, region, mirror=bool(right[i]))[:, ::16, ::16] - result[:, ::16, ::16]).max()
                > 0.1
            )
