"""Ranks of torch.distributed that share the tokens of a batch: neighbours, as a rule of one machine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class ProcessGroup:
    """A `SequenceGroup` of processes."""

    rank: int
    size: int
    processes: Any

    @staticmethod
    @cache
    def of(size: int) -> ProcessGroup:
        """This rank's group of so many neighbours; all ranks ask together, once."""
        rank, world_size = torch.distributed.get_rank(), torch.distributed.get_world_size()
        groups = [
            torch.distributed.new_group(list(range(first, first + size)))
            for first in range(0, world_size, size)
        ]
        return ProcessGroup(rank % size, size, groups[rank // size])

    def swap(self, row: Tensor, sent: list[int], received: list[int]) -> Tensor:
        """Numbers of all ranks of the group in a row."""
        found = row.new_empty(sum(received))
        torch.distributed.all_to_all_single(found, row, received, sent, group=self.processes)
        return found
