"""Speech to the motion of a face: what a frame hears becomes the vector that its face crop would give.

A transformer of six layers over features of about half a second to either side (method.md 2.3): log-mel, or
those of a public encoder of speech. Each frame has its own second of sound, so its motion depends on nothing
else: not on where a clip or a segment was cut, nor on how many frames are asked for together.

B clips, F video frames, S samples of sound, W samples that a frame hears, N frames of all clips together,
M mel bands or numbers of another feature, L steps of 10 or 20 ms, T tokens of 40 ms, D width, V numbers of a
motion vector.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Literal, Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from model.nets.attention import Attention
from model.nets.layers import EPS
from model.nets.precision import LayerNorm32
from model.nets.rope import Rotation, in_time
from schemas.media import FPS, SOUND_RATE

BANDS, STEPS, HOP = 80, 97, 160
"""Mel bands, steps in what a frame hears, samples from one step to the next."""
WINDOW, FFT = 400, 512
"""Samples of a step's window, and of the transform that it lies in the middle of."""
HEARD = (STEPS - 1) * HOP + FFT
"""Samples that a frame hears: 0.496 s before and after its own time."""
TOKEN_MS = 40
FLOOR = 1e-5
"""Power of a band that counts as silence; a full sine has 1e4."""


class SpeechFeatures(Protocol):
    """What is made of sound before anything is learned of it."""

    def __call__(self, sounds_NW: Tensor, /) -> Tensor:
        """Features (N, M, L), float32, of what frames hear, -1..1; the middle one is at a frame's time."""
        ...


@dataclass(frozen=True, kw_only=True)
class SpeechSizes:
    """Sizes of a speech encoder."""

    width: int
    heads: int
    layers: int
    bands: int = BANDS
    """Numbers of a feature."""
    step_ms: Literal[10, 20] = 10
    """From one feature to the next."""
    encoder: str = ""
    """Digest of the public encoder that is heard by (`model.nets.pretrained.hearing`); empty: log-mel."""

    def __post_init__(self) -> None:
        if min(self.width, self.heads, self.layers, self.bands) < 1 or self.width % (2 * self.heads):
            raise ValueError(f"speech width {self.width} does not make {self.heads} heads of an even width")


def six_layers() -> SpeechSizes:
    """21 million values."""
    return SpeechSizes(width=512, heads=8, layers=6)


def tiny_speech() -> SpeechSizes:
    """A small one of the same build: 0.15 million."""
    return SpeechSizes(width=64, heads=2, layers=2)


def heard(sound_BS: Tensor, numbers_F: Tensor) -> Tensor:
    """What the frames of these numbers hear (B, F, W); frame 0 is at sample 0, and silence around the sound.

    16 kHz and 24 frames a second: frame i is at sample 2000 i / 3, rounded.
    """
    times_F = (numbers_F.long() * SOUND_RATE + FPS // 2) // FPS
    at_FW = times_F[:, None] + torch.arange(-HEARD // 2, HEARD // 2, device=times_F.device)
    last = sound_BS.shape[1] - 1
    return sound_BS[:, at_FW.clamp(0, last)] * ((at_FW >= 0) & (at_FW <= last))


def log_mel(sounds_NW: Tensor) -> Tensor:
    """Features (N, M, L) of sounds of -1..1, in float32: about -2 for silence to 2 for what is loud."""
    sounds_NW = sounds_NW.float()
    window = torch.hann_window(WINDOW, device=sounds_NW.device)
    spectrum = torch.stft(
        sounds_NW, FFT, HOP, WINDOW, window, center=False, onesided=True, return_complex=True
    )
    power = mel_bands().to(sounds_NW.device) @ spectrum.abs().square()
    return ((power + FLOOR).log10() + 1) / 2


def no_encoder(sounds_NW: Tensor) -> Tensor:  # noqa: ARG001 - the protocol's signature
    """Stands where a public encoder is to be given.

    Raises:
        ValueError: always.
    """
    raise ValueError("speech is heard by a public encoder, which is not given: --settings.hearing FOLDER")


@cache
def mel_bands() -> Tensor:
    """Weights (M, FFT / 2 + 1) of triangles, evenly spread on the mel scale 2595 log10(1 + f / 700).

    No buffer of the network: it would be rounded with the weights.
    """
    top = 2595 * math.log10(1 + SOUND_RATE / 2 / 700)
    corners = 700 * (10 ** (torch.linspace(0, top, BANDS + 2, dtype=torch.float64) / 2595) - 1)
    bins = torch.arange(FFT // 2 + 1) * (SOUND_RATE / FFT)
    low, middle, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    return torch.minimum(rising, falling).clamp(min=0).float()


class SpeechBlock(nn.Module):
    """Everything that a frame hears looks at everything, then thinks."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.attention = LayerNorm32(width, eps=EPS), Attention(width, heads)
        self.norm2 = LayerNorm32(width, eps=EPS)
        self.ffn = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x_NTD: Tensor, turn: Rotation) -> Tensor:
        """Tokens of the next layer."""
        seen = self.norm1(x_NTD)
        x_NTD = x_NTD + self.attention(seen, seen, turn, turn)
        return x_NTD + self.ffn(self.norm2(x_NTD))


class SpeechEncoder(nn.Module):
    """What frames hear to motion vectors, in the space of `model.nets.motion`. A fresh one says the mean.

    Mean and spread are those of the motion that it is to learn, measured before (`model.encode.fit`).
    """

    mean_V: Tensor
    spread_V: Tensor

    def __init__(self, sizes: SpeechSizes, vector: int) -> None:
        super().__init__()
        width = sizes.width
        self.head_width = width // sizes.heads
        self.conv1 = nn.Conv1d(sizes.bands, width, 5, TOKEN_MS // 2 // sizes.step_ms, padding=2)
        self.conv2 = nn.Conv1d(width, width, 5, 2, padding=2)
        self.features: SpeechFeatures = no_encoder if sizes.encoder else log_mel
        """What is made of sound before anything is learned of it; none of the weights."""
        self.blocks = nn.ModuleList(SpeechBlock(width, sizes.heads) for _ in range(sizes.layers))
        self.norm, self.out = LayerNorm32(width, eps=EPS), nn.Linear(width, vector)
        self.register_buffer("mean_V", torch.zeros(vector))
        self.register_buffer("spread_V", torch.ones(vector))

    def forward(self, sounds_BFW: Tensor) -> Tensor:
        """Motion vectors (B, F, V), float32, of what frames hear, -1..1."""
        heard_NML = self.features(sounds_BFW.flatten(0, 1)).to(self.out.weight.dtype)
        x_NTD = gelu(self.conv2(gelu(self.conv1(heard_NML)))).transpose(1, 2)
        turn = in_time(torch.arange(x_NTD.shape[1], device=x_NTD.device), self.head_width)
        for block in self.blocks:
            x_NTD = block(x_NTD, turn)
        own_ND = x_NTD[:, x_NTD.shape[1] // 2]  # the token at the frame's own time
        motion_NV = self.out(self.norm(own_ND)).float()
        return (motion_NV * self.spread_V + self.mean_V).unflatten(0, sounds_BFW.shape[:2])
