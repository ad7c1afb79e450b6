"""One film beside its truth: numbers of every frame, and features from which numbers of a set are told.

Both films are read once, sixteen frames at a time, so memory does not grow with their length.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from model.eval import i3d, inception, resnet3d
from model.eval.lpips import Lpips
from model.eval.networks import Networks
from model.eval.pictures import psnr, ssim_disco, ssim_gauss_rgb

Pictures = NDArray[np.uint8]
Side = Literal["made", "truth"]
WINDOW, STEP = 16, 8
"""Frames of a window of the metrics of video, and from one window to the next; a tail is dropped."""


@dataclass(frozen=True, kw_only=True)
class PairScores:
    """What was measured of a pair of films."""

    frames: dict[str, list[float]] = field(default_factory=dict)
    """Values of each metric of frames, frame by frame."""
    features: dict[tuple[str, Side], list[NDArray[np.float32]]] = field(default_factory=dict)
    """Rows of features of each extractor, for both sides."""

    @property
    def means(self) -> dict[str, float]:
        """The mean over frames of each metric of frames."""
        return {name: float(np.mean(values)) for name, values in self.frames.items()}


@torch.inference_mode()
def score_pair(made: Iterable[Pictures], truth: Iterable[Pictures], networks: Networks) -> PairScores:
    """Numbers and features of two films, frame i beside frame i.

    Raises:
        ValueError: a film cannot be read, or they differ in size or length.
    """
    scores = PairScores()
    for start, one, other in windows(made, truth):
        fresh = slice(0 if start == 0 else WINDOW - STEP, None)
        for name, values in of_frames(one[fresh], other[fresh], networks).items():
            scores.frames.setdefault(name, []).extend(map(float, values))
        sides: tuple[tuple[Side, Pictures], ...] = (("made", one), ("truth", other))
        for side, pictures in sides:
            for name, rows in of_pictures(pictures[fresh], networks).items():
                scores.features.setdefault((name, side), []).append(rows)
            if len(pictures) == WINDOW:
                for name, rows in of_window(pictures, networks).items():
                    scores.features.setdefault((name, side), []).append(rows)
    if not scores.frames:
        raise ValueError("a film without frames")
    return scores


def windows(made: Iterable[Pictures], truth: Iterable[Pictures]) -> Iterator[tuple[int, Pictures, Pictures]]:
    """First frame and frames of both films, WINDOW at a time, STEP apart; what is left over is the last."""
    held: list[tuple[Pictures, Pictures]] = []
    start = 0
    fresh = 0
    for number, (one, other) in enumerate(zip_longest(made, truth)):
        if one is None or other is None:
            raise ValueError(f"the films differ in length: one ends after {number} frames")
        if one.shape != other.shape:
            raise ValueError(f"the films differ in size: {shown(one)} and {shown(other)} px")
        held.append((one, other))
        fresh += 1
        if len(held) == WINDOW:
            yield start, *stacked(held)
            held, start, fresh = held[STEP:], start + STEP, 0
    if fresh:
        yield start, *stacked(held)


def stacked(held: list[tuple[Pictures, Pictures]]) -> tuple[Pictures, Pictures]:
    """Frames of both films, each as one array."""
    return np.stack([one for one, _ in held]), np.stack([other for _, other in held])


def shown(picture: Pictures) -> str:
    """Width x height."""
    return f"{picture.shape[1]}x{picture.shape[0]}"


def of_frames(made: Pictures, truth: Pictures, networks: Networks) -> dict[str, NDArray[np.floating]]:
    """Values of each frame (n, h, w, 3) by each metric of pictures."""
    values: dict[str, NDArray[np.floating]] = {
        "psnr": psnr(made, truth),
        "ssim_gauss_rgb": ssim_gauss_rgb(made, truth),
        "ssim_disco": ssim_disco(made, truth),
    }
    if networks.alex is not None:
        values["lpips_alex"] = apart(networks.alex, made, truth, low=-1.0)
    if networks.vgg is not None:
        values["lpips_vgg"] = apart(networks.vgg, made, truth, low=-1.0)
        values["lpips_disco"] = apart(networks.vgg, made, truth, low=0.0)  # what DisCo feeds: 0 to 1
    return values


def apart(net: Lpips, made: Pictures, truth: Pictures, *, low: float) -> NDArray[np.floating]:
    """LPIPS of frames whose black is `low` and whose white is 1."""
    device = net.get_buffer("shift").device

    def fed(pictures: Pictures) -> Tensor:
        x = torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 255
        return x * (1 - low) + low

    return np.asarray(net(fed(made), fed(truth)).cpu().numpy())


def of_pictures(pictures: Pictures, networks: Networks) -> dict[str, NDArray[np.float32]]:
    """Features of each frame (n, h, w, 3)."""
    net = networks.inception
    if net is None:
        return {}
    x = torch.from_numpy(pictures).to(next(net.parameters()).device).permute(0, 3, 1, 2)
    return {
        "inception_tf": rows(net(inception.prepared_tf(x))),
        "inception_pytorch": rows(net(inception.prepared_pytorch(x))),
    }


def of_window(frames: Pictures, networks: Networks) -> dict[str, NDArray[np.float32]]:
    """Features of a window of frames (WINDOW, h, w, 3)."""
    found = {}
    if networks.i3d is not None:
        device = next(networks.i3d.parameters()).device
        found["i3d"] = rows(networks.i3d(i3d.prepared(torch.from_numpy(frames)[None].to(device))))
    if networks.i3d_disco is not None:
        device = next(networks.i3d_disco.parameters()).device
        squashed = torch.from_numpy(resized(frames, i3d.SIDE))[None].to(device)
        found["i3d_disco"] = rows(networks.i3d_disco(i3d.prepared(squashed)))
    if networks.resnet3d is not None:
        device = next(networks.resnet3d.parameters()).device
        small = torch.from_numpy(resized(frames, resnet3d.SIDE))[None].to(device)
        found["resnet3d"] = rows(networks.resnet3d(resnet3d.prepared(small)))
    return found


def resized(frames: Pictures, side: int) -> Pictures:
    """Frames of side x side px by Pillow's bicubic, as DisCo has them; the aspect is lost."""
    small = [Image.fromarray(frame).resize((side, side), Image.Resampling.BICUBIC) for frame in frames]
    return np.stack([np.asarray(picture) for picture in small])


def rows(features: Tensor) -> NDArray[np.float32]:
    """Features as numbers."""
    return np.asarray(features.cpu().numpy(), np.float32)
