"""Who a person is: sex, age, build and face as numbers, and the body in its rest pose that follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from jobs.synthetic.body_model import BodyModel
from jobs.synthetic.mesh_files import face_traits, read_target

Array = NDArray[np.float64]
Weighted = dict[str, float]

FACE_SPREAD = 0.28
"""Standard deviation of a trait of the face, of the most that the model allows."""
MACRO = "mpfb2/targets/macrodetails"


@dataclass(frozen=True)
class Identity:
    """A person's constant shape; shares are 0..1 and 0.5 is the mean."""

    female: float  # 0 male, 1 female
    age: float  # 0 about 12 years, 0.5 about 25, 1 about 70
    muscle: float
    weight: float
    height: float
    proportions: float  # 0 uncommon, 1 ideal
    ancestry: tuple[float, float, float]  # African, Asian, Caucasian shapes, of sum 1
    face: tuple[tuple[str, float], ...]  # traits by name, -1..1


@dataclass(frozen=True)
class Shape:
    """A body in its rest pose; figure's frame, metres."""

    vertices: Array  # n 3
    heads: Array  # b 3, where bones begin
    tails: Array  # b 3, where they end


def random_identity(random: np.random.Generator, *, youngest: float = 0.35) -> Identity:
    """Somebody: any sex, an age from `youngest` (of `Identity.age`) on, any build and face."""
    ancestry = random.dirichlet((0.5, 0.5, 0.5))
    traits = sorted(face_traits())
    amounts = np.clip(random.normal(0, FACE_SPREAD, len(traits)), -1, 1)
    return Identity(
        female=float(random.integers(2)),
        age=float(random.uniform(youngest, 0.95)),
        muscle=float(random.uniform(0.3, 0.8)),
        weight=float(random.uniform(0.3, 0.75)),
        height=float(random.uniform(0.35, 0.65)),
        proportions=float(random.uniform(0.4, 1.0)),
        ancestry=(float(ancestry[0]), float(ancestry[1]), float(ancestry[2])),
        face=tuple(zip(traits, map(float, amounts), strict=True)),
    )


def shape_of(model: BodyModel, identity: Identity) -> Shape:
    """The body of an identity."""
    vertices = model.vertices.copy()
    for name, share in targets_of(identity):
        vertices += share * read_target(name)
    heads, tails = np.split(model.joints @ vertices, 2)
    return Shape(vertices, heads, tails)


def targets_of(identity: Identity) -> Iterator[tuple[str, float]]:
    """Shape targets and how much of each makes the identity."""
    sex = between({"male": 0.0, "female": 1.0}, identity.female)
    age = between({"child": 0.0, "young": 0.5, "old": 1.0}, identity.age)
    muscle = between({"minmuscle": 0.0, "averagemuscle": 0.5, "maxmuscle": 1.0}, identity.muscle)
    weight = between({"minweight": 0.0, "averageweight": 0.5, "maxweight": 1.0}, identity.weight)
    height = between({"minheight": 0.0, "": 0.5, "maxheight": 1.0}, identity.height)
    ideal = between({"uncommonproportions": 0.0, "": 0.5, "idealproportions": 1.0}, identity.proportions)
    people = dict(zip(("african", "asian", "caucasian"), identity.ancestry, strict=True))
    yield from mixed("{}-{}-{}", people, sex, age)
    yield from mixed("universal-{}-{}-{}-{}", sex, age, muscle, weight)
    yield from mixed("height/{}-{}-{}-{}-{}", sex, age, muscle, weight, height)
    yield from mixed("proportions/{}-{}-{}-{}-{}", sex, age, muscle, weight, ideal)
    traits = face_traits()
    for trait, amount in identity.face:
        yield from ((name, abs(amount)) for name in traits[trait][int(amount > 0)])


def mixed(pattern: str, *weighted: Weighted) -> Iterator[tuple[str, float]]:
    """Targets of every choice of one word each, by the product of their shares; "" is the base mesh."""
    for words in product(*weighted):
        share = float(np.prod([of[word] for of, word in zip(weighted, words, strict=True)]))
        if share > 0 and "" not in words:
            yield f"{MACRO}/{pattern.format(*words)}", share


def between(words: Weighted, value: float) -> Weighted:
    """Shares of the two words between whose values one lies."""
    names, at = list(words), np.array(list(words.values()))
    return {name: float(np.interp(value, at, np.eye(len(at))[k])) for k, name in enumerate(names)}
