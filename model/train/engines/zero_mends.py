"""What DeepSpeed's ZeRO 3 needs mended: a buffer of one type for weights of several, and endless messages."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn


class FlatShards:
    """Shards of weights of several types, moved into one buffer a type: to be read as if they were one row.

    DeepSpeed's ZeRO 3 would have all in one buffer and of one type; it asks for stretches of one type alone.
    """

    def __init__(self, shards: Sequence[Tensor]) -> None:
        self.buffers: list[Tensor] = []
        self.starts: list[int] = []
        start = 0
        for _, run in groupby(shards, key=lambda shard: shard.dtype):
            self.buffers.append(flattened(list(run)))
            self.starts.append(start)
            start += self.buffers[-1].numel()

    def narrow(self, dim: int, start: int, length: int) -> Tensor:
        """A stretch of the row."""
        number = bisect_right(self.starts, start) - 1
        return self.buffers[number].narrow(dim, start - self.starts[number], length)


def flattened(shards: Sequence[Tensor]) -> Tensor:
    """The shards in a row, which they are from now on parts of."""
    row = torch.cat([shard.flatten() for shard in shards])
    for shard, part in zip(shards, row.split([shard.numel() for shard in shards]), strict=True):
        shard.data = part
    return row


@contextmanager
def unprinted() -> Iterator[None]:
    """Tensors are named, not written out: ZeRO 3 puts all its arguments into messages that nobody sees.

    On four ranks of a processor that took most of the time in which a phase begins.
    """
    kinds: tuple[Any, ...] = (Tensor, nn.Parameter)
    before = [kind.__repr__ for kind in kinds]
    for kind in kinds:
        kind.__repr__ = object.__repr__
    try:
        yield
    finally:
        for kind, written in zip(kinds, before, strict=True):
            kind.__repr__ = written
