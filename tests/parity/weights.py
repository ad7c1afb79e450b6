"""Weights from their own names, so that golden outputs need no weight files.

Both sides draw each tensor from Philox words keyed by the checksum of its name; raw words are the same in
every version of numpy. Values are spread so that the signal survives all layers: with default weights two
different inputs give nearly the same output, and no test could fail.
"""

from __future__ import annotations

import json
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

SCALES = {"weight", "g", "scale", "gamma"}


def uniform(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Values of mean 0 and deviation 1, even in +-sqrt(3)."""
    words = np.random.Philox(key=zlib.crc32(name.encode())).random_raw(math.prod(shape))
    values = ((words >> np.uint64(40)) / 2.0**24 * 2 - 1) * math.sqrt(3)
    return values.astype(np.float32).reshape(shape)


def weight(name: str, shape: tuple[int, ...], gain: float) -> NDArray[np.float32]:
    """The tensor of that name."""
    values, leaf = uniform(name, shape), name.rpartition(".")[2]
    if leaf == "running_var":
        return 1 + np.float32(0.25) * values
    if len(shape) >= 2:
        return np.float32(gain / math.sqrt(math.prod(shape[1:]))) * values
    if leaf in SCALES:
        return 1 + np.float32(0.1) * values
    return np.float32(0.1) * values


def drawn(net: nn.Module, gain: float) -> dict[str, Tensor]:
    """A state dict for `net`; whole numbers (counters of batch norms) stay 0."""
    return {
        name: torch.from_numpy(weight(name, tuple(tensor.shape), gain))
        if tensor.is_floating_point()
        else torch.zeros_like(tensor)
        for name, tensor in net.state_dict().items()
    }


def weights_of(meta: dict[str, Any]) -> dict[str, Tensor]:
    """All tensors that a fixture's network has, by its own list of keys."""
    return {
        name: torch.from_numpy(weight(name, tuple(shape), meta["gain"]))
        if dtype.startswith("float")
        else torch.zeros(shape, dtype=torch.int64)
        for name, (shape, dtype) in meta["keys"].items()
    }


def golden(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """A fixture's description, the list of all keys of its network included, and its outputs."""
    with np.load(path) as file:
        arrays = {name: torch.from_numpy(file[name]) for name in file.files if name != "meta"}
        return json.loads(file["meta"].tobytes()), arrays
