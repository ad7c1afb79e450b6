"""A caption for a film is read as the run's captions were, or refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model.data.settings import LatentSource
from model.nets.pretrained.captions import caption_digest
from model.train import load
from model.train.load import embedded
from model.train.settings import Training
from tests.model.nets.pretrained.small_networks import save_text_encoder
from tests.model.train.runs import training


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_text_encoder(tmp_path_factory.mktemp("text"))


def told(digest: str) -> Training:
    settings = training()
    latents = LatentSource(root="latents", vae="0" * 64, captions=digest)
    return replace(settings, loader=replace(settings.loader, latents=latents))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_caption_is_embedded_at_the_precision_of_the_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype
) -> None:
    settings = told(caption_digest(folder, dtype))
    monkeypatch.setattr(load, "last_of", Path)
    monkeypatch.setattr(load, "settings_of", lambda _: settings)
    assert embedded(folder, "", None) is None
    found = embedded(folder, "a woman waves", folder)
    assert found is not None
    assert (found.shape, found.dtype) == ((1, 4, 32), torch.float32)
    with pytest.raises(ValueError, match="read by the text encoder of the run's captions: --text-encoder"):
        embedded(folder, "a woman waves", None)


def test_another_encoder_and_a_run_without_captions_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "last_of", Path)
    for settings, words in (
        (told("0" * 64), "another text encoder"),
        (training(), "learned from no captions"),
    ):
        monkeypatch.setattr(load, "settings_of", lambda _, found=settings: found)
        with pytest.raises(ValueError, match=words):
            embedded(folder, "a woman waves", folder)
