"""What the ranks of a training tell each other before it begins: the first decides, and all compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import torch

Told = TypeVar("Told")
SHOWN = 12
"""Characters of a digest that tell it from others."""


def own_rank() -> int:
    """The number of this rank."""
    return torch.distributed.get_rank() if torch.distributed.is_initialized() else 0


def of_first(mine: Told) -> Told:
    """What the first rank has; all ranks ask together."""
    if not torch.distributed.is_initialized():
        return mine
    told: list[Told | None] = [mine]
    torch.distributed.broadcast_object_list(told, src=0)
    return told[0]  # type: ignore[return-value]


def of_all(mine: Told) -> list[Told]:
    """What each rank has; all ranks ask together."""
    if not torch.distributed.is_initialized():
        return [mine]
    told: list[Told | None] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(told, mine)
    return told  # type: ignore[return-value]


def refuse_unlike(found: Sequence[Mapping[str, str]]) -> None:
    """Return where all ranks found the same things under the same names.

    Raises:
        ValueError: they did not; says what differs, and where.
    """
    others = [
        f"{name} is {found[0][name][:SHOWN]} for rank 0 and {there[name][:SHOWN]} for rank {rank}"
        for rank, there in enumerate(found)
        for name in found[0]
        if there[name] != found[0][name]
    ]
    if others:
        raise ValueError(
            f"ranks differ before the first step: {'; '.join(others[:4])}: "
            "all have to see one folder of the run, one data set and the same settings"
        )
