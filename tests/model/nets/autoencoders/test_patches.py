"""The codec that is fitted on the data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from dataset.arrays import pack, unpack
from model.nets.autoencoders import patches as autoencoder
from model.nets.autoencoders.patches import VALUES, PatchCodec, fit, patches, pictures, spread_evenly
from tests.model.nets_inputs import seed


def film(number: int, frames: int = 9) -> Tensor:
    """Smooth colours that drift sideways, -1..1."""
    coarse = torch.rand(1, 3, 6, 16, generator=seed(number)) * 2 - 1
    wide = torch.nn.functional.interpolate(coarse, (48, 128), mode="bicubic").clamp(-1, 1)
    return torch.stack([wide[..., 2 * t : 2 * t + 64] for t in range(frames)], dim=2)


@pytest.fixture(scope="module")
def codec() -> PatchCodec:
    return fit(film(number, frames=17) for number in range(8))


def test_patches_are_cut_and_put_together() -> None:
    video = film(0)
    cut = patches(video)
    assert cut.shape == (1, 3, 6, 8, 768)
    torch.testing.assert_close(pictures(cut), video)
    assert torch.equal(cut[0, 1, 2, 3].view(3, 4, 8, 8), video[0, :, 1:5, 16:24, 24:32])


def test_films_of_the_same_kind_come_back(codec: PatchCodec) -> None:
    video = film(100)
    latents = codec.encode(video)
    assert latents.shape == (1, 16, 3, 6, 8)
    error = (codec.decode(latents) - video).square().mean()
    assert 10 * torch.log10(4 / error) > 26  # one colour for all would give 12


def own_alone(codec: PatchCodec) -> PatchCodec:
    """The codec whose patches are read from their own latents."""
    return PatchCodec(codec.mean_M, codec.basis_MC, codec.spread_C)


def steps(video: Tensor) -> tuple[float, float]:
    """How far neighbouring frames differ, on the borders of latent frames and between them."""
    moved = video.diff(dim=2).abs().mean(dim=(0, 1, 3, 4))[4:]
    borders = torch.arange(len(moved)) % 4 == 0
    return float(moved[borders].mean()), float(moved[~borders].mean())


@pytest.mark.parametrize("error", [0.0, 0.3])
def test_films_move_as_far_on_the_borders_of_latent_frames_as_between_them(
    codec: PatchCodec, error: float
) -> None:
    """Those of latents with errors, as a network makes them, too; and errors show less."""
    video = torch.cat([film(number, frames=25) for number in range(100, 104)])
    latents = codec.encode(video)
    latents = latents + error * torch.randn(latents.shape, generator=seed(0))
    one, three = own_alone(codec).decode(latents), codec.decode(latents)
    (border, between), (jump, still) = steps(three), steps(one)
    assert border / between - 1 < 0.5 * (jump / still - 1)
    lost = [float((made - video).square().mean()) for made in (one, three)]
    assert lost[1] < (1.05, 0.9)[error > 0] * lost[0]


def test_a_linear_codec_without_overlap_gives_back_what_it_can_say(codec: PatchCodec) -> None:
    plain = own_alone(codec)
    video = plain.decode(0.2 * plain.encode(film(100)))
    assert video.abs().max() < 1  # nothing was clipped
    torch.testing.assert_close(plain.decode(plain.encode(video))[:, :, 1:], video[:, :, 1:])


def test_latents_of_the_fitted_data_have_the_power_of_a_standard_normal(codec: PatchCodec) -> None:
    latents = torch.cat([codec.encode(film(number, frames=17)) for number in range(8)])
    torch.testing.assert_close(latents.mean(dim=(0, 2, 3, 4)), torch.zeros(16), atol=1e-3, rtol=0)
    power = latents.square().mean(dim=(0, 2, 3, 4))
    assert power.mean() == pytest.approx(1, abs=0.01)
    assert power.diff().max() < 1e-3  # the strongest direction first
    relative = (codec.spread_C / codec.spread_C[0]).square()
    torch.testing.assert_close(power / power[0], relative, atol=1e-3, rtol=0.01)


def test_a_picture_has_the_latents_of_a_film_in_which_nothing_moves(codec: PatchCodec) -> None:
    still = film(3)[:, :, :1]
    latents = codec.encode(still.expand(-1, -1, 9, -1, -1))
    torch.testing.assert_close(latents, codec.encode(still).expand(-1, -1, 3, -1, -1))


def test_latents_do_not_see_later_frames(codec: PatchCodec) -> None:
    video = film(4)
    torch.testing.assert_close(codec.encode(video)[:, :, :2], codec.encode(video[:, :, :5]))


def test_a_codec_is_kept_in_a_file(codec: PatchCodec, tmp_path: Path) -> None:
    for name in ("one.npz", "two"):
        codec.save(tmp_path / name)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two").read_bytes()
    assert torch.equal(PatchCodec.load(tmp_path / "two").encode(film(5)), codec.encode(film(5)))
    latents = codec.encode(film(5))
    assert torch.equal(PatchCodec.load(tmp_path / "two").decode(latents), codec.decode(latents))
    arrays = unpack((tmp_path / "one.npz").read_bytes(), any_order=True)
    del arrays["reading_LM"]  # a file of before
    (tmp_path / "old.npz").write_bytes(pack(arrays))
    assert torch.equal(
        PatchCodec.load(tmp_path / "old.npz").decode(latents), own_alone(codec).decode(latents)
    )
    (tmp_path / "broken.npz").write_bytes(b"hello")
    for name in ("broken.npz", "nowhere.npz"):
        with pytest.raises(ValueError, match=rf"{name}: not a patch codec"):
            PatchCodec.load(tmp_path / name)


@pytest.mark.parametrize(
    "change",
    [
        {"spread_C": np.zeros(16, np.float32)},
        {"spread_C": np.full(16, np.nan, np.float32)},
        {"mean_M": np.full(VALUES, np.inf, np.float32)},
        {"mean_M": np.zeros(VALUES, np.float64)},
        {"basis_MC": np.zeros((VALUES, 0), np.float32), "spread_C": np.zeros(0, np.float32)},
        {"more": np.zeros(1, np.float32)},
        {"reading_LM": np.zeros((16, VALUES), np.float32)},
    ],
)
def test_numbers_that_decode_nothing_are_refused(
    codec: PatchCodec, tmp_path: Path, change: dict[str, np.ndarray[Any, Any]]
) -> None:
    codec.save(tmp_path / "codec.npz")
    arrays = unpack((tmp_path / "codec.npz").read_bytes(), any_order=True)
    (tmp_path / "codec.npz").write_bytes(pack({**arrays, **change}))
    with pytest.raises(ValueError, match=r"codec\.npz: not a patch codec"):
        PatchCodec.load(tmp_path / "codec.npz")


def test_a_pipe_or_a_large_file_is_no_codec(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(2**40)
    for name in ("pipe", "large"):
        with pytest.raises(ValueError, match=rf"{name}: not a patch codec"):
            PatchCodec.load(tmp_path / name)


def test_sizes_that_make_no_patches_are_refused(codec: PatchCodec) -> None:
    with pytest.raises(ValueError, match="8 frames of 64x48 px do not make latents"):
        codec.encode(film(0)[:, :, :8])
    with pytest.raises(ValueError, match="48 patches of video are too few"):
        fit([film(0)[:, :, :1]])


def test_of_large_pictures_some_places_are_taken_in_all_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = torch.arange(3 * 6 * 8).view(1, 3, 6, 8, 1).float()
    assert torch.equal(spread_evenly(numbers).flatten(), numbers.flatten())
    monkeypatch.setattr(autoencoder, "PER_FILM", 15)
    taken = spread_evenly(numbers).squeeze(-1).squeeze(2)[0]
    assert taken.tolist() == [[48 * t + place for place in (0, 12, 24, 35, 47)] for t in range(3)]


def test_some_places_tell_a_codec_nearly_what_all_tell(
    codec: PatchCodec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autoencoder, "PER_FILM", 180)
    fewer = fit(film(number, frames=17) for number in range(8))
    video = film(100)
    of_all, of_some = ((each.decode(each.encode(video)) - video).square().mean() for each in (codec, fewer))
    assert of_all < of_some < 1.2 * of_all
