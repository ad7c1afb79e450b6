"""The loader as a trainer uses it: every rank, any number of workers, stopped and resumed, damaged data."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from dataset.index import read_index
from model.data.batch import tensors
from model.data.data_order import Order
from model.data.epoch_order import Epoch, OrderSettings, SamplingTable, epoch_order
from model.data.groups import AS_IT_IS, EVEN
from model.data.loader import Loader
from model.data.mixture import MixedSamples
from model.data.reference_rule import ReferenceRule
from model.data.settings import LoaderSettings, SampleSettings
from model.data.windows import WindowRule
from tests.model.data import sets
from tests.model.data.drawn import Slot, planned, slot_of
from tests.processes import alive, program, wait_until

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create")  # more workers than cores

ROOT = Path(__file__).resolve().parents[3]
RANKS = (1, 2, 3, 5)
WORKERS = (0, 1, 2, 3)
FEW = ((0, 1), (3, 2), (1, 5))
"""Workers and ranks under which a run is stopped before every change; all others take long."""
SLOTS = 30
"""A whole number of steps for every number of ranks, in the third epoch of the small data set."""

State = dict[str, Any]


def run(
    out: Path, settings: LoaderSettings, world_size: int, steps: int, state: State | None = None
) -> tuple[list[Slot], State]:
    """The slots of some steps of all ranks in their order, and the state that every rank then has."""
    of_ranks, states = [], []
    for rank in range(world_size):
        loader = Loader(str(out), settings, rank=rank, world_size=world_size)
        if state is not None:
            loader.load_state_dict(state)
        of_ranks.append([slot_of(batch) for batch in itertools.islice(loader, steps)])
        states.append(loader.state_dict())
    assert all(one == states[0] for one in states)
    return [slot for step in zip(*of_ranks, strict=True) for slot in step], states[0]


def quick(**changes) -> LoaderSettings:
    """One or two samples of 25 frames a batch, their maps read: many runs in little time."""
    epoch_order = replace(sets.settings().order, window=WindowRule(max_frames=25), max_tokens=800)
    one_ahead = 15 * max(changes.get("workers", 0), 1)
    return sets.settings(
        order=epoch_order, sample=SampleSettings(maps="baked"), batches_ahead_mib=one_ahead, **changes
    )


@pytest.fixture(scope="module")
def before(data_set):
    """For each configuration: what a run gave before it stopped at slot 30, and its state."""
    return cache(
        lambda world_size, workers: run(data_set, quick(workers=workers), world_size, SLOTS // world_size)
    )


@pytest.fixture(scope="module")
def after(data_set):
    """For each configuration and state: what a run gives that goes on from there."""

    @cache
    def resumed(world_size: int, workers: int, state: tuple[tuple[str, Any], ...]) -> list[Slot]:
        return run(data_set, quick(workers=workers), world_size, -(-10 // world_size), dict(state))[0]

    return resumed


@pytest.mark.parametrize(
    ("workers", "world_size"),
    [
        pytest.param(workers, ranks, marks=[] if (workers, ranks) in FEW else [pytest.mark.long])
        for workers, ranks in itertools.product(WORKERS, RANKS)
    ],
)
def test_stopped_under_this_and_resumed_under_every_other(data_set, before, after, world_size, workers):
    """All pairs of ranks and workers before and after: what follows is the rest of the order, once."""
    slots, state = before(world_size, workers)
    assert slots == planned(data_set, quick(), range(SLOTS))
    for other_ranks, other_workers in itertools.product(RANKS, WORKERS):
        rest = after(other_ranks, other_workers, tuple(state.items()))
        assert rest == planned(data_set, quick(), range(SLOTS, SLOTS + len(rest)))


@pytest.mark.parametrize("trial", range(6))
def test_stopped_at_random_steps_again_and_again_an_epoch_is_whole(data_set, trial):
    """Each leg under other ranks and workers, to the end of the second epoch: every sample exactly twice."""
    lots = random.Random(trial)
    order = Order(MixedSamples((read_index(data_set),)), quick().order, quick().sample.references, 0)
    total = order.slots_of(0) + order.slots_of(1)
    seen: list[Slot] = []
    state: State = Loader(str(data_set), quick()).state_dict()
    while len(seen) < total:
        world_size = lots.choice([world_size for world_size in RANKS if world_size <= total - len(seen)])
        steps = lots.randint(1, min(4, (total - len(seen)) // world_size))
        slots, state = run(data_set, quick(workers=lots.choice(WORKERS)), world_size, steps, state)
        seen += slots
    assert seen == planned(data_set, quick(), range(total))
    keys = sorted(key for slot in seen for key, _, _ in slot)
    assert keys == sorted(2 * [row.key for row in read_index(data_set).rows()])
    assert (state["epoch"], state["slot"]) == (2, 0)


def test_batches_are_the_same_bytes_whoever_makes_them(data_set):
    made = [
        list(itertools.islice(Loader(str(data_set), sets.settings(workers=workers)), 4)) for workers in (0, 2)
    ]
    for one, other in zip(*made, strict=True):
        assert one.keys == other.keys
        for name, tensor in tensors(one).items():
            assert torch.equal(tensor, getattr(other, name)), name


KILLED = """
import sys, time
from model.data.loader import Loader
from tests.model.data import sets

