from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jobs.synthetic.identity import between, random_identity, shape_of, targets_of
from jobs.synthetic.surface import random_surface

SOMEBODY = random_identity(np.random.default_rng(5))


def stature(model, **changes):
    shape = shape_of(model, replace(SOMEBODY, face=(), **changes))
    skin = shape.vertices[np.unique(model.quads[model.faces("skin")])]
    return np.ptp(skin, axis=0)


def test_seeds_make_people_and_the_same_seed_the_same_one():
    again, other = (random_identity(np.random.default_rng(seed)) for seed in (5, 6))
    assert again == SOMEBODY != other
    looks = [random_surface(np.random.default_rng(seed), SOMEBODY) for seed in (1, 1, 2)]
    assert looks[0] == looks[1] != looks[2]


def test_numbers_of_a_build_mean_what_they_say(model):
    assert stature(model, height=0.9)[1] > stature(model, height=0.1)[1] + 0.2
    assert 1.5 < stature(model, age=0.5, height=0.5, female=0.0)[1] < 1.95
    assert stature(model, weight=0.95)[2] > stature(model, weight=0.05)[2] + 0.01


def test_traits_of_the_face_move_the_face_alone(model):
    plain, long_nosed = (
        shape_of(model, replace(SOMEBODY, face=face)).vertices
        for face in ((), (("nose-scale-depth-decr-incr", 1.0),))
    )
    moved = np.linalg.norm(plain - long_nosed, axis=1)
    assert moved.max() > 0.003
    assert plain[moved > 0][:, 2].max() < 0.0  # in front


def test_targets_of_each_kind_add_up_to_one():
    shares = [share for name, share in targets_of(SOMEBODY) if "universal" in name]
    assert sum(shares) == pytest.approx(1)
    assert between({"a": 0.0, "b": 0.5, "c": 1.0}, 0.6) == pytest.approx({"a": 0, "b": 0.8, "c": 0.2})
