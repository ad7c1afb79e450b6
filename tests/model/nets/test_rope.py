"""Rotary positions."""

from __future__ import annotations

import math

import torch

from model.nets.rope import Rotation, grid, in_time, in_video, rotate, scene_positions
from tests.model.nets_inputs import seed


def test_a_quarter_turn() -> None:
    turned = rotate(torch.tensor([[[[1.0, 0.0]]]]), Rotation(torch.zeros(1, 1), torch.ones(1, 1)))
    assert turned.flatten().tolist() == [0, 1]


def test_angles_are_positions_over_powers_of_the_base() -> None:
    turn = in_time(torch.tensor([3.0]), 4)
    torch.testing.assert_close(turn.sin, torch.tensor([[math.sin(3), math.sin(0.03)]]))


def test_products_of_turned_vectors_depend_on_the_distance_alone() -> None:
    q, k = torch.randn(2, 1, 1, 5, 12, generator=seed(0))
    here = torch.randint(-9, 9, (5, 3), generator=seed(1))
    there = torch.randint(-9, 9, (5, 3), generator=seed(2))

    def products(shift: int) -> torch.Tensor:
        turns = (in_video(positions + shift, 12) for positions in (here, there))
        return (rotate(q, next(turns)) * rotate(k, next(turns))).sum(dim=-1)

    torch.testing.assert_close(products(7), products(0), atol=1e-5, rtol=1e-5)
    assert (products(0) - (q * k).sum(dim=-1)).abs().max() > 0.1


def test_time_moves_the_first_channels_and_columns_the_last() -> None:
    turn = in_video(torch.tensor([[1, 0, 0], [0, 1, 0], [0, 0, 1]]), 14)  # 6 channels of time, 4 and 4
    assert turn.sin.ne(0).tolist() == [
        [True] * 3 + [False] * 4,
        [False] * 3 + [True] * 2 + [False] * 2,
        [False] * 5 + [True] * 2,
    ]


def test_references_lie_before_the_clip() -> None:
    positions = scene_positions(2, 2, 1, 2, torch.device("cpu"))
    assert positions[:, 0].tolist() == [0, 0, 1, 1, -4, -4, -8, -8]
    assert torch.equal(positions[:4], grid(torch.arange(2), 1, 2))
    assert torch.equal(positions[4:6, 1:], positions[:2, 1:])
