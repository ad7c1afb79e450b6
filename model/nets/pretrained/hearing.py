"""What public encoders of speech make of sound: wav2vec 2.0, HuBERT or Whisper's, from a local folder.

Features are the hidden states two thirds up, where phones are told apart best (Pasad et al., arXiv
2107.04734), each normalised over its own numbers. A frame is heard by itself, as in `model.nets.speech`.

N frames of all clips together, W samples that a frame hears, M numbers of a feature, L steps of 20 ms.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, pad

from model.nets.pretrained.by_transformers import loaded
from model.nets.pretrained.folders import network_digest
from model.nets.speech import HEARD, HOP, SpeechSizes

KINDS = {"wav2vec2": "Wav2Vec2Model", "hubert": "HubertModel", "whisper": "WhisperModel"}
"""Classes of transformers by what a folder's config.json calls its network."""
UNUSED = frozenset({"masked_spec_embed"})
"""Weights of pretraining alone, which files may lack."""
WIDEST = 8192
STEPS = 49
AT_ONCE = 32
"""Frames that the encoder is given together."""
WHISPER_S, WHISPER_FFT = 16_000, 400
"""Samples that Whisper's encoder is given, and of its transform."""
EARLY = 256
"""Samples that are left out before them, so that its 25th step is the frame's own time."""


class Hearing:
    """A public encoder of speech, read when it is first asked, where the sounds are that it is asked of."""

    def __init__(self, folder: Path, sizes: SpeechSizes) -> None:
        self.folder, self.sizes = folder, sizes

    @cached_property
    def net(self) -> nn.Module:
        """The encoder.

        Raises:
            ValueError: it is none of those, another than the settings name, or transformers is missing.
        """
        found = hearing_digest(self.folder)
        if found != self.sizes.encoder:
            raise ValueError(
                f"{self.folder}: another encoder of speech than the one that was learned from: "
                f"{found[:12]}, not {self.sizes.encoder[:12]}"
            )
        return opened(self.folder)

    @torch.no_grad()
    def __call__(self, sounds_NW: Tensor) -> Tensor:
        """Features (N, M, L), float32, of sounds of -1..1."""
        net = self.net.to(sounds_NW.device)
        listen = whisper_states if is_whisper(net) else wav2vec_states
        parts = [listen(net, chunk) for chunk in sounds_NW.float().split(AT_ONCE)]
        states_NLM = torch.cat(parts)
        return layer_norm(states_NLM, states_NLM.shape[-1:]).transpose(1, 2)


def opened(folder: Path) -> nn.Module:
    """The encoder of a folder. Raises ValueError where it is none of those, or not whole."""
    net = loaded(folder, KINDS, torch.float32, UNUSED)
    if is_whisper(net):
        shorten(net.encoder)
    return net


def is_whisper(net: Any) -> bool:
    """Whether an encoder of speech is Whisper's."""
    return bool(net.config.model_type == "whisper")


def shorten(encoder: Any) -> None:
    """Let Whisper's encoder read a second, not thirty: its places in time are waves, it needs the first."""
    tokens = WHISPER_S // HOP // 2
    encoder.embed_positions = nn.Embedding.from_pretrained(encoder.embed_positions.weight[:tokens].clone())
    encoder.config.max_source_positions = tokens


def layer_of(states: tuple[Tensor, ...]) -> Tensor:
    """The states two thirds up; the first are what the layers are given."""
    return states[math.ceil(2 * (len(states) - 1) / 3)]


def wav2vec_states(net: Any, sounds_NW: Tensor) -> Tensor:
    """States (N, L, M) of wav2vec 2.0 and HuBERT, whose sounds have no mean and one loudness."""
    off = sounds_NW - sounds_NW.mean(dim=1, keepdim=True)
    loud = off.square().mean(dim=1, keepdim=True)
    return layer_of(net((off / (loud + 1e-7).sqrt()), output_hidden_states=True).hidden_states)


def whisper_states(net: Any, sounds_NW: Tensor) -> Tensor:
    """States (N, L, M) of Whisper's encoder."""
    sounds_NW = pad(sounds_NW[:, EARLY:], (0, WHISPER_S - HEARD + EARLY))
    mel = whisper_mel(sounds_NW, net.config.num_mel_bins)
    return layer_of(net.encoder(mel, output_hidden_states=True).hidden_states)[:, :STEPS]


def whisper_mel(sounds_NW: Tensor, bands: int) -> Tensor:
    """Log-mel features as Whisper reads them (Radford et al., arXiv 2212.04356), of a hundred steps."""
    from transformers.audio_utils import mel_filter_bank

    window = torch.hann_window(WHISPER_FFT, device=sounds_NW.device)
    spectrum = torch.stft(sounds_NW, WHISPER_FFT, HOP, window=window, return_complex=True)
    bins = WHISPER_FFT // 2 + 1
    weights = mel_filter_bank(bins, bands, 0.0, 8000.0, 16_000, norm="slaney", mel_scale="slaney")
    mel_BF = torch.from_numpy(weights).T.to(sounds_NW)
    log = (mel_BF @ spectrum[..., :-1].abs().square()).clamp(min=1e-10).log10()
    return (torch.maximum(log, log.amax(dim=(1, 2), keepdim=True) - 8) + 4) / 4


def hearing_digest(folder: Path) -> str:
    """What an encoder is known by. Raises OSError where one of its files is missing."""
    return network_digest(folder, torch.float32)


def hearing_sizes(folder: Path, sizes: SpeechSizes) -> SpeechSizes:
    """The sizes of a speech encoder that reads the features of a folder's network.

    Raises:
        ValueError: it is none of those, or gives features of other steps.
    """
    net = opened(folder)
    named = replace(sizes, encoder=hearing_digest(folder), step_ms=20)
    hearing = Hearing(folder, named)
    hearing.net = net
    _, width, steps = hearing(torch.zeros(1, HEARD)).shape
    if steps != STEPS or width > WIDEST:
        raise ValueError(
            f"{folder}: {steps} features of {width} numbers for what a frame hears; {STEPS} are read"
        )
    return replace(named, bands=width)