if __name__ == "__main__":
    loader = Loader(sys.argv[1], sets.settings(workers=2))
    for batch in loader:
        print(loader.state_dict()["epoch"], loader.state_dict()["slot"], ",".join(batch.keys), flush=True)
"""


def test_killed_outright_nothing_stays_behind_and_nothing_is_lost(data_set, tmp_path):
    """SIGKILL in the middle of training: the workers go too, and the last saved state leads on."""
    script = tmp_path / "train.py"
    script.write_text(KILLED)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with program(sys.executable, script, data_set, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        said_so = [process.stdout.readline().split() for _ in range(7)]
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) >= 2
        process.kill()
        process.wait()
        wait_until(lambda: not any(alive(child.pid) for child in children), "the workers' end")
    done = [keys.split(",") for _, _, keys in said_so]
    state = Loader(str(data_set), sets.settings()).state_dict()
    state |= {"epoch": int(said_so[-1][0]), "slot": int(said_so[-1][1])}
    rest, _ = run(data_set, sets.settings(), 1, 5, state)
    expected = planned(data_set, sets.settings(), range(12))
    assert done + [[key for key, _, _ in slot] for slot in rest] == [
        [k for k, _, _ in slot] for slot in expected
    ]


def test_resuming_reads_nothing_of_what_came_before(own_set):
    """Every tar but those of the next batch is taken away: it comes all the same."""
    settings = sets.settings(max_unfit=100)
    state = run(own_set, settings, 1, 6)[1]
    ahead = planned(own_set, settings, range(6, 7))[0]
    needed = {row.shard for row in read_index(own_set).rows() if row.key in {key for key, _, _ in ahead}}
    for path in (own_set / "shards").rglob("*.tar"):
        if path.relative_to(own_set).as_posix() not in needed:
            path.unlink()
    assert run(own_set, settings, 1, 1, state)[0] == [ahead]


def test_resuming_deals_no_epoch_that_came_before(data_set, monkeypatch):
    """What is computed before the first batch does not grow with the position either."""
    state = {**Loader(str(data_set), quick()).state_dict(), "epoch": 1_000, "slot": 3}
    dealt: list[int] = []

    def watched(
        stock: SamplingTable, settings: OrderSettings, seed: int, epoch: int, shown: ReferenceRule
    ) -> Epoch:
        dealt.append(epoch)
        return epoch_order(stock, settings, seed, epoch, shown)

    monkeypatch.setattr("model.data.data_order.epoch_order", watched)
    loader = Loader(str(data_set), quick())
    loader.load_state_dict(state)
    next(iter(loader))
    assert dealt == [1_000]


def test_a_tail_is_refused_on_resuming_too(data_set):
    settings = sets.settings(epochs=1, order=replace(sets.settings().order, max_dropped=0.01))
    state = Loader(str(data_set), settings).state_dict()
    slots = Order(
        MixedSamples((read_index(data_set),)), settings.order, settings.sample.references, 0
    ).slots_of(0)
    world_size = next(world_size for world_size in range(3, slots + 1) if slots % world_size == 0)
    other = Loader(str(data_set), settings, rank=0, world_size=world_size)
    with pytest.raises(ValueError, match=f"do not fill a step of {world_size} ranks"):
        other.load_state_dict({**state, "slot": slots - 1})


def test_a_finite_run_gives_every_rank_the_same_steps_and_each_sample_once(data_set):
    settings = sets.settings(epochs=1)
    slots = Order(
        MixedSamples((read_index(data_set),)), settings.order, settings.sample.references, 0
    ).slots_of(0)
    for world_size in RANKS:
        loaders = [
            Loader(str(data_set), settings, rank=rank, world_size=world_size) for rank in range(world_size)
        ]
        taken = [[slot_of(batch) for batch in loader] for loader in loaders]
        assert {len(part) for part in taken} == {slots // world_size}
        assert [slot for step in zip(*taken, strict=True) for slot in step] == planned(
            data_set, settings, range(slots // world_size * world_size)
        )
        assert all(loader.steps == 0 for loader in loaders)


def test_a_tail_that_would_be_dropped_is_refused(data_set):
    settings = sets.settings(epochs=1, order=replace(sets.settings().order, max_dropped=0.01))
    Loader(str(data_set), settings)
    with pytest.raises(ValueError, match="do not fill a step of 7 ranks and would be dropped"):
        Loader(str(data_set), settings, rank=0, world_size=7)


def test_full_and_half_are_even(data_set):
    settings = sets.settings(order=replace(sets.settings().order, groups=EVEN), epochs=1)
    framing = {row.key: row.framing for row in read_index(data_set).rows()}
    drawn = [framing[key] for batch in Loader(str(data_set), settings) for key in batch.keys]
    assert drawn.count("full") == drawn.count("half") == 8


def test_a_state_of_another_order_is_refused(data_set):
    state = Loader(str(data_set), sets.settings()).state_dict()
    for other in (
        sets.settings(seed=1),
        sets.settings(order=replace(sets.settings().order, max_tokens=3_000)),
    ):
        with pytest.raises(ValueError, match="another order"):
            Loader(str(data_set), other).load_state_dict(state)
        anew = Loader(str(data_set), other)
        anew.load_state_dict({**state, "slot": 3}, new_epoch=True)
        assert (anew.position.epoch, anew.position.slot) == (1, 0)
    same = Loader(str(data_set), sets.settings())
    same.load_state_dict({**state, "slot": 3}, new_epoch=True)
    assert (same.position.epoch, same.position.slot) == (0, 3)
    with pytest.raises(ValueError, match="drawing rules 0"):
        Loader(str(data_set), sets.settings()).load_state_dict({**state, "drawing": 0})
    Loader(str(data_set), sets.settings(workers=3, verify=False)).load_state_dict(state)


def test_the_state_is_small_and_plain(data_set):
    state = run(data_set, sets.settings(), 1, 3)[1]
    assert set(state) == {"version", "order", "epoch", "slot", "drawing"}
    assert all(isinstance(value, int | str) for value in state.values())


# Damage


def test_groups_of_settings_are_those_of_the_order(data_set):
    assert sets.settings().order.groups == AS_IT_IS
    with pytest.raises(ValueError, match="rank 2 of 2"):
        Loader(str(data_set), sets.settings(), rank=2, world_size=2)
