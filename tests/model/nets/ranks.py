"""Ranks that share the tokens of a batch, as threads of one process."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import torch
from torch import Tensor

Answer = TypeVar("Answer")


class Thread:
    """A rank of a group whose ranks are threads: what it sends lies where the others read it."""

    def __init__(self, rank: int, size: int, barrier: Barrier, board: dict[int, list[Tensor]]) -> None:
        self.rank, self.size, self.barrier, self.board = rank, size, barrier, board

    def swap(self, row: Tensor, sent: list[int], received: list[int]) -> Tensor:
        self.board[self.rank] = list(row.detach().split(sent))
        self.barrier.wait(60)
        pieces = [self.board[rank][self.rank] for rank in range(self.size)]
        assert [piece.numel() for piece in pieces] == received
        self.barrier.wait(60)
        return torch.cat(pieces)


def on_ranks(size: int, act: Callable[[Thread], Answer]) -> list[Answer]:
    """What each of so many ranks comes to."""
    barrier, board = Barrier(size), dict[int, list[Tensor]]()
    ranks = [Thread(rank, size, barrier, board) for rank in range(size)]
    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(act, ranks))
