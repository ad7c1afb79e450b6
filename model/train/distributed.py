"""What one process of a training finds: its device, its rank, and the autoencoder that all ranks share."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch._C._distributed_c10d import PrefixStore

from model.data.settings import LatentSource
from model.encode.fit import fit_codec
from model.nets.autoencoders.opened import open_codec, refuse_unfit
from model.nets.autoencoders.wan import VideoCodec
from model.nets.pretrained.folders import network_digest
from model.train.engines.deepspeed import join
from model.train.engines.engine import DTYPES
from model.train.lifeline import Lifeline, speak
from model.train.names import CODEC
from model.train.ranks import of_all, refuse_unlike
from model.train.settings import Training


@dataclass(frozen=True, kw_only=True)
class DistributedContext:
    """Where this process stands among those of the training."""

    device: torch.device
    rank: int
    world_size: int
    board: Any = None
    """The store that all ranks met by; None where there is one."""
    sequence_parallel: int = 1
    """Neighbours that share batches."""

    @property
    def replica(self) -> int:
        """Number of this rank's group of neighbours."""
        return self.rank // self.sequence_parallel

    @property
    def replicas(self) -> int:
        """Groups of neighbours, each with batches of its own."""
        return self.world_size // self.sequence_parallel


def distributed_context(settings: Training) -> DistributedContext:
    """The seat that torchrun or deepspeed gave, or the only one.

    Raises:
        ValueError: there are several, and the settings are for one.
    """
    rank, world_size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    if settings.zero_stage is None and world_size > 1:
        raise ValueError(
            f"{world_size} processes were started for an engine of one: set zero_stage to 1, 2 or 3"
        )
    shared = settings.sequence_parallel
    if world_size % shared:
        raise ValueError(f"{world_size} ranks do not make groups of {shared}: sequence_parallel divides them")
    device = torch.device("cpu")
    if torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    board = None if settings.zero_stage is None else join(device)
    return DistributedContext(
        device=device, rank=rank, world_size=world_size, board=board, sequence_parallel=shared
    )


def lifeline(context: DistributedContext) -> Lifeline | None:
    """What ends all ranks where one ends; None where there is one alone."""
    if context.board is None or context.world_size == 1:
        return None
    board = PrefixStore("lifeline", context.board.clone())
    return Lifeline(board, context.rank, context.world_size, say=speak, end=os._exit)


def shared_codec(
    run: Path, data: tuple[str, ...], settings: Training, context: DistributedContext
) -> VideoCodec:
    """The autoencoder of the settings, or the run's own, which the first rank fits to the data sets once.

    Raises:
        ValueError: there is none where the settings say, the data set is too small to fit one, or stored
        latents are those of another.
    """
    path, dtype = settings.vae or run / CODEC, DTYPES[settings.dtype]
    if context.rank == 0 and not path.exists() and settings.vae is None:
        run.mkdir(parents=True, exist_ok=True)
        aside = run / (CODEC + ".part")
        fit_codec(*data).save(aside)
        aside.replace(path)
    if settings.zero_stage is not None:
        torch.distributed.barrier()
    digest = network_digest(path, dtype)
    refuse_unlike(of_all({"the autoencoder": digest}))
    codec = open_codec(path, context.device, dtype)
    refuse_unfit(codec, settings.sizes, path)
    check_latents(settings.loader.latents, digest, path)
    return codec


def check_latents(stored: LatentSource | None, digest: str, path: Path) -> None:
    """That stored latents, if any are to be used, are those of the training's autoencoder.

    Raises:
        ValueError: they are not.
    """
    if stored is not None and stored.vae != digest:
        raise ValueError(
            f"the latents in {', '.join(stored.roots)} are those of the autoencoder {stored.vae}, but this "
            f"run's, {path}, is {digest}: give the one that encoded them, at the same precision"
        )
