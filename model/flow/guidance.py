"""How answers under less and more guidance combine (method.md 9).

Each answer is told of some conditions: references R, and a caption with them, pose P, face F. A weight of 1
is no guidance; the paper takes 2.5. Answers are asked for only as they occur in training: a face comes with
its pose.

    nested       v(0) + g_R (v(R) - v(0)) + g_P (v(RP) - v(R)) + g_F (v(RPF) - v(RP))      arXiv 2211.09800
    independent  v(RPF) + (g_R - 1) (v(RPF) - v(PF)) + (g_P - 1) (v(RP) - v(R)) + (g_F - 1) (v(RPF) - v(RP))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from model.flow.solver import Velocity

Form = Literal["nested", "independent"]


class ConditionMask(NamedTuple):
    """What an answer is told of."""

    references: bool
    pose: bool
    face: bool


NOTHING = ConditionMask(references=False, pose=False, face=False)
REFERENCES = ConditionMask(references=True, pose=False, face=False)
POSED = ConditionMask(references=True, pose=True, face=False)
DRIVEN = ConditionMask(references=False, pose=True, face=True)
ALL = ConditionMask(references=True, pose=True, face=True)


def answers(form: Form, *, references: float, pose: float, face: float) -> dict[ConditionMask, float]:
    """The answers to ask for and the weight of each; weights add up to 1.

    Answers of weight zero are not asked for: equal weights take two in the nested form and three in the
    independent one, and weights of 1 take one.
    """
    weights = (
        {NOTHING: 1 - references, REFERENCES: references - pose, POSED: pose - face, ALL: face}
        if form == "nested"
        else {DRIVEN: 1 - references, REFERENCES: 1 - pose, POSED: pose - face, ALL: references + face - 1}
    )
    return {shown: weight for shown, weight in weights.items() if weight}


def one_by_one(asked: Sequence[Velocity], weights: Sequence[float]) -> Velocity:
    """The weighted sum of velocities, each asked for by itself."""

    def guided(x: Tensor, t: Tensor) -> Tensor:
        first, *others = (weight * velocity(x, t) for velocity, weight in zip(asked, weights, strict=True))
        return sum(others, first)

    return guided


def in_one_batch(asked: Velocity, weights: Sequence[float]) -> Velocity:
    """The same of a velocity whose batch has the clips of the first answer, then those of the second, ..."""

    def guided(x: Tensor, t: Tensor) -> Tensor:
        found = asked(torch.cat([x] * len(weights)), t.repeat(len(weights))).chunk(len(weights))
        first, *others = (weight * v for v, weight in zip(found, weights, strict=True))
        return sum(others, first)

    return guided
