"""Metrics of frames beside their truth: PSNR, SSIM and LPIPS."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.eval.lpips import Lpips
from model.eval.networks import Networks
from model.eval.pictures import psnr, ssim_disco, ssim_gauss_rgb
from model.eval.stream import Pictures, Readings


class PictureMeter:
    """Values of each frame by each metric of pictures; nothing where there is no truth."""

    def __init__(self, networks: Networks) -> None:
        self.networks = networks
        self.values: dict[str, list[NDArray[np.floating]]] = {}

    @torch.inference_mode()
    def see(self, made: Pictures, truth: Pictures | None) -> None:
        """Frames and their truth."""
        if truth is not None:
            for name, values in self.of(made, truth).items():
                self.values.setdefault(name, []).append(values)

    def tell(self) -> Readings:
        """Values by metric."""
        return Readings(
            frames={name: np.concatenate(parts).astype(np.float64) for name, parts in self.values.items()}
        )

    def of(self, made: Pictures, truth: Pictures) -> dict[str, NDArray[np.floating]]:
        """Values of some frames (n, h, w, 3)."""
        nets = self.networks
        values: dict[str, NDArray[np.floating]] = {
            "psnr": psnr(made, truth),
            "ssim_gauss_rgb": ssim_gauss_rgb(made, truth),
            "ssim_disco": ssim_disco(made, truth),
        }
        if nets.alex is not None:
            values["lpips_alex"] = perceived(nets.alex, made, truth, low=-1.0)
        if nets.vgg is not None:
            values["lpips_vgg"] = perceived(nets.vgg, made, truth, low=-1.0)
            values["lpips_disco"] = perceived(nets.vgg, made, truth, low=0.0)  # what DisCo feeds: 0 to 1
        return values


def perceived(net: Lpips, made: Pictures, truth: Pictures, *, low: float) -> NDArray[np.floating]:
    """LPIPS of frames whose black is `low` and whose white is 1."""
    device = net.get_buffer("shift").device

    def fed(pictures: Pictures) -> Tensor:
        x = torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 255
        return x * (1 - low) + low

    return np.asarray(net(fed(made), fed(truth)).cpu().numpy())
