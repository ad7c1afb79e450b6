"""SyncNet (Chung and Zisserman 2016; `syncnet_v2.model`): whether lips and sound belong together, and when.

LSE-D and LSE-C of lip-sync papers are told from it. Films are looked at 25 frames a second, sound in steps of
10 ms; faces are cut out by our own estimators, so values differ a little from those of its own face tracks.

B windows of 5 frames of 224 x 224 px, or of 20 columns of 13 MFCC.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import dct
from torch import Tensor, nn

Values = NDArray[np.float64]

FPS, FRAMES, SIDE = 25, 5, 224
COEFFICIENTS, COLUMNS = 13, 20
"""MFCC, and steps of 10 ms under a window of 5 frames."""
REACH = 15
"""Frames to both sides by which the sound is looked for."""
RATE, STEP, LENGTH, BINS, BANDS = 16_000, 160, 400, 512, 26
PREEMPHASIS, LIFTER = 0.97, 22


class SyncNet(nn.Module):
    """The network; names of weights are the published file's."""

    def __init__(self) -> None:
        super().__init__()
        self.netcnnaud = nn.Sequential(
            *flat(1, 64, 3, 1), nn.Identity(),
            *flat(64, 192, 3, 1), nn.MaxPool2d(3, (1, 2)),
            *flat(192, 384, 3, 1), *flat(384, 256, 3, 1),
            *flat(256, 256, 3, 1), nn.MaxPool2d(3, 2),
            *flat(256, 512, (5, 4), 0),
        )  # fmt: skip
        self.netcnnlip = nn.Sequential(
            *deep(3, 96, (5, 7, 7), 2, 0), nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *deep(96, 256, (1, 5, 5), 2, 1), nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
            *deep(256, 256, (1, 3, 3), 1, 1), *deep(256, 256, (1, 3, 3), 1, 1),
            *deep(256, 256, (1, 3, 3), 1, 1), nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *deep(256, 512, (1, 6, 6), 1, 0),
        )  # fmt: skip
        self.netfcaud, self.netfclip = head(), head()

    def sound(self, mfcc_B1CT: Tensor) -> Tensor:
        """(B, 1024) of 13 x 20 coefficients."""
        x: Tensor = self.netfcaud(self.netcnnaud(mfcc_B1CT).flatten(1))
        return x

    def lips(self, faces_B3THW: Tensor) -> Tensor:
        """(B, 1024) of five faces, BGR, 0 to 255."""
        x: Tensor = self.netfclip(self.netcnnlip(faces_B3THW).flatten(1))
        return x


def flat(before: int, width: int, kernel: int | tuple[int, int], padding: int) -> tuple[nn.Module, ...]:
    """A convolution over coefficients and time."""
    return nn.Conv2d(before, width, kernel, padding=padding), nn.BatchNorm2d(width), nn.ReLU()


def deep(
    before: int, width: int, kernel: tuple[int, int, int], stride: int, padding: int
) -> tuple[nn.Module, ...]:
    """A convolution over time and place."""
    conv = nn.Conv3d(before, width, kernel, (1, stride, stride), (0, padding, padding))
    return conv, nn.BatchNorm3d(width), nn.ReLU()


def head() -> nn.Sequential:
    """From 512 numbers to the 1024 in which both sides are compared."""
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 1024))


def mfcc(samples: NDArray[np.int16]) -> Values:
    """Coefficients (n, 13) every 10 ms of sound at 16 kHz, as python_speech_features has them by default."""
    sound = np.append(samples[:1], samples[1:] - PREEMPHASIS * samples[:-1].astype(np.float64))
    count = 1 + max(0, -(-(len(sound) - LENGTH) // STEP))
    whole = np.zeros((count - 1) * STEP + LENGTH)
    whole[: len(sound)] = sound[: len(whole)]
    frames = np.lib.stride_tricks.sliding_window_view(whole, LENGTH)[::STEP]
    power = np.square(np.abs(np.fft.rfft(frames, BINS))) / BINS
    tiny = np.finfo(float).eps
    energy, bands = power.sum(axis=1), power @ mel_bands().T
    found = dct(np.log(np.where(bands == 0, tiny, bands)), type=2, axis=1, norm="ortho")[:, :COEFFICIENTS]
    found = found * (1 + LIFTER / 2 * np.sin(np.pi * np.arange(COEFFICIENTS) / LIFTER))
    found[:, 0] = np.log(np.where(energy == 0, tiny, energy))
    return np.asarray(found)


def mel_bands() -> Values:
    """Triangles (26, 257) that are even in mel."""
    highest = 2595 * np.log10(1 + RATE / 2 / 700)
    edges = np.floor((BINS + 1) * 700 * (10 ** (np.linspace(0, highest, BANDS + 2) / 2595) - 1) / RATE)
    bank = np.zeros((BANDS, BINS // 2 + 1))
    for band, (low, middle, high) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        up, down = np.arange(low, middle).astype(int), np.arange(middle, high).astype(int)
        bank[band, up] = (up - low) / (middle - low)
        bank[band, down] = (high - down) / (high - middle)
    return bank


@torch.inference_mode()
def heard(net: SyncNet, samples: NDArray[np.int16], windows: int) -> Tensor:
    """Embeddings (n, 1024) of the sound under so many windows or fewer, each a frame later."""
    columns = torch.from_numpy(mfcc(samples).T.copy()).float()
    count = min(windows, (columns.shape[1] - COLUMNS) // 4 + 1)
    if count < 1:
        return torch.zeros(0, 1024)
    parts = torch.stack([columns[:, 4 * t : 4 * t + COLUMNS] for t in range(count)])
    return net.sound(parts[:, None].to(next(net.parameters()).device)).cpu()


def in_sync(lips: Tensor, sound: Tensor) -> dict[str, float]:
    """`lse_d`, `lse_c` and `lse_offset` of embeddings (n, 1024) of windows, each a frame later.

    The distance is the mean over windows at each shift of the sound; D is the least, C the median less that,
    and the offset is how many frames the sound comes later than the lips. Windows without faces (NaN) count
    nowhere; empty where fewer than half or too few have some.
    """
    count = min(len(lips), len(sound))
    if count <= 2 * REACH or lips[:count].isnan().any(dim=1).float().mean() > 0.5:
        return {}
    far = {shift: distance(lips[:count], sound[:count], shift) for shift in range(-REACH, REACH + 1)}
    best = min(far, key=lambda shift: (far[shift], abs(shift)))
    return {
        "lse_d": far[best],
        "lse_c": float(np.median(list(far.values()))) - far[best],
        "lse_offset": float(best),
    }


def distance(lips: Tensor, sound: Tensor, shift: int) -> float:
    """Mean distance of windows whose sound lies so many frames later."""
    start, stop = max(0, -shift), len(lips) - max(0, shift)
    apart = (lips[start:stop] - sound[start + shift : stop + shift] + 1e-6).norm(dim=1)  # as torch's distance
    return float(apart.nanmean())
