"""What a run has learned, ready to make videos."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import torch

from model.checkpoints import check_keys
from model.nets.codecs import open_codec
from model.nets.dit import DiT
from model.nets.motion import MotionSizes
from model.nets.sizes import Sizes
from model.nets.vae import VideoCodec
from model.train import saved
from model.train.engine import DTYPES
from model.train.seat import CODEC

Taken = Literal["average", "last"]
"""Weights averaged over the last steps, or as last moved."""


def device() -> torch.device:
    """Where videos are made: a GPU, if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def trained(run: Path, taken: Taken, where: torch.device) -> tuple[DiT, VideoCodec]:
    """The network of a run's last checkpoint, and the run's autoencoder.

    Raises:
        ValueError: there is none, it is not ours, or the autoencoder is missing.
    """
    found = saved.checkpoints(run)
    if not found:
        raise ValueError(f"{run}: no checkpoint of a run there")
    settings = saved.standing(found[-1]).settings
    net = DiT(sizes_of(settings, found[-1]), torch.Generator())
    weights = saved.averages_of(found[-1]) if taken == "average" else saved.weights_of(found[-1])
    check_keys(weights, net.state_dict(), f"{found[-1]}: these weights do not fit its sizes")
    net.load_state_dict(weights)
    dtype = DTYPES[settings["dtype"]]
    vae = settings["vae"]
    codec = open_codec(Path(vae) if vae else run / CODEC, where, dtype)
    return net.to(where, dtype).eval().requires_grad_(requires_grad=False), codec


def sizes_of(settings: dict[str, Any], folder: Path) -> Sizes:
    """Sizes of a network as a checkpoint tells them.

    Raises:
        ValueError: it tells none.
    """
    try:
        told = dict(settings["sizes"])
        motion = MotionSizes(**told.pop("motion"))
        return Sizes(**{**told, "patch": tuple(told["patch"]), "motion": motion})
    except (KeyError, TypeError) as broken:
        raise ValueError(f"{folder}: does not say how large its network is ({broken})") from broken
