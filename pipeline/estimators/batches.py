"""Networks on many crops, some at a time, and the file of weights that each is of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.core import EstimatorUnavailable
from engine.identity import content_of

Net = Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], ...]]
"""A network: crops (b, 3, h, w) in, arrays with as many rows out."""
Item = TypeVar("Item")


def in_batches(
    net: Net, items: Sequence[Item], crop: Callable[[Item], NDArray[np.float32]], batch: int
) -> Iterator[tuple[NDArray[np.float32], ...]]:
    """What a network gives for each item's crop; crops are cut when needed, at most `batch` at a time."""
    for first in range(0, len(items), batch):
        crops = np.stack([crop(item) for item in items[first : first + batch]])
        yield from zip(*net(crops), strict=True)


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
    def net(crops: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        result = module(torch.from_numpy(crops).to(device))
        parts = result if isinstance(result, tuple) else (result,)
        return tuple(part.float().cpu().numpy() for part in parts)

    return net


def named_file(path: Path | None, what: str) -> Path:
    """The file that a setting names.

    Raises:
        EstimatorUnavailable: it names none, or one that is not there.
    """
    if path is None or not path.is_file():
        told = "no file is named" if path is None else f"there is no file {path}"
        raise EstimatorUnavailable(
            f"{what}: {told}; `understudy weights --recipe research` says where it is had"
        )
    return path


def digest_of(*paths: Path) -> str:
    """Digest of files, for provenance: the file's own, or that of all in the order of their names."""
    digests = [content_of(path) for path in sorted(paths, key=lambda path: path.name)]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
