"""Several processes that make one film, started by torchrun: each does what is cheap, and shares the rest."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from model.nets.dit import DiT
from model.sample.solve import Share
from model.train.engines.process_group import ProcessGroup

Across = Literal["guidance", "tokens"]
"""What processes share of a step: its answers under guidance, up to four, or all tokens (Ulysses)."""


def place() -> torch.device:
    """Where this process makes films: its own GPU, if there is one. Several processes meet here.

    They meet at the address that torchrun tells.
    """
    on_gpu = torch.cuda.is_available()
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not torch.distributed.is_initialized():
        torch.distributed.init_process_group("nccl" if on_gpu else "gloo")
    if not on_gpu:
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


def shared(across: Across, nets: Sequence[DiT]) -> Share | None:
    """This process's share of the answers, or none, and the networks share their tokens.

    Raises:
        ValueError: their heads cannot be shared by so many processes.
    """
    if not torch.distributed.is_initialized():
        return None
    size = torch.distributed.get_world_size()
    if across == "guidance":
        return Share(torch.distributed.get_rank(), size, summed)
    for net in nets:
        for heads in (net.sizes.heads, net.sizes.branch_heads):
            if heads % size:
                raise ValueError(f"{heads} heads cannot be shared by {size} processes: --across guidance can")
        net.group = ProcessGroup.of(size)
    return None


def summed(mine: Tensor) -> Tensor:
    """The sum of what all processes have."""
    torch.distributed.all_reduce(mine)
    return mine
