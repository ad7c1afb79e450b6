"""Guided velocities."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from model.flow.guidance import nested
from tests.model.nets_inputs import seed

BARE, REFERENCED, FULL = torch.randn(3, 2, 5, generator=seed(0), dtype=torch.float64)


def answers(value: Tensor, name: str, asked: list[str]) -> Callable[[Tensor, Tensor], Tensor]:
    def velocity(x: Tensor, t: Tensor) -> Tensor:
        asked.append(name)
        return value * x * t[:, None]

    return velocity


def guided(references: float, motion: float) -> tuple[Tensor, list[str]]:
    asked: list[str] = []
    velocity = nested(
        answers(BARE, "bare", asked),
        answers(REFERENCED, "referenced", asked),
        answers(FULL, "full", asked),
        references=references,
        motion=motion,
    )
    x, t = torch.full((2, 5), 2.0, dtype=torch.float64), torch.full((2,), 0.5, dtype=torch.float64)
    return velocity(x, t), asked


@pytest.mark.parametrize(("references", "motion"), [(2.5, 2.5), (2.5, 4.0), (1.0, 3.0), (0.0, 0.0)])
def test_answers_combine_as_the_nested_form_says(references: float, motion: float) -> None:
    found, _ = guided(references, motion)
    expected = BARE + references * (REFERENCED - BARE) + motion * (FULL - REFERENCED)
    assert (found - expected).abs().max() < 1e-12


@pytest.mark.parametrize(
    ("references", "motion", "asked"),
    [
        (2.5, 2.5, ["full", "bare"]),
        (2.5, 4.0, ["full", "referenced", "bare"]),
        (1.0, 1.0, ["full"]),
        (1.0, 0.0, ["referenced"]),
        (0.0, 0.0, ["bare"]),
    ],
)
def test_only_answers_that_count_are_asked_for(references: float, motion: float, asked: list[str]) -> None:
    assert guided(references, motion)[1] == asked


def test_nearly_equal_weights_take_three_answers_and_say_the_same() -> None:
    two, three = guided(2.5, 2.5), guided(2.5, 2.5 + 1e-9)
    assert (len(two[1]), len(three[1])) == (2, 3)
    assert (two[0] - three[0]).abs().max() < 1e-5
