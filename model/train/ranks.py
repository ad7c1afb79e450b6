"""What the ranks of a training tell each other before it begins: the first decides, and all compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import torch

Value = TypeVar("Value")
SHOWN = 12
"""Characters of a digest that tell it from others."""


def own_rank() -> int:
    """The number of this rank."""
    return torch.distributed.get_rank() if torch.distributed.is_initialized() else 0


def of_first(mine: Value) -> Value:
    """What the first rank has; all ranks ask together."""
    if not torch.distributed.is_initialized():
        return mine
    values: list[Value | None] = [mine]
    torch.distributed.broadcast_object_list(values, src=0)
    return values[0]  # type: ignore[return-value]


def of_all(mine: Value) -> list[Value]:
    """What each rank has; all ranks ask together."""
    if not torch.distributed.is_initialized():
        return [mine]
    values: list[Value | None] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(values, mine)
    return values  # type: ignore[return-value]


def refuse_unlike(found: Sequence[Mapping[str, str]]) -> None:
    """Return where all ranks found the same things under the same names.

    Raises:
        ValueError: they did not; says what differs, and where.
    """
    others = [
        f"{name} is {found[0][name][:SHOWN]} for rank 0 and {theirs[name][:SHOWN]} for rank {rank}"
        for rank, theirs in enumerate(found)
        for name in found[0]
        if theirs[name] != found[0][name]
    ]
    if others:
        raise ValueError(
            f"ranks differ before the first step: {'; '.join(others[:4])}: "
            "all have to see one folder of the run, one data set and the same settings"
        )
