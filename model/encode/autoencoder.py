"""Which autoencoder encodes a data set, and how a worker on any machine comes by it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from model.encode.settings import CODEC
from model.nets.autoencoders.opened import open_codec
from model.nets.autoencoders.wan import VideoCodec
from model.nets.pretrained.folders import network_digest
from storage.place import Place


@dataclass(frozen=True, kw_only=True)
class Autoencoder:
    """Which autoencoder encodes, and where it runs."""

    path: Path | None
    """Folder in diffusers' layout, or file of a patch codec; None for the codec beside the latents."""
    out: str
    """Folder or address of the latents."""
    device: str
    """As torch names it."""
    precision: str
    """Of its numbers: a floating type of torch."""

    @property
    def digest(self) -> str:
        """What its latents are known by.

        Raises:
            OSError: one of its files is missing, or cannot be read.
        """
        with self.local_path() as path:
            return network_digest(path, getattr(torch, self.precision))

    def open(self) -> VideoCodec:
        """The autoencoder, with its weights.

        Raises:
            ValueError: there is none at that path.
        """
        with self.local_path() as path:
            return open_codec(path, torch.device(self.device), getattr(torch, self.precision))

    @contextmanager
    def local_path(self) -> Iterator[Path]:
        """Where its files lie on this machine while the block lasts."""
        place = Place.at(self.out)
        if self.path is not None:
            yield self.path
        elif place.folder is not None:
            yield place.folder / CODEC
        else:
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / CODEC).write_bytes(place.read(CODEC))
                yield Path(folder) / CODEC
