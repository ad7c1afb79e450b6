"""Networks on many crops, a batch at a time, and the file of weights that each is of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.core import EstimatorUnavailable
from engine.identity import content_of
from pipeline.estimators.crop_grid import Cut, Cutter, OnProcessor
from schemas.media import Frames

Made = TypeVar("Made")
Net = Callable[[Any], tuple[Any, ...]]
"""A network: crops (b, 3, h, w) in, arrays with as many rows out, or tensors that a device still makes."""
ON_PROCESSOR = OnProcessor()
"""Who cuts crops where nothing else is said."""
Rows = tuple[NDArray[np.float32], ...]
"""What a network gives, an array each."""


class Batches:
    """A network on crops as they come, called whenever a batch is full, whichever windows they are of.

    Nothing is waited for before the end, so a GPU works on one batch while the next is cut.
    """

    def __init__(self, net: Net, size: int, cutter: Cutter = ON_PROCESSOR) -> None:
        self.net = net
        self.size = size
        self.cutter = cutter
        self.crops: list[Any] = []
        self.given: list[tuple[Any, ...]] = []

    def add(self, frames: Frames, t: int, cut: Cut) -> None:
        """Have the network see one more crop, of one of the frames."""
        self.crops.append(self.cutter(frames, t, cut))
        if len(self.crops) == self.size:
            self.call()

    def call(self) -> None:
        """Call the network on what waits."""
        self.given.append(self.net(self.cutter.stacked(self.crops)))
        self.crops.clear()

    def rows(self) -> Rows | None:
        """What the network gives for all crops (n, ...), in their order; None where there was none."""
        if self.crops:
            self.call()
        if not self.given:
            return None
        return tuple(
            np.concatenate([arrived(part) for part in parts]) for parts in zip(*self.given, strict=True)
        )


def arrived(part: Any) -> NDArray[np.float32]:
    """What a network gave, in the memory of the processor."""
    result: NDArray[np.float32] = part.cpu().numpy() if hasattr(part, "cpu") else part
    return result


def on_device(module: Any, device: str) -> Net:
    """A module of torch as a network on a device.

    Raises:
        EstimatorUnavailable: there is no such device.
    """
    import torch

    if device != "cpu" and not torch.cuda.is_available():
        raise EstimatorUnavailable(f"no CUDA device for {device!r}; use device 'cpu'")
    module = module.to(device)

    @torch.inference_mode()
    def net(crops: Any) -> tuple[Any, ...]:
        result = module(crops if isinstance(crops, torch.Tensor) else torch.from_numpy(crops).to(device))
        parts = result if isinstance(result, tuple) else (result,)
        return tuple(part.float() for part in parts)

    return net


def cutter_on(device: str) -> Cutter:
    """Who cuts crops for a network on a device: there, but for a processor, which is faster by OpenCV."""
    if device == "cpu":
        return ON_PROCESSOR
    from pipeline.estimators.device_crops import OnDevice

    return OnDevice(device)


def named_file(path: Path | None, what: str) -> Path:
    """The file that a setting names.

    Raises:
        EstimatorUnavailable: it names none, or one that is not there.
    """
    if path is None or not path.is_file():
        problem = "no file is named" if path is None else f"there is no file {path}"
        raise EstimatorUnavailable(
            f"{what}: {problem}; `understudy weights --recipe research` says where it is had"
        )
    return path


def network_of(path: Path, made_of: Callable[[Any], Made]) -> Made:
    """What `made_of` makes of a file's weights; nothing in the file is run.

    Raises:
        ValueError: the file cannot be read, or is of another network; names it.
    """
    from storage.weight_files import read_weights

    weights = read_weights(path)
    try:
        return made_of(weights)
    except ValueError as wrong:
        raise ValueError(f"{path}: {wrong}") from wrong


def digest_of(*paths: Path) -> str:
    """Digest of files, for provenance: the file's own, or that of all in the order of their names."""
    digests = [content_of(path) for path in sorted(paths, key=lambda path: path.name)]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
