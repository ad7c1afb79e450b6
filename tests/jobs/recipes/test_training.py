"""Recipes of trainings: what their numbers promise."""

from __future__ import annotations

from typing import get_args

import pytest

from jobs.recipes.training import RECIPES, Name
from model.nets.param_groups import PUBLIC
from model.planning.flops import parameters


def test_each_name_has_a_recipe() -> None:
    assert tuple(RECIPES) == get_args(Name)


def test_tiny_has_a_million_weights() -> None:
    assert 0.5e6 < sum(parameters(RECIPES["tiny"]().sizes).values()) < 3e6


@pytest.mark.parametrize(("name", "base"), [("wan_1b", 1.4e9), ("paper", 14.3e9)])
def test_bases_are_the_public_networks_of_their_names(name: Name, base: float) -> None:
    held = parameters(RECIPES[name]().sizes)
    assert sum(held[part] for part in PUBLIC) == pytest.approx(base, rel=0.03)


def test_the_papers_steps() -> None:
    assert [phase.steps for phase in RECIPES["paper"]().phases] == [20_000, 20_000, 30_000]


@pytest.mark.parametrize(("name", "before"), [("speech_tiny", "tiny"), ("speech_wan_1b", "wan_1b")])
def test_speech_goes_on_from_the_same_training(name: Name, before: Name) -> None:
    longer, first = RECIPES[name](), RECIPES[before]()
    assert longer.phases[:-1] == first.phases
    assert longer.phases[-1].learning == ("speech",)
    assert longer.loader.sample.speech
    assert not first.loader.sample.speech
    assert longer.sizes == first.sizes
