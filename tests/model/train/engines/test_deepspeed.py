"""DeepSpeed on several ranks, over gloo, against the plain engine on one: the same losses and checkpoints."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from model.nets.param_groups import part
from model.train import checkpoint
from storage.weight_files import read_weights
from tests.model.train.objectives.test_video import blind
from tests.model.train.runs import Notes, seed_of, short, train, trainer, training
from tests.once import once
from tests.warm.programs import execute_ranks

pytestmark = pytest.mark.timeout(1800)  # three trainings on two ranks: a minute, or many on a busy machine

RUNS: dict[int, dict[str, dict[str, Any]]] = {
    2: {
        "zero 1, tokens shared by 2": {"zero_stage": 1, "sequence_parallel": 2},
        "zero 3": {"zero_stage": 3, "activation_checkpointing": True, "keep_attention": False},
        "zero 2, resumed in face": {"zero_stage": 2, "activation_checkpointing": True},
    },
    4: {
        "zero 1": {"zero_stage": 1},
        "zero 3": {"zero_stage": 3, "activation_checkpointing": True, "keep_attention": False},
        "zero 1, tokens shared by 4": {"zero_stage": 1, "sequence_parallel": 4},
        "zero 3, tokens shared by 2, offloaded": {"zero_stage": 3, "sequence_parallel": 2, "offload": True},
        "bfloat16": {"zero_stage": 3, "dtype": "bfloat16"},
        "zero 2, resumed in face": {"zero_stage": 2, "activation_checkpointing": True},
        "zero 3, resumed in speech": {"zero_stage": 3},
    },
}
"""How trainings on so many ranks differ from the plain one; those that share tokens take more batches."""
ZERO = ("zero 1", "zero 3")


def cases(*names: str) -> list[Any]:
    """Ranks and name of the runs that are called so; those on four ranks take long."""
    return [
        pytest.param(ranks, name, marks=[pytest.mark.long] if ranks == 4 else [], id=f"{name} on {ranks}")
        for ranks, runs in RUNS.items()
        for name in runs
        if name in names
    ]


SAME = sorted({name for runs in RUNS.values() for name in runs if "zero" in name and "resumed" not in name})


Numbers = list[tuple[int, float | None, float]]
"""Total step, loss and gradient of each step."""


@dataclass(frozen=True)
class Ran:
    """What came of all runs, each in its folder."""

    folder: Path
    how: dict[str, Any]

    def metrics(self, name: str) -> Numbers:
        """What a run said."""
        return [tuple(json.loads(line)) for line in (self.folder / f"{name}.txt").read_text().splitlines()]


@pytest.fixture
def ran(ranks: int, data_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The plain runs, then all others by so many processes."""
    folder = once(tmp_path_factory, f"{ranks} ranks", lambda folder: run_all(data_set, folder, ranks))
    return Ran(folder, short(int((folder / "order").read_text())))


def run_all(data_set: Path, folder: Path, ranks: int) -> None:
    """Run all below a folder."""
    order = seed_of(data_set, range(4 * ranks, 6 * ranks), loud=1)  # of the speech phase
    (folder / "order").write_text(str(order))
    for name, dtype in (("plain", "float32"), ("rounded", "bfloat16")):
        settings = training(grad_accumulation=ranks, dtype=dtype, **short(order))
        trainer(data_set, folder / name, settings, Notes(folder / f"{name}.txt")).train()
    for name, last in (("zero 2, resumed in face", "2-000001"), ("zero 3, resumed in speech", "3-000001")):
        for written in checkpoint.checkpoints(folder / "plain"):
            if written.name <= last:
                shutil.copytree(written, folder / name / "checkpoints" / written.name)
    trainings = [
        {
            "run": str(folder / name),
            "losses": str(folder / f"{name}.txt"),
            "short": order,
            "settings": {
                **saves(name),
                **settings,
                "grad_accumulation": settings.get("sequence_parallel", 1),
            },
        }
        for name, settings in RUNS[ranks].items()
    ]
    content = json.dumps({"data": str(data_set), "trainings": trainings})
    for done in execute_ranks(ranks, "-m", "tests.model.train.runs", content):
        assert done.returncode == 0, done.stderr[-4000:]


def saves(name: str) -> dict[str, int]:
    """Few, of a run from which none goes on: each gathers every state of every weight, and takes seconds."""
    return {} if name in ZERO else {"save_every": 9}


def metrics(notes: Notes) -> Numbers:
    return [(step.total, step.metrics.get("loss"), step.metrics["grad_norm"]) for step in notes.steps]


def assert_alike(found: Numbers, expected: Numbers, rel: float) -> None:
    assert [(total, loss is None) for total, loss, _ in found] == [
        (total, loss is None) for total, loss, _ in expected
    ]
    for (_, loss, gradient), (_, other, steepness) in zip(found, expected, strict=True):
        assert (loss or 0.0, gradient) == pytest.approx((other or 0.0, steepness), rel=rel)


