"""Public encoders of speech: read whole or refused, each frame heard by itself, known by their digest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from model.nets.pretrained.hearing import KINDS, Hearing, hearing_sizes, opened, whisper_mel
from model.nets.speech import HEARD, SpeechEncoder, heard, tiny_speech
from tests.model.nets.pretrained.small_networks import save_speech_encoder
from tests.model.nets_inputs import seed


@pytest.fixture(scope="module", params=sorted(KINDS))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_speech_encoder(request.param, tmp_path_factory.mktemp(request.param))


def test_each_frame_has_49_features_of_its_own_second(folder: Path) -> None:
    sizes = hearing_sizes(folder, tiny_speech())
    assert (sizes.bands, sizes.step_ms) == (24, 20)
    hearing = Hearing(folder, sizes)
    sound = 0.1 * torch.randn(1, 32_000, generator=seed(2))
    frames = heard(sound, torch.arange(10, 45))[0]
    found = hearing(frames)
    assert found.shape == (35, 24, 49)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found[4:5], hearing(frames[4:5]), atol=1e-4, rtol=1e-3)
    assert found.mean(dim=1).abs().max() < 1e-4
    assert hearing(torch.zeros(1, HEARD)).isfinite().all(), "silence is heard too"

    encoder = SpeechEncoder(sizes, 8)
    with pytest.raises(ValueError, match="public encoder, which is not given"):
        encoder(frames[None])
    encoder.features = hearing
    assert encoder(frames[None]).shape == (1, 35, 8)
    assert not any("net" in name for name, _ in encoder.named_parameters()), "its weights are not the run's"


def test_what_is_loud_in_the_middle_is_heard_in_the_middle(folder: Path) -> None:
    """A click moves the features at its own time most: places in time are those that the network reads."""
    sizes = hearing_sizes(folder, tiny_speech())
    hearing = Hearing(folder, sizes)
    quiet = 0.01 * torch.randn(1, HEARD, generator=seed(3))
    click = quiet.clone()
    click[:, HEARD // 2 - 80 : HEARD // 2 + 80] += 0.02
    moved = (hearing(click) - hearing(quiet)).abs().sum(dim=1)[0]
    assert abs(int(moved.argmax()) - 24) <= 1


def test_whispers_features_are_those_of_its_own_reader() -> None:
    import transformers

    sound = 0.1 * torch.randn(1, 16_000, generator=seed(4))
    reader = transformers.WhisperFeatureExtractor(feature_size=80, chunk_length=1)
    wanted = reader(sound[0].numpy(), sampling_rate=16_000, return_tensors="np").input_features
    np.testing.assert_allclose(whisper_mel(sound, 80).numpy(), wanted, atol=2e-4)


def test_another_encoder_than_the_one_that_was_learned_from_is_refused(folder: Path) -> None:
    sizes = replace(hearing_sizes(folder, tiny_speech()), encoder="0" * 64)
    with pytest.raises(ValueError, match="another encoder of speech than the one that was learned from"):
        Hearing(folder, sizes)(torch.zeros(1, HEARD))


def test_files_that_lack_weights_or_are_of_another_kind_are_refused(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text((folder / "config.json").read_text())
    weights = load_file(folder / "model.safetensors")
    gone = next(name for name in sorted(weights) if "layers.0" in name and "encoder" in name)
    kept = {name: value for name, value in weights.items() if name != gone}
    save_file(kept, broken / "model.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match="its files lack"):
        opened(broken)
    (broken / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ValueError, match="a network of wav2vec2 or hubert or whisper is wanted, not of bert"):
        opened(broken)
    (broken / "config.json").unlink()
    with pytest.raises(ValueError, match="no network that tells its kind"):
        opened(broken)
    with pytest.raises(ValueError, match="no folder of a network there"):
        opened(tmp_path / "none")
