from __future__ import annotations

import torch
from torch import nn

from model.train.engines.zero_mends import FlatShards, unprinted


def test_shards_of_several_types_are_read_as_one_row() -> None:
    shards = [torch.arange(3.0), torch.arange(3.0, 5.0), torch.arange(5, 9).bfloat16()]
    row = FlatShards(shards)
    assert row.narrow(0, 1, 4).tolist() == [1, 2, 3, 4]
    assert row.narrow(0, 6, 2).tolist() == [6, 7]
    assert row.narrow(0, 5, 1).dtype == torch.bfloat16
    row.narrow(0, 3, 1).fill_(7)
    assert shards[1].tolist() == [7, 4], "shards are parts of the row"


def test_tensors_are_not_written_out_for_a_while() -> None:
    numbers, weight = torch.full((3,), 1.25), nn.Parameter(torch.full((3,), 1.25))
    with unprinted():
        assert "1.25" not in f"{[numbers, weight]!r}"
    assert "1.25" in repr(numbers)
    assert "1.25" in repr(weight)
