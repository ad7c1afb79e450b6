"""Metrics against the outputs of the official packages, with weights drawn from their names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from model.eval import i3d, inception, resnet3d
from model.eval.distributions import frechet, kid
from model.eval.lpips import ALEX, VGG, Lpips, Trunk
from model.eval.pictures import psnr, ssim_disco, ssim_gauss_rgb
from tests.parity.pictures import drawn_pictures, mixed
from tests.parity.weights import drawn, golden, uniform


def loaded(net: nn.Module, gain: float) -> nn.Module:
    net.load_state_dict(drawn(net, gain))
    return net.eval()


def error(found: Tensor, expected: Tensor) -> float:
    """Largest difference, relative to the largest expected value."""
    return float((found - expected).abs().max() / expected.abs().max())


def published_keys(path: Path) -> dict[str, tuple[int, ...]]:
    meta, _ = golden(path)
    return {name: tuple(shape) for name, (shape, _) in meta["keys"].items()}


def keys_of(net: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}


def test_psnr_and_ssim_are_those_of_their_packages(parity: Path) -> None:
    with np.load(parity / "image_metrics.npz") as file:
        known = dict(zip(file["names"].tolist(), file["values"].tolist(), strict=True))
    one = drawn_pictures("input:image_metrics_0", (96, 64, 3), channels_last=True)
    other = mixed(one, drawn_pictures("input:image_metrics_1", (96, 64, 3), channels_last=True), 0.2)
    assert psnr(other, one) == pytest.approx(known["psnr"], abs=1e-9)
    assert ssim_gauss_rgb(other, one) == pytest.approx(known["ssim_skimage_rgb_gauss"], abs=1e-9)
    assert ssim_disco(other, one) == pytest.approx(known["ssim_skimage_gray_win7_uint8"], abs=1e-9)


def test_distances_of_sets_are_those_of_their_packages(parity: Path) -> None:
    _, known = golden(parity / "frechet.npz")
    one = uniform("input:frechet_x", (64, 12)).astype(np.float64)
    turn = np.eye(12) + 0.2 * uniform("input:frechet_mix", (12, 12)).astype(np.float64)
    other = 0.8 * uniform("input:frechet_y", (64, 12)).astype(np.float64) @ turn + 0.3
    np.testing.assert_allclose(other.ravel()[:4], known["y_check"])
    assert frechet(one, other) == pytest.approx(float(known["fd_ddof1"]), rel=1e-9)
    assert frechet(one, other, ddof=0) == pytest.approx(float(known["fd_ddof0"]), rel=1e-9)
    assert frechet(one[:8], other[:8]) == pytest.approx(float(known["fd_rank_deficient"]), rel=1e-6)
    assert kid(one, other) == pytest.approx(float(known["kid"]), rel=1e-9)


@torch.inference_mode()
@pytest.mark.parametrize(("name", "trunk"), [("lpips_alex", ALEX), ("lpips_vgg", VGG)])
def test_lpips_is_that_of_its_package(name: str, trunk: Trunk, parity: Path) -> None:
    _, known = golden(parity / f"{name}.npz")
    net = Lpips(trunk)
    weights = drawn(net, 1.5)
    lins = drawn(net, 1.0)
    net.load_state_dict({k: lins[k].abs() if k.startswith("lin") else x for k, x in weights.items()})
    assert keys_of(net) == published_keys(parity / f"{name}.npz")
    one = drawn_pictures(f"input:{name}_0", (2, 3, 80, 64), channels_last=False)
    other = mixed(one, drawn_pictures(f"input:{name}_1", (2, 3, 80, 64), channels_last=False), 0.3)
    a, b = (torch.from_numpy(x).float() / 127.5 - 1 for x in (one, other))
    assert error(net.by_layer(a, b), known["layers"].reshape(2, 5)) < 1e-5
    assert error(net(a, b), known["value"]) < 1e-5
    assert float(net(a, a).max()) == 0.0
    torch.testing.assert_close(net(a, b), net(b, a))
    assert error(net(a, -b), known["value"]) > 0.05


@torch.inference_mode()
def test_inception_is_the_one_of_fid(parity: Path) -> None:
    _, known = golden(parity / "fid_inception.npz")
    assert keys_of(inception.Inception()) == published_keys(parity / "fid_inception.npz")
    net = loaded(inception.Inception(), 1.5)
    pictures = torch.from_numpy(drawn_pictures("input:fid_inception", (2, 3, 240, 160), channels_last=False))
    tf, pytorch = inception.prepared_tf(pictures), inception.prepared_pytorch(pictures)
    torch.testing.assert_close(128 * tf.flatten()[::997] + 128, known["resized_tf1"], atol=1e-4, rtol=0)
    torch.testing.assert_close((pytorch.flatten()[::997] + 1) / 2, known["resized_interp"], atol=5e-6, rtol=0)
    features = net(tf)
    assert error(features, known["tf1_2048"]) < 1e-5
    assert error(net(pytorch), known["pfid_2048"]) < 1e-5
    assert error(net(-tf), features) > 0.005


@torch.inference_mode()
def test_i3d_is_the_one_of_fvd(parity: Path) -> None:
    _, known = golden(parity / "i3d_400.npz")
    assert keys_of(i3d.I3d()) == published_keys(parity / "i3d_400.npz")
    net, disco = loaded(i3d.I3d(), 1.5), loaded(i3d.I3d(eps=1e-3, frames_pooled=1), 1.5)
    videos, short = (
        i3d.prepared(torch.from_numpy(drawn_pictures(name, shape, channels_last=True)))
        for name, shape in (("input:i3d", (1, 16, 72, 96, 3)), ("input:i3d_10", (1, 10, 64, 64, 3)))
    )
    torch.testing.assert_close(videos.flatten()[::1009], known["resized"], atol=1e-5, rtol=0)
    assert error(net(videos), known["logits"]) < 1e-5
    assert error(net(short), known["logits_10"]) < 1e-5
    assert error(net(videos.flip(2)), known["logits_reversed"]) < 1e-5
    assert error(disco(videos), known["logits_disco"]) < 1e-5
    assert error(net(videos), known["logits_disco"]) > 1e-3


@torch.inference_mode()
def test_the_3d_resnet_is_the_one_of_fid_vid(parity: Path) -> None:
    _, known = golden(parity / "fidvid_resnet3d50.npz")
    net = loaded(resnet3d.ResNet3d(), 1.0)
    published = published_keys(parity / "fidvid_resnet3d50.npz")
    assert keys_of(net) == {name: shape for name, shape in published.items() if not name.startswith("fc.")}
    shape = (2, resnet3d.FRAMES, resnet3d.SIDE, resnet3d.SIDE, 3)
    videos = torch.from_numpy(drawn_pictures("input:resnet3d50", shape, channels_last=True))
    found = net(resnet3d.prepared(videos))
    assert error(found, known["feat"]) < 1e-5
    assert error(net(-resnet3d.prepared(videos)), known["feat"]) > 0.05
