"""CLIP's picture encoder out of a folder, with drawn weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from model.nets.pretrained.clip import ClipPictures
from tests.model.nets_inputs import change, seed
from tests.parity.weights import drawn

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small one, as diffusers stores it."""
    from transformers import CLIPVisionConfig, CLIPVisionModel

    how = {"hidden_size": 20, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
    net = CLIPVisionModel(CLIPVisionConfig(**how, image_size=8, patch_size=4))
    net.load_state_dict(drawn(net, gain=1.0))
    path = tmp_path_factory.mktemp("clip")
    net.save_pretrained(path)
    return path


def test_tokens_are_those_of_the_layer_before_the_last(folder: Path) -> None:
    clip = ClipPictures.of_folder(folder, CPU, torch.float32)
    pictures = 2 * torch.rand(2, 3, 12, 16, generator=seed(0)) - 1
    found = clip(pictures)
    assert found.shape == (2, 1 + 4, 20) == (2, 5, clip.width)
    assert change(clip(-pictures), found) > 0.01
    plain = torch.full((1, 3, 8, 8), 0.5)
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(3, 1, 1)
    std = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(3, 1, 1)
    seen = clip.net(((plain + 1) / 2 - mean) / std, output_hidden_states=True)
    torch.testing.assert_close(clip(plain.repeat(1, 1, 2, 2)), seen.hidden_states[1])


def test_folders_without_one_are_refused_in_a_sentence(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a CLIP picture encoder"):
        ClipPictures.of_folder(tmp_path, CPU, torch.float32)
    (tmp_path / "config.json").write_text((folder / "config.json").read_text())
    with pytest.raises(ValueError, match="not a CLIP picture encoder"):
        ClipPictures.of_folder(tmp_path, CPU, torch.float32)
