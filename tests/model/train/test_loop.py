"""Trainings of seconds on a small data set: phase after phase, stopped, killed, and gone on with."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from model.nets.param_groups import part
from model.train import checkpoint
from model.train.engines.optimizer import OptimizerSettings
from model.train.faults import TrainingFault
from model.train.phases import FACE, body, everything, face
from model.train.settings import lengthened
from storage.weight_files import read_weights, write_weights
from tests.model.train.runs import STAGES, Notes, copy_until, loaded, train, trainer, training, weight_of
from tests.warm.programs import execute


@pytest.fixture(scope="module")
def whole(data_set: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Notes]:
    """A run that nobody disturbed, and all that it said; every checkpoint is there."""
    run = tmp_path_factory.mktemp("whole")
    return run, train(data_set, run, training(keep=99))


def digest(folder: Path) -> dict[str, str]:
    """Digests of all files but the state."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*.safetensors")
    }


def test_stages_follow_each_other_and_checkpoints_are_written(whole: tuple[Path, Notes]) -> None:
    run, notes = whole
    assert [(step.phase, step.step, step.total) for step in notes.steps] == [
        *(("body", n, n) for n in range(1, 5)),
        *(("face", n, 4 + n) for n in range(1, 4)),
        *(("everything", n, 7 + n) for n in range(1, 4)),
    ]
    names = ["1-000002", "1-000004", "2-000002", "2-000003", "3-000002", "3-000003"]
    assert [folder.name for folder in checkpoint.checkpoints(run)] == names
    assert [folder.name for folder in notes.folders] == names
    assert [change.phase for change, _ in notes.changes] == ["body", "face", "everything"]
    assert [step.metrics["lr"] for step in notes.steps] == [
        5e-4,
        1e-3,
        1e-3,
        1e-3,
        5e-4,
        1e-3,
        1e-3,
        5e-4,
        1e-3,
        1e-3,
    ]


def test_a_stage_moves_its_parts_and_nothing_else(whole: tuple[Path, Notes]) -> None:
    run, _ = whole
    ends = [
        checkpoint.weights_of(run / "checkpoints" / name) for name in ("1-000004", "2-000003", "3-000003")
    ]
    for phase, before, after in zip(STAGES[1:], ends, ends[1:], strict=False):
        moved = {part(name) for name in before if not torch.equal(before[name], after[name])}
        assert moved == set(phase.learning)
    proofs = [checkpoint.train_state(folder) for folder in checkpoint.checkpoints(run)]
    assert all(proof.frozen_before == proof.frozen_now for proof in proofs)
    assert not set(FACE) & set(proofs[-1].frozen_now) - {"face_encoder"}  # whose buffers never learn
    assert set(proofs[2].frozen_now) >= {"base", "pose", "reference"}


def test_averages_lie_between_beginning_and_end(whole: tuple[Path, Notes]) -> None:
    run, _ = whole
    folder = run / "checkpoints" / "2-000003"
    begun, ended = checkpoint.weights_of(run / "checkpoints" / "1-000004"), checkpoint.weights_of(folder)
    averaged = checkpoint.averages_of(folder)
    assert averaged.keys() == ended.keys()
    name = "blocks.0.face_attn.attention.o.weight"
    assert not torch.equal(averaged[name], ended[name])
    assert (averaged[name] - begun[name]).norm() < (ended[name] - begun[name]).norm() * 1.01
    assert torch.equal(averaged["patch_embedding.weight"], ended["patch_embedding.weight"])


@pytest.mark.parametrize("last", ["1-000002", "1-000004", "2-000002", "2-000003"])
def test_a_run_goes_on_as_if_nothing_had_happened(
    data_set: Path, whole: tuple[Path, Notes], tmp_path: Path, last: str
) -> None:
    run, notes = whole
    copy_until(run, last, tmp_path)
    (tmp_path / "checkpoints" / "9-000001.part" / "weights").mkdir(parents=True)  # a kill while writing
    again = train(data_set, tmp_path, training(keep=99))
    done = {"1-000002": 2, "1-000004": 4, "2-000002": 6, "2-000003": 7}[last]
    assert [step.metrics for step in again.steps] == [step.metrics for step in notes.steps[done:]]
    assert digest(tmp_path / "checkpoints" / "3-000003") == digest(run / "checkpoints" / "3-000003")
    assert not list((tmp_path / "checkpoints").glob("*.part"))


