"""Loss by region, and under the conditions of another clip."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import torch

from model.encode.inputs import Inputs
from model.eval import ablation
from model.eval.regions import REGIONS
from model.nets.conditions import Conditions, FaceCrops
from model.sample.solve import SamplerSettings
from tests.model.nets_inputs import awake, small
from tests.model.train.runs import some_codec

EYES_AND_MOUTH = torch.tensor([[10.0, 10.0], [22.0, 10.0], [16.0, 24.0]]).expand(1, 5, 3, 2)
NET = awake(small(width=24, layers=1, ffn=48))


def one(height: int, width: int, seed: int) -> Inputs:
    """A clip of 5 frames with a head sphere above a bone."""
    generator = torch.Generator().manual_seed(seed)
    maps = torch.zeros(1, 6, 5, 8 * height, 8 * width)
    maps[:, 0, :, 32:40, 20] = 1
    maps[:, 3:, :, 8:24, 12:28] = 0.5
    flag = torch.ones(1, dtype=torch.bool)
    conditions = Conditions(
        maps=maps,
        motion_seen=flag,
        references=torch.randn(1, 1, 16, height, width, generator=generator),
        references_seen=flag[:, None],
        first=torch.zeros(1, 16, height, width),
        first_given=flag,
        faces=FaceCrops(
            torch.rand(1, 5, 3, 32, 32, generator=generator), EYES_AND_MOUTH, flag[:, None].expand(1, 5)
        ),
    )
    return Inputs(latents=torch.randn(1, 16, 2, height, width, generator=generator), conditions=conditions)


LESSONS = [one(8, 6, 1), one(6, 8, 2)]


@pytest.mark.parametrize(
    "swap",
    [ablation.pose_of_another, ablation.face_of_another, ablation.references_of_another, ablation.nothing],
)
def test_every_swap_is_felt_and_fits_the_canvas(swap: ablation.Swap) -> None:
    losses = partial(ablation.losses, NET, LESSONS, times=2, timestep_shift=1.0, seed=0)
    own = losses(ablation.as_it_is)
    assert own == losses(ablation.as_it_is)
    assert set(own) == set(REGIONS)
    other = losses(swap)
    assert other["all"] != own["all"]


def test_a_swap_moves_pixels_where_the_network_shows_it() -> None:
    films = partial(ablation.films, NET, some_codec(), LESSONS, sampler=SamplerSettings(steps=2), seed=0)
    own, other = films(ablation.as_it_is), films(ablation.face_of_another)
    moved = ablation.moved(LESSONS, own, other)
    assert moved == ablation.moved(LESSONS, films(ablation.as_it_is), films(ablation.face_of_another))
    assert set(moved) == set(REGIONS)
    assert min(moved.values()) > 0
    assert set(ablation.moved(LESSONS, own, films(ablation.as_it_is)).values()) == {0.0}


def test_a_swap_changes_one_condition() -> None:
    mine, other = (inputs.conditions for inputs in LESSONS)
    swapped = ablation.pose_of_another(mine, other)
    assert swapped.maps.shape == mine.maps.shape
    assert not torch.equal(swapped.maps, mine.maps)
    assert replace(swapped, maps=mine.maps) == mine
    assert ablation.face_of_another(mine, other).faces is other.faces
