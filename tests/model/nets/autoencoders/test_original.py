"""Wan's autoencoders as published, against diffusers' with the same numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor

from model.nets.autoencoders.opened import open_codec
from model.nets.autoencoders.original import SECOND_MEAN, SECOND_STD, renamed
from tests.model.nets_inputs import change, seed
from tests.parity.weights import drawn

if TYPE_CHECKING:
    from diffusers import AutoencoderKLWan

CPU = torch.device("cpu")
INSIDE = {
    "norm1": "residual.0",
    "conv1": "residual.2",
    "norm2": "residual.3",
    "conv2": "residual.6",
    "conv_shortcut": "shortcut",
}
WIDTH = 4


def first() -> AutoencoderKLWan:
    """A narrow one in the layout of Wan 2.1."""
    from diffusers import AutoencoderKLWan

    vae = AutoencoderKLWan(base_dim=WIDTH)
    vae.load_state_dict(drawn(vae, gain=1.0))
    return vae


def second() -> AutoencoderKLWan:
    """A narrow one in the layout of Wan 2.2: strides 16, 48 channels, a wider decoder."""
    from diffusers import AutoencoderKLWan

    vae = AutoencoderKLWan(
        base_dim=WIDTH,
        decoder_base_dim=2 * WIDTH,
        z_dim=48,
        is_residual=True,
        in_channels=12,
        out_channels=12,
        patch_size=2,
        scale_factor_spatial=16,
        latents_mean=list(SECOND_MEAN),
        latents_std=list(SECOND_STD),
    )
    vae.load_state_dict(drawn(vae, gain=1.0))
    return vae


def published(vae: AutoencoderKLWan) -> dict[str, Tensor]:
    """The weights under the names of wan/modules/vae.py and vae2_2.py, by the modules that they belong to."""
    return {original_name(name): tensor for name, tensor in vae.state_dict().items()}


def original_name(name: str) -> str:
    """Written module by module: what lies where in the authors' `nn.Sequential`s."""
    words = name.split(".")
    if words[0] in {"quant_conv", "post_quant_conv"}:
        return ".".join([{"quant_conv": "conv1", "post_quant_conv": "conv2"}[words[0]], *words[1:]])
    coder, part, *rest = words
    ends = {"conv_in": "conv1", "norm_out": "head.0", "conv_out": "head.2"}
    if part in ends:
        return ".".join([coder, ends[part], *rest])
    if part == "mid_block":
        place = {"resnets.0": 0, "attentions.0": 1, "resnets.1": 2}[".".join(rest[:2])]
        return ".".join([coder, "middle", str(place), INSIDE.get(rest[2], rest[2]), *rest[3:]])
    row = "downsamples" if part == "down_blocks" else "upsamples"
    inner = {"resnets": 0, "upsamplers": 3}.get(rest[1])
    if inner is not None and "upsampler" not in rest[1] and f"{coder}.{part}" == "encoder.down_blocks":
        return ".".join([coder, row, rest[0], row, rest[2], INSIDE.get(rest[3], rest[3]), *rest[4:]])
    if rest[1] in {"downsampler", "upsampler"}:
        behind = {"downsampler": 2, "upsampler": 3}[rest[1]]
        return ".".join([coder, row, rest[0], row, str(behind), *rest[2:]])
    if inner is None:
        return ".".join([coder, row, rest[0], INSIDE.get(rest[1], rest[1]), *rest[2:]])
    return ".".join(
        [coder, row, "LEVEL", rest[0], str(inner + int(rest[2])), INSIDE.get(rest[3], rest[3]), *rest[4:]]
    )


def flat(name: str) -> str:
    """Levels of Wan 2.1's decoder lie in one row."""
    words = name.split(".")
    if "LEVEL" not in words:
        return name
    at = words.index("LEVEL")
    return ".".join([*words[:at], str(4 * int(words[at + 1]) + int(words[at + 2])), *words[at + 3 :]])


def nested(name: str) -> str:
    """Those of Wan 2.2 in rows of their own."""
    words = name.split(".")
    if "LEVEL" not in words:
        return name
    at = words.index("LEVEL")
    return ".".join([*words[:at], words[at + 1], "upsamples", *words[at + 2 :]])


def test_names_of_the_first_are_translated_as_diffusers_does() -> None:
    from diffusers.loaders.single_file_utils import convert_wan_vae_to_diffusers

    original = {flat(name): tensor for name, tensor in published(first()).items()}
    assert "encoder.downsamples.10.residual.6.weight" in original
    assert "decoder.upsamples.11.resample.1.weight" in original
    theirs, ours = convert_wan_vae_to_diffusers(original), renamed(original)
    assert list(theirs) == list(ours)
    assert all(torch.equal(theirs[name], tensor) for name, tensor in ours.items())


@pytest.mark.parametrize(("build", "names", "stride"), [(first, flat, 8), (second, nested, 16)])
def test_a_published_file_is_the_autoencoder_of_the_folder(
    tmp_path: Path, build: object, names: object, stride: int
) -> None:
    vae = build()  # type: ignore[operator]
    torch.save({names(name): t for name, t in published(vae).items()}, tmp_path / "VAE.pth")  # type: ignore[operator]
    vae.save_pretrained(tmp_path / "vae")
    file, folder = (open_codec(tmp_path / name, CPU, torch.float32) for name in ("VAE.pth", "vae"))
    assert file.stride == folder.stride == stride
    video = 2 * torch.rand(1, 3, 5, 32, 48, generator=seed(0)) - 1
    latents = file.encode(video)
    assert latents.shape == (1, file.channels, 2, 32 // stride, 48 // stride)
    assert torch.equal(latents, folder.encode(video))
    assert file.decode(latents).shape == video.shape
    assert torch.equal(file.decode(latents), folder.decode(latents))
    assert change(file.encode(-video), latents) > 0.05
    assert change(file.decode(-latents), file.decode(latents)) > 0.05


def test_other_files_are_refused_in_a_sentence(tmp_path: Path) -> None:
    weights = {flat(name): tensor for name, tensor in published(first()).items()}
    for change_of, sentence in (
        ({"conv2.weight": torch.zeros(7, 7, 1, 1, 1)}, "do not tell its sizes: 7"),
        ({"encoder.conv1.weight": torch.zeros(3)}, "do not tell its sizes"),
        ({"decoder.more": torch.zeros(1)}, "unexpected: decoder.more"),
    ):
        torch.save({**weights, **change_of}, tmp_path / "VAE.pth")
        with pytest.raises(ValueError, match=rf"VAE\.pth: not an autoencoder of Wan.*{sentence}"):
            open_codec(tmp_path / "VAE.pth", CPU, torch.float32)
    with pytest.raises(ValueError, match="not a patch codec"):
        open_codec(tmp_path / "nowhere.pth", CPU, torch.float32)
