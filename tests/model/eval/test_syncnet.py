"""SyncNet against its published outputs, and streams that are late by known frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from model.eval.syncnet import BANDS, SyncNet, heard, in_sync, mel_bands, mfcc
from tests.parity.pictures import drawn_pictures
from tests.parity.weights import drawn, golden, uniform


def error(found: Tensor, expected: Tensor) -> float:
    """Largest difference, relative to the largest expected value."""
    return float((found - expected).abs().max() / expected.abs().max())


@torch.inference_mode()
def test_it_is_the_published_network(parity: Path) -> None:
    meta, known = golden(parity / "syncnet.npz")
    net = SyncNet()
    assert {name: list(tensor.shape) for name, tensor in net.state_dict().items()} == {
        name: shape for name, (shape, _) in meta["keys"].items()
    }
    net.load_state_dict(drawn(net, meta["gain"]))
    net.eval()
    sound = torch.from_numpy(8 * uniform("input:syncnet_audio", (2, 1, 13, 20)))
    faces = torch.from_numpy(drawn_pictures("input:syncnet_video", (2, 3, 5, 224, 224), channels_last=False))
    lips = net.lips(faces.float())
    assert error(net.sound(sound), known["audio"]) < 1e-5
    assert error(lips, known["video"]) < 3e-5  # sums of 735 pixels up to 255, in another order
    assert error(net.lips(255 - faces.float()), known["video"]) > 0.05


@pytest.mark.parametrize("late", [0, 4, -6])
def test_a_delayed_stream_gives_its_offset_at_no_distance(late: int) -> None:
    lips = torch.from_numpy(np.random.default_rng(1).normal(size=(60, 1024))).float()
    found = in_sync(lips, torch.roll(lips, late, dims=0))
    assert found["lse_offset"] == late
    assert found["lse_d"] == pytest.approx(0.0, abs=1e-4)
    assert found["lse_c"] == pytest.approx(np.sqrt(2 * 1024), rel=0.05)
    assert in_sync(lips[:10], lips[:10]) == {}


def test_coefficients_come_every_ten_milliseconds_and_tell_loudness() -> None:
    noise = np.random.default_rng(3).uniform(-1, 1, 16_000)
    loud, soft = (mfcc(np.asarray(noise * level, np.int16)) for level in (8000, 800))
    assert loud.shape == (99, 13)
    np.testing.assert_allclose((loud - soft)[:, 0], np.log(100), atol=0.02)
    np.testing.assert_allclose((loud - soft)[:, 1:], 0, atol=0.3)
    assert mel_bands().shape == (BANDS, 257)
    assert (mel_bands().max(axis=1) == 1).all()


def test_sound_is_cut_under_windows_of_five_frames() -> None:
    net = SyncNet().eval()
    sound = np.random.default_rng(2).integers(-9000, 9000, 16_000).astype(np.int16)
    assert heard(net, sound, 100).shape == (20, 1024)
    assert heard(net, sound, 7).shape == (7, 1024)
    assert heard(net, sound[:1000], 7).shape == (0, 1024)
