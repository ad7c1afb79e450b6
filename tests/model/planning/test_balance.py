"""The order of an epoch keeps ranks busy: simulated with the order itself and the formulas of operations."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from jobs.recipes.training import RECIPES, Name
from model.data.epoch_order import Epoch, OrderSettings, SamplingTable, epoch_order
from model.data.groups import AS_IT_IS
from model.data.reference_rule import ReferenceRule, num_shown
from model.data.rng import words
from model.nets.sizes import Sizes, wan_1b, wan_14b
from model.planning.flops import operations
from model.planning.products import WindowSpec
from model.train.phases import everything

CANVASES = np.array([(960, 640), (640, 960), (784, 784), (1088, 560)])
LEARNING = frozenset(everything(1).learning)


def films(count: int) -> SamplingTable:
    """Clips of 25 to 240 frames, short ones more often, with one to four references."""
    rng = np.random.default_rng(3)
    width, height = CANVASES[rng.integers(len(CANVASES), size=count)].T
    return SamplingTable(
        digest="films",
        ident=words(count, "films"),
        shard=np.arange(count) // 50,
        width=width.copy(),
        height=height.copy(),
        frames=25 + (215 * rng.random(count) ** 2).astype(np.int64),
        references=rng.integers(1, 5, count),
        group=np.zeros(count, np.int64),
        data_set=np.zeros(count, np.int64),
    )


@cache
def seconds(sizes: Sizes, width: int, height: int, frames: int, references: int, clips: int) -> float:
    """What a batch takes, in operations."""
    window = WindowSpec(frames=frames, width=width, height=height, references=references, clips=clips)
    return float(operations(sizes, window, LEARNING, activation_checkpointing=True).total)


def work(sizes: Sizes, samples: SamplingTable, epoch: Epoch) -> list[float]:
    """What each slot takes."""
    shown = num_shown(ReferenceRule(), samples.references[epoch.row], epoch.seed)
    most = np.maximum.reduceat(shown, epoch.bounds[:-1]).tolist()
    clips = np.diff(epoch.bounds).tolist()
    first = epoch.bounds[:-1]
    row, frames = epoch.row[first], epoch.frames[first].tolist()
    sides = zip(samples.width[row].tolist(), samples.height[row].tolist(), strict=True)
    return [seconds(sizes, *s, f, k, c) for s, f, k, c in zip(sides, frames, most, clips, strict=True)]


def busy(times: list[float], world_size: int) -> float:
    """Share of the time in which ranks work, which wait for the slowest at every step."""
    steps = np.array(times[: len(times) // world_size * world_size]).reshape(-1, world_size)
    return float(steps.mean() / steps.max(axis=1).mean())


@pytest.mark.parametrize(("sizes", "linear"), [(wan_1b(), 16_000), (wan_14b(), 32_000)], ids=["1.3B", "14B"])
def test_ranks_work_nine_tenths_of_the_time(sizes: Sizes, linear: int) -> None:
    samples = films(12_000)
    settings = OrderSettings(groups=AS_IT_IS, linear_tokens=linear)
    times = work(sizes, samples, epoch_order(samples, settings, 0, 0))
    found = {ranks: busy(times, ranks) for ranks in (8, 64)}
    print(found)
    assert min(found.values()) > 0.9
    mixed = OrderSettings(groups=AS_IT_IS, linear_tokens=linear, alike=1)
    assert busy(work(sizes, samples, epoch_order(samples, mixed, 0, 0)), 8) < 0.7


@pytest.mark.parametrize("name", ["wan_1b", "paper"])
def test_recipes_know_what_a_token_costs_beside_its_attention(name: Name) -> None:
    settings = RECIPES[name]()
    window = WindowSpec(frames=121, width=960, height=640, references=4)
    short, long = (
        operations(settings.sizes, w, LEARNING, activation_checkpointing=True).total
        for w in (WindowSpec(frames=25, width=960, height=640, references=4), window)
    )
    tokens, linear = np.array([16_800, 74_400]), settings.loader.order.linear_tokens
    both = tokens + 4 * 2_400.0
    cost = both * (both + linear) + tokens * 4 * 2_400.0
    assert long / short == pytest.approx(cost[1] / cost[0], rel=0.05)