@pytest.mark.parametrize(("ranks", "name"), cases(*SAME))
def test_ranks_have_the_losses_of_one_plain(ran: Ran, name: str) -> None:
    assert_alike(ran.metrics(name), ran.metrics("plain"), rel=1e-5)


@pytest.mark.parametrize(("ranks", "name"), cases("bfloat16"))
def test_bfloat16_is_as_near_as_its_rounding(ran: Ran, name: str) -> None:
    """Of the speech phase, from step 5 on, the losses: gradients of distances are signs, which may flip."""
    found, expected = ran.metrics("bfloat16"), ran.metrics("rounded")
    assert_alike(found[:4], expected[:4], rel=2e-2)
    losses = [[loss for _, loss, _ in metrics[4:] if loss is not None] for metrics in (found, expected)]
    assert losses[0] == pytest.approx(losses[1], rel=2e-2)
    assert ran.metrics("rounded") != ran.metrics("plain")


@pytest.mark.parametrize(("ranks", "name"), cases("zero 2, resumed in face", "zero 3, resumed in speech"))
def test_a_plain_run_goes_on_on_several_ranks(ran: Ran, name: str) -> None:
    done = 3 if "face" in name else 5
    assert_alike(ran.metrics(name), ran.metrics("plain")[done:], rel=1e-5)


@pytest.mark.parametrize(("ranks", "name"), cases(*ZERO))
@pytest.mark.parametrize("last", ["1-000001", "2-000001"])
def test_a_sharded_run_goes_on_on_one_rank(
    ran: Ran, ranks: int, data_set: Path, tmp_path: Path, name: str, last: str
) -> None:
    checkpoint = ran.folder / name / "checkpoints" / last
    shutil.copytree(checkpoint, tmp_path / "checkpoints" / last)
    notes = train(data_set, tmp_path, training(grad_accumulation=ranks, **ran.how))
    assert_alike(metrics(notes), ran.metrics("plain")[{"1-000001": 1, "2-000001": 3}[last] :], rel=1e-5)


@pytest.mark.parametrize(("ranks", "name"), cases(*ZERO))
def test_checkpoints_hold_the_same_whatever_wrote_them(ran: Ran, name: str) -> None:
    plain, sharded = (ran.folder / run / "checkpoints" / "2-000002" for run in ("plain", name))
    expected, found = checkpoint.averages_of(plain), checkpoint.averages_of(sharded)
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        if not blind(key):  # whose gradients are rounding
            torch.testing.assert_close(found[key], value, rtol=1e-4, atol=1e-6)
    learned = read_weights(plain / "average")
    states = checkpoint.states_of(sharded, learned)
    for kind, of_kind in checkpoint.states_of(plain, learned).items():
        for key, value in of_kind.items():
            if not blind(key):
                atol = 1e-10 if kind == "exp_avg_sq" else 1e-6
                torch.testing.assert_close(states[kind][key], value, rtol=1e-3, atol=atol)


@pytest.mark.parametrize(("ranks", "name"), [pytest.param(2, "plain", id="plain"), *cases(*ZERO)])
def test_speech_learns_beside_weights_that_rest(ran: Ran, name: str) -> None:
    checkpoints = ran.folder / name / "checkpoints"
    begun, ended = (
        checkpoint.averages_of(checkpoints / "2-000002"),
        checkpoint.weights_of(checkpoints / "3-000002"),
    )
    assert {part(weight) for weight in begun if not torch.equal(begun[weight], ended[weight])} == {"speech"}
    state = checkpoint.train_state(checkpoints / "3-000002")
    assert state.frozen_now == state.frozen_before
    assert sum(loss is not None for _, loss, _ in ran.metrics("plain")[4:]) == 1  # of the two steps
    assert (state.step, state.moved) == (2, 1)


@pytest.mark.parametrize(("ranks", "name"), cases("bfloat16"))
def test_frozen_weights_are_exact_where_the_network_computes_in_bfloat16(
    ran: Ran, ranks: int, name: str
) -> None:
    begun = checkpoint.weights_of(ran.folder / name / "checkpoints" / "1-000002")
    ended = checkpoint.weights_of(ran.folder / name / "checkpoints" / "2-000002")
    weight = "blocks.0.ffn.0.weight"
    assert torch.equal(begun[weight], ended[weight])
    assert not torch.equal(begun[weight], begun[weight].bfloat16().float())
    state = checkpoint.train_state(ran.folder / name / "checkpoints" / "2-000002")
    assert state.world_size == ranks
    assert state.frozen_now["base"] == state.frozen_before["base"]
