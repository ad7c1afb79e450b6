"""Features of a film's frames and windows, from which numbers of a set are told."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from model.eval import i3d, inception, resnet3d
from model.eval.networks import Networks
from model.eval.stream import Pictures, Readings

WINDOW, STEP = 16, 8
"""Frames of a window of the metrics of video, and from one window to the next; a tail is dropped."""


class FeatureMeter:
    """Rows of features of the made film by each extractor whose network there is."""

    def __init__(self, networks: Networks) -> None:
        self.networks = networks
        self.rows: dict[str, list[NDArray[np.float32]]] = {}
        self.held: list[Pictures] = []

    @torch.inference_mode()
    def see(self, made: Pictures, _: Pictures | None) -> None:
        """Frames, each once; windows are put together of what has been seen."""
        self.add(of_pictures(made, self.networks))
        self.held += list(made)
        while len(self.held) >= WINDOW:
            self.add(of_window(np.stack(self.held[:WINDOW]), self.networks))
            self.held = self.held[STEP:]

    def add(self, found: dict[str, NDArray[np.float32]]) -> None:
        """Keep rows."""
        for name, rows in found.items():
            self.rows.setdefault(name, []).append(rows)

    def tell(self) -> Readings:
        """Rows by extractor."""
        return Readings(features={name: np.concatenate(parts) for name, parts in self.rows.items()})


def of_pictures(pictures: Pictures, networks: Networks) -> dict[str, NDArray[np.float32]]:
    """Features of each frame (n, h, w, 3)."""
    found, x = {}, torch.from_numpy(pictures).permute(0, 3, 1, 2)
    if networks.inception is not None:
        net, on_device = networks.inception, x.to(next(networks.inception.parameters()).device)
        found["inception_tf"] = rows(net(inception.prepared_tf(on_device)))
        found["inception_pytorch"] = rows(net(inception.prepared_pytorch(on_device)))
    return found


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