def test_a_run_that_is_done_is_left_alone(data_set: Path, whole: tuple[Path, Notes]) -> None:
    run, _ = whole
    before = digest(run)
    assert train(data_set, run, training(keep=99)).steps == []
    assert digest(run) == before


def test_killed_at_random_moments_the_losses_stay_the_same(
    data_set: Path, whole: tuple[Path, Notes], tmp_path: Path
) -> None:
    _, notes = whole
    rng = random.Random(5)

    def told(name: str, *kills: int | None) -> list[list[float]]:
        """What a training said that was killed so often, all in processes that compute alike."""
        losses = tmp_path / f"{name}.txt"
        training = {"run": str(tmp_path / name), "losses": str(losses), "settings": {}}
        message: dict[str, Any] = {"data": str(data_set), "trainings": [training]}
        for kill_at in kills:
            message["kill_at"] = kill_at
            done = execute("-m", "tests.model.train.runs", json.dumps(message))
            assert done.returncode == (-signal.SIGKILL if kill_at else 0), done.stderr
        return [json.loads(line) for line in losses.read_text().splitlines()]

    expected = {total: (loss, gradient) for total, loss, gradient in told("undisturbed", None)}
    found = told("killed", *(rng.randrange(5, 25) for _ in range(2)), None)
    assert {total for total, *_ in found} == set(expected) == {step.total for step in notes.steps}
    assert all((loss, gradient) == expected[total] for total, loss, gradient in found)


def test_only_the_last_checkpoints_and_the_ends_of_stages_are_kept(data_set: Path, tmp_path: Path) -> None:
    train(data_set, tmp_path, training(save_every=1, keep=2, phases=(body(3), face(3))))
    assert [folder.name for folder in checkpoint.checkpoints(tmp_path)] == [
        "1-000003",
        "2-000002",
        "2-000003",
    ]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"optimizer": OptimizerSettings(lr=2e-3, motion_share=0.5, warmup_steps=2, ema_decay=0.9)},
            "--settings.optimizer.lr: 0.001 before, 0.002 now",
        ),
        ({"seed": 4}, "--settings.seed: 0 before, 4 now"),
        ({"phases": STAGES[:2]}, "--settings.phases.2.name: everything before, not set now"),
        (
            {"phases": (body(5), *STAGES[1:])},
            "--settings.phases.0.steps: 4 before, 5 now",
        ),
        ({"phases": (*STAGES[:2], everything(2))}, "--settings.phases.2.steps: 3 before, 2 now"),
        ({"loader": replace(loaded(), seed=3)}, "--settings.loader.seed: 0 before, 3 now"),
    ],
)
def test_other_settings_are_refused(
    data_set: Path, whole: tuple[Path, Notes], changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=f"began under other settings: {message}"):
        trainer(data_set, whole[0], training(keep=99, **changed), Notes())


def test_a_stop_leaves_a_checkpoint_from_which_the_run_goes_on_as_if_nothing_had_happened(
    data_set: Path, whole: tuple[Path, Notes], tmp_path: Path
) -> None:
    run, notes = whole
    steps = iter(range(99))
    stopped = trainer(data_set, tmp_path, training(keep=99), first := Notes(), asked=lambda: next(steps) == 4)
    assert stopped.train() is False
    assert [beat.metrics for beat in first.steps] == [beat.metrics for beat in notes.steps[:5]]
    assert [folder.name for folder in checkpoint.checkpoints(tmp_path)][-1] == "2-000001"
    assert trainer(data_set, tmp_path, training(keep=99), again := Notes()).train() is True
    assert [beat.metrics for beat in again.steps] == [beat.metrics for beat in notes.steps[5:]]
    assert digest(tmp_path / "checkpoints" / "3-000003") == digest(run / "checkpoints" / "3-000003")


def test_a_longer_run_goes_on_where_a_shorter_one_ended(
    data_set: Path, whole: tuple[Path, Notes], tmp_path: Path
) -> None:
    run = Path(shutil.copytree(whole[0], tmp_path / "run"))
    phases = lengthened(STAGES, 12, 2, 3)
    assert [phase.steps for phase in phases] == [4, 3, 5]
    notes = train(data_set, run, training(keep=99, phases=phases))
    assert [(beat.phase, beat.step, beat.total) for beat in notes.steps] == [
        ("everything", 4, 11),
        ("everything", 5, 12),
    ]


