"""The packaged network: features of a film's frames, and their distance to the truth's, in one pass."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.eval.effnet import EffNet, apart, prepared
from model.eval.stream import Pictures, Readings


class EffNetMeter:
    """Features `effnet` of the made film, and `effnet_distance` where there is a truth."""

    def __init__(self, net: EffNet) -> None:
        self.net = net
        self.rows: list[NDArray[np.float32]] = []
        self.distances: list[NDArray[np.float64]] = []

    @torch.inference_mode()
    def see(self, made: Pictures, truth: Pictures | None) -> None:
        """Frames and their truth."""
        features, seen = self.through(made)
        self.rows.append(np.asarray(features.cpu().numpy(), np.float32))
        if truth is not None:
            self.distances.append(apart(seen, self.through(truth)[1]).cpu().double().numpy())

    def through(self, pictures: Pictures) -> tuple[Tensor, list[Tensor]]:
        """What the network gives for pictures (n, h, w, 3)."""
        x = torch.from_numpy(pictures).to(next(self.net.parameters()).device).permute(0, 3, 1, 2)
        found: tuple[Tensor, list[Tensor]] = self.net(prepared(x))
        return found

    def tell(self) -> Readings:
        """Rows, and a value of each frame."""
        values = {"effnet_distance": np.concatenate(self.distances)} if self.distances else {}
        return Readings(frames=values, features={"effnet": np.concatenate(self.rows)})
