"""Where somebody speaks: the network against torch's layers, and sounds of which the answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn.functional import conv1d, pad

from media.voice import voice_of
from pipeline.estimators.speech.packaged import SPEECH_NETWORK
from pipeline.estimators.speech.speech_net import (
    BEFORE,
    CELL,
    CONVOLUTIONS,
    SHAPES,
    STEP,
    SpeechNet,
    weights_in,
)
from pipeline.estimators.speech.speech_share import PackagedSpeech, SpeechShare
from storage.packaged_files import read_packaged

RATE = 16_000


@pytest.fixture(scope="module")
def share() -> SpeechShare:
    return PackagedSpeech().build()


def by_torch(weights: dict[str, NDArray[np.float32]], sound: NDArray[np.float32]) -> NDArray[np.float64]:
    """The same network of torch's own layers, for whole steps."""
    w = {name: torch.from_numpy(array) for name, array in weights.items()}
    cell = torch.nn.LSTMCell(CELL, CELL)
    cell.load_state_dict({name.split(".")[1]: array for name, array in w.items() if "lstm" in name})
    state = (torch.zeros(1, CELL), torch.zeros(1, CELL))
    whole, said = pad(torch.from_numpy(sound), (BEFORE, 0)), []
    for start in range(0, len(sound), STEP):
        x = pad(whole[None, None, start : start + BEFORE + STEP], (0, BEFORE), "reflect")
        real, imaginary = conv1d(x, w["stft_conv.weight"], stride=128).chunk(2, dim=1)
        x = (real**2 + imaginary**2).sqrt()
        for name, stride in CONVOLUTIONS:
            x = conv1d(x, w[f"{name}.weight"], w[f"{name}.bias"], stride, padding=1).relu()
        state = cell(x[..., 0], state)
        last = conv1d(state[0].relu()[..., None], w["final_conv.weight"], w["final_conv.bias"])
        said.append(float(last.sigmoid()))
    return np.array(said)


def test_it_is_the_network_of_torchs_layers() -> None:
    rng = np.random.default_rng(3)
    weights = {name: rng.normal(0, 0.1, shape).astype(np.float32) for name, shape in SHAPES.items()}
    sound = rng.normal(0, 0.5, 4 * STEP).astype(np.float32)
    with torch.inference_mode():
        np.testing.assert_allclose(SpeechNet(weights)(sound), by_torch(weights, sound), atol=1e-5)


def test_another_file_is_no_network() -> None:
    content = read_packaged(SPEECH_NETWORK)
    for other in (b"nothing at all", content[: len(content) // 2]):
        with pytest.raises(ValueError, match="not the weights of the speech network"):
            weights_in(other)


def test_nothing_but_speech_is_speech(share: SpeechShare) -> None:
    rng = np.random.default_rng(0)
    span = 2 * RATE
    times = np.arange(span) / RATE
    for sound in (np.zeros(span), rng.normal(0, 3000, span), 8000 * np.sin(2 * np.pi * 440 * times)):
        assert share(sound.astype(np.int16), span) == 0
    assert share(np.zeros(0, np.int16), span) == 0


def test_a_spoken_sentence_is_heard_in_its_span(share: SpeechShare, corpus: Path) -> None:
    with voice_of(corpus / "clips" / "talk_07_grid_man.mpg") as voice:
        sound = np.array(voice.samples)
    whole = share(sound, len(sound))
    assert 0.3 < whole < 0.7
    assert share(sound, 2 * len(sound)) == pytest.approx(whole / 2, abs=0.01)