@pytest.mark.parametrize(
    ("total", "done", "step", "steps"),
    [(10, 0, 0, [4, 3, 3]), (20, 0, 0, [8, 6, 6]), (3, 0, 0, [1, 1, 1]), (22, 1, 2, [4, 9, 9])],
)
def test_steps_are_shared_out(total: int, done: int, step: int, steps: list[int]) -> None:
    assert [phase.steps for phase in lengthened(STAGES, total, done, step)] == steps


@pytest.mark.parametrize(
    ("total", "done", "step", "least"), [(2, 0, 0, 3), (9, 2, 3, 10), (7, 0, 4, 10), (4, 1, 0, 6)]
)
def test_too_few_steps_are_refused(total: int, done: int, step: int, least: int) -> None:
    with pytest.raises(ValueError, match=f"--steps {total}: .* {least} is the least"):
        lengthened(STAGES, total, done, step)
    lengthened(STAGES, least, done, step)


def test_settings_that_change_no_loss_may_change(data_set: Path, whole: tuple[Path, Notes]) -> None:
    changed = training(
        keep=5,
        save_every=7,
        grad_accumulation=2,
        activation_checkpointing=True,
        loader=replace(loaded(), max_unfit=3),
    )
    assert trainer(data_set, whole[0], changed, Notes()).step == 3


OTHER_STATES: dict[str, dict[str, Any]] = {
    "version": {"version": 99},
    "phase": {"phase": 7},
    "loader": {"loader": {}},
}


def damaged(folder: Path, how: str) -> None:
    """Break a checkpoint."""
    if how == "no state":
        (folder / "state.json").unlink()
    elif how in OTHER_STATES:
        state = json.loads((folder / "state.json").read_text())
        (folder / "state.json").write_text(json.dumps({**state, **OTHER_STATES[how]}))
    elif how == "other network":
        file = next((folder / "weights").glob("*"))
        write_weights(folder / "new", iter({"a.weight": torch.ones(2)}.items()))
        (folder / "new" / "00000.safetensors").replace(file)
    else:
        next((folder / "weights").glob("*")).write_bytes(b"\x80\x04cos\nsystem\n(S'touch /tmp/owned'\ntR.")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("no state", "not a checkpoint of a run"),
        ("version", "version 99; this code reads 2"),
        ("phase", r"not a checkpoint of a run \(it tells of 8-000002\)"),
        ("loader", "loader state of version None"),
        ("other network", "not those of this network: missing: .*unexpected: a.weight"),
        ("hostile", "not a safetensors file"),
    ],
)
def test_a_checkpoint_that_is_not_ours_is_refused(
    data_set: Path, whole: tuple[Path, Notes], tmp_path: Path, how: str, message: str
) -> None:
    folder = tmp_path / "checkpoints" / "3-000002"
    shutil.copytree(whole[0] / "checkpoints" / "3-000002", folder)
    damaged(folder, how)
    with pytest.raises(ValueError, match=message):
        trainer(data_set, tmp_path, training(keep=99), Notes())


def test_a_loss_that_is_no_number_ends_the_run_and_spares_the_checkpoints(
    data_set: Path, tmp_path: Path
) -> None:
    notes = Notes()
    under_way = trainer(data_set, tmp_path, training(), notes)
    batches = iter(under_way.loader)
    under_way.one_step(batches)
    name = under_way.entered.learning[0]
    under_way.entered.engine.put_weight(
        name, torch.full_like(weight_of(under_way.entered.engine, name), torch.nan)
    )
    with pytest.raises(TrainingFault, match="body, step 2: the loss and the grad_norm is no number"):
        under_way.one_step(batches)
    assert notes.folders == checkpoint.checkpoints(tmp_path) == []


def test_weights_of_a_run_are_read_as_any_others(whole: tuple[Path, Notes]) -> None:
    folder = whole[0] / "checkpoints" / "3-000003"
    weights = read_weights(folder / "weights")
    assert weights.keys() == checkpoint.averages_of(folder).keys()
    assert all(value.dtype == torch.float32 for value in weights.values() if value.is_floating_point())
