"""What SyncNet sees of a film's lips: windows of five faces, 25 a second, as the frames come."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from media.resample import crop_squares
from model.eval.stream import Pictures
from model.eval.syncnet import FPS, FRAMES, SIDE, SyncNet
from schemas.tracks import FaceTrack

LipEmbeddings = Tensor
"""(n, 1024): each window a 25th of a second later; NaN where a face was not seen."""
WIDER = 1.4
"""Side of a face's square over its box, as SyncNet's own tracks have it; both begin at one height."""


class LipReader:
    """Embeds windows of faces of a film of some frames a second."""

    def __init__(self, net: SyncNet, fps: float) -> None:
        self.net, self.fps = net, fps
        self.frames = self.ticks = 0
        self.held: list[NDArray[np.uint8] | None] = []
        self.found: list[Tensor] = []

    def see(self, frames: Pictures, faces: FaceTrack) -> None:
        """The next frames and their faces; of other rates than 25 some are taken twice, or not."""
        crops = crop_squares(frames, squares(faces.box), faces.valid, SIDE)[..., ::-1]
        for crop, seen in zip(crops, faces.valid, strict=True):
            self.frames += 1
            while int(self.ticks * self.fps / FPS) < self.frames:
                self.ticks += 1
                self.add(crop if seen else None)

    @torch.inference_mode()
    def add(self, crop: NDArray[np.uint8] | None) -> None:
        """A face at the next 25th of a second."""
        self.held = [*self.held[-FRAMES + 1 :], crop]
        known = [face for face in self.held if face is not None]
        if len(self.held) < FRAMES:
            return
        if len(known) < FRAMES:
            self.found.append(torch.full((1, 1024), torch.nan))
            return
        x = torch.from_numpy(np.stack(known)).permute(3, 0, 1, 2)[None].float()
        self.found.append(self.net.lips(x.to(next(self.net.parameters()).device)).cpu())

    def embeddings(self) -> LipEmbeddings:
        """Those of all windows."""
        return torch.cat(self.found) if self.found else torch.zeros(0, 1024)


def squares(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squares (t, 4) around face boxes (t, 4)."""
    size = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    left, top = middle[:, 0] - WIDER * size / 2, middle[:, 1] - size / 2
    return np.stack([left, top, left + WIDER * size, top + WIDER * size], axis=1).astype(np.float32)
