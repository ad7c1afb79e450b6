"""Guided velocities."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from model.flow.guidance import (
    ALL,
    DRIVEN,
    NOTHING,
    POSED,
    REFERENCES,
    ConditionMask,
    Form,
    answers,
    in_one_batch,
    one_by_one,
)
from model.flow.solver import Velocity
from tests.model.nets_inputs import seed

V = dict(
    zip(
        (NOTHING, REFERENCES, POSED, ALL, DRIVEN),
        torch.randn(5, 2, 5, generator=seed(0), dtype=torch.float64),
        strict=True,
    )
)


def velocity(value: Tensor) -> Velocity:
    return lambda x, t: value * x * t[:, None]


def guided(form: Form, references: float, pose: float, face: float) -> tuple[Tensor, list[ConditionMask]]:
    weights = answers(form, references=references, pose=pose, face=face)
    x, t = torch.full((2, 5), 2.0, dtype=torch.float64), torch.full((2,), 0.5, dtype=torch.float64)
    found = one_by_one([velocity(V[shown]) for shown in weights], [*weights.values()])(x, t)
    together = velocity(torch.cat([V[shown] for shown in weights]))
    torch.testing.assert_close(in_one_batch(together, [*weights.values()])(x, t), found)
    return found, list(weights)


WEIGHTS = [(2.5, 2.5, 2.5), (2.5, 4.0, 2.5), (1.0, 3.0, 5.0), (0.0, 0.0, 0.0)]


@pytest.mark.parametrize(("references", "pose", "face"), WEIGHTS)
def test_answers_combine_as_the_nested_form_says(references: float, pose: float, face: float) -> None:
    found, _ = guided("nested", references, pose, face)
    expected = V[NOTHING] + references * (V[REFERENCES] - V[NOTHING])
    expected = expected + pose * (V[POSED] - V[REFERENCES]) + face * (V[ALL] - V[POSED])
    assert (found - expected).abs().max() < 1e-12


@pytest.mark.parametrize(("references", "pose", "face"), WEIGHTS)
def test_answers_combine_as_the_independent_form_says(references: float, pose: float, face: float) -> None:
    found, _ = guided("independent", references, pose, face)
    expected = V[ALL] + (references - 1) * (V[ALL] - V[DRIVEN])
    expected = expected + (pose - 1) * (V[POSED] - V[REFERENCES]) + (face - 1) * (V[ALL] - V[POSED])
    assert (found - expected).abs().max() < 1e-12


@pytest.mark.parametrize(
    ("form", "weights", "asked"),
    [
        ("nested", (2.5, 2.5, 2.5), {ALL, NOTHING}),
        ("nested", (2.5, 4.0, 4.0), {ALL, REFERENCES, NOTHING}),
        ("nested", (2.5, 2.5, 4.0), {ALL, POSED, NOTHING}),
        ("nested", (2.5, 3.0, 4.0), {ALL, POSED, REFERENCES, NOTHING}),
        ("nested", (1.0, 1.0, 1.0), {ALL}),
        ("nested", (1.0, 0.0, 0.0), {REFERENCES}),
        ("nested", (0.0, 0.0, 0.0), {NOTHING}),
        ("independent", (2.5, 2.5, 2.5), {ALL, DRIVEN, REFERENCES}),
        ("independent", (1.0, 1.0, 1.0), {ALL}),
        ("independent", (1.0, 1.0, 3.0), {ALL, POSED}),
    ],
)
def test_only_answers_that_count_are_asked_for(
    form: Form, weights: tuple[float, float, float], asked: set[ConditionMask]
) -> None:
    assert set(guided(form, *weights)[1]) == asked


def test_nearly_equal_weights_take_three_answers_and_say_the_same() -> None:
    two, three = guided("nested", 2.5, 2.5, 2.5), guided("nested", 2.5, 2.5 + 1e-9, 2.5 + 1e-9)
    assert (len(two[1]), len(three[1])) == (2, 3)
    assert (two[0] - three[0]).abs().max() < 1e-5
