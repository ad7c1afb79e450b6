"""Wan's autoencoder behind our two methods."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from model.nets.autoencoders.wan import WanVae
from tests.model.nets_inputs import change, seed
from tests.parity.weights import drawn

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small autoencoder with drawn weights, saved as the public one is."""
    from diffusers import AutoencoderKLWan

    vae = AutoencoderKLWan(base_dim=8, z_dim=16, num_res_blocks=1)
    vae.load_state_dict(drawn(vae, gain=1.0))
    path = tmp_path_factory.mktemp("vae")
    vae.save_pretrained(path)
    return path


def test_latents_are_those_of_the_library_normalised(folder: Path) -> None:
    vae, video = WanVae.of_folder(folder, CPU, torch.float32), torch.rand(1, 3, 5, 16, 24, generator=seed(0))
    latents = vae.encode(2 * video - 1)
    assert latents.shape == (1, 16, 2, 2, 3)
    raw = vae.vae.encode(2 * video - 1).latent_dist.mean
    torch.testing.assert_close(latents[:, 3], (raw[:, 3] - 0.1075) / 2.6558)
    torch.testing.assert_close(latents[:, 15], (raw[:, 15] + 0.2921) / 1.9160)
    decoded = vae.decode(latents)
    assert decoded.shape == video.shape
    torch.testing.assert_close(decoded, vae.vae.decode(raw).sample)
    assert change(vae.encode(1 - 2 * video), latents) > 0.05


def test_the_first_frame_is_encoded_alone(folder: Path) -> None:
    vae, video = WanVae.of_folder(folder, CPU, torch.float32), torch.rand(1, 3, 5, 16, 16, generator=seed(1))
    torch.testing.assert_close(vae.encode(video)[:, :, :1], vae.encode(video[:, :, :1]))


def test_folders_without_an_autoencoder_are_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(ValueError, match="no autoencoder there"):
        WanVae.of_folder(tmp_path, CPU, torch.float32)
    (tmp_path / "config.json").write_text((folder / "config.json").read_text())
    with pytest.raises(ValueError, match=r"not an autoencoder of Wan"):
        WanVae.of_folder(tmp_path, CPU, torch.float32)
    with pytest.raises(ValueError, match="4 frames of 16x16 px do not make latents"):
        WanVae.of_folder(folder, CPU, torch.float32).encode(torch.zeros(1, 3, 4, 16, 16))


@pytest.mark.parametrize(
    "change",
    [
        {"base_dim": 10**9},
        {"base_dim": -8},
        {"num_res_blocks": 10**6},
        {"dim_mult": [1] * 5000},
        {"dim_mult": "wide"},
        {"temperal_downsample": [True, True, True]},
        {"latents_std": [0.0] * 16},
        {"latents_std": [float("nan")] * 16},
        {"latents_mean": []},
        {"z_dim": 8},
        {"base_dim": 16},
    ],
)
def test_settings_that_make_no_such_network_are_refused(
    folder: Path, tmp_path: Path, change: dict[str, object]
) -> None:
    own = shutil.copytree(folder, tmp_path / "own")
    content = json.loads((own / "config.json").read_text())
    (own / "config.json").write_text(json.dumps({**content, **change}))
    with pytest.raises(ValueError, match=r"own: not an autoencoder of Wan"):
        WanVae.of_folder(own, CPU, torch.float32)


@pytest.mark.parametrize(
    ("downsample", "sentence"),
    [
        ([True, True, True], r"strides of \(8, 8\); 4, and 8 or 16, are used"),
        ([True, True], "4 levels, 2 steps between"),
    ],
)
def test_another_stride_is_refused(
    folder: Path, tmp_path: Path, downsample: list[bool], sentence: str
) -> None:
    shutil.copytree(folder, tmp_path / "vae")
    config = json.loads((tmp_path / "vae/config.json").read_text())
    (tmp_path / "vae/config.json").write_text(json.dumps(config | {"temperal_downsample": downsample}))
    with pytest.raises(ValueError, match=sentence):
        WanVae.of_folder(tmp_path / "vae", CPU, torch.float32)
