"""Training that cannot go on says why, and what helps."""

from __future__ import annotations

import math
from typing import Any, cast

import pytest
import torch

from model.data.batch import Batch
from model.train.faults import PATIENCE, DivergenceCheck, TrainingFault, reporting_no_memory

SOUND = {"loss": 1.0, "target_power": 1.0, "grad_norm": 0.1}


@pytest.mark.parametrize("name", ["loss", "grad_norm"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_ends_the_training(name: str, value: float) -> None:
    with pytest.raises(
        TrainingFault, match=f"body, step 7: the {name} is no number any more.*a, b.*optimizer.lr"
    ):
        DivergenceCheck("body").check(7, {**SOUND, name: value}, ("a", "b"))


def test_a_loss_that_runs_away_ends_the_training() -> None:
    guard = DivergenceCheck("body")
    for step in range(PATIENCE - 1):
        guard.check(step, {**SOUND, "loss": 100.0}, ())
    with pytest.raises(TrainingFault, match=r"run away, to 100\.0 times .*warmup-steps"):
        guard.check(PATIENCE, {**SOUND, "loss": 100.0}, ())


def test_a_single_bad_batch_does_not() -> None:
    guard = DivergenceCheck("body")
    for step in range(3 * PATIENCE):
        guard.check(step, {**SOUND, "loss": 20.0 if step == 2 * PATIENCE else 1.0}, ())


def test_steps_in_which_nothing_counts_say_nothing_of_the_loss() -> None:
    guard = DivergenceCheck("speech")
    for step in range(3 * PATIENCE):
        guard.check(step, {"grad_norm": 0.0} if step % 3 else SOUND, ())
    with pytest.raises(TrainingFault, match="the grad_norm is no number any more"):
        guard.check(0, {"grad_norm": math.nan}, ())
    assert guard.steps == PATIENCE


class Clips:
    """Of a batch, its size."""

    points = torch.empty(2, 73, 58, 2)
    video = torch.empty(2, 0, 64, 96, 3)


@pytest.mark.parametrize(
    "trouble",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_memory_that_does_not_suffice_is_said(trouble: RuntimeError) -> None:
    with (
        pytest.raises(TrainingFault, match=r"2 clips of 73 frames of 96x64 px: lower .*max-tokens"),
        reporting_no_memory(cast("Batch", Clips)),
    ):
        raise trouble


def test_other_trouble_is_left_as_it_is() -> None:
    def break_down() -> Any:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug") as caught, reporting_no_memory(cast("Batch", Clips)):
        break_down()
    assert not isinstance(caught.value, TrainingFault)
