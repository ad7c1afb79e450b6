"""How answers under less and more guidance combine (method.md 9; nested as in arXiv 2211.09800).

v = v(0, 0) + g_R (v(R, 0) - v(0, 0)) + g_M (v(R, M) - v(R, 0)) with references R and motion M. A weight of 1
is no guidance; the paper takes 2.5 for both.
"""

from __future__ import annotations

from torch import Tensor

from model.flow.solver import Velocity


def nested(
    bare: Velocity, referenced: Velocity, full: Velocity, *, references: float, motion: float
) -> Velocity:
    """Guided velocity of a network, given how it answers to nothing, to references, and to everything.

    Answers of weight zero are not asked for: equal weights take two evaluations, as v(R, 0) cancels, and
    weights of 1 take one.
    """
    terms = [(full, motion), (referenced, references - motion), (bare, 1 - references)]
    asked = [(velocity, weight) for velocity, weight in terms if weight != 0]

    def guided(x: Tensor, t: Tensor) -> Tensor:
        (first, weight), *others = asked
        v = weight * first(x, t)
        for velocity, weight in others:
            v = v + weight * velocity(x, t)
        return v

    return guided
