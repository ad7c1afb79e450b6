"""Tokens a second and MFU, of steps whose time is known."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.console.train_speed import Speeds, speed_text
from jobs.recipes.training import RECIPES
from model.planning.flops import operations
from model.planning.peak import tflops_of
from model.planning.products import WindowSpec
from model.train.loop import StepMetrics
from model.train.phases import change
from tests.model.train.runs import Notes


def step(**changes: Any) -> StepMetrics:
    given = {"phase": "body", "step": 1, "steps": 9, "total": 1, "metrics": {"loss": 1.0}}
    shown = ((1, 121, 640, 960, 4), (2, 25, 640, 960, 1))
    return StepMetrics(**{**given, "seconds": {"wait": 1.0, "step": 10.0}, "shown": shown, **changes})


def test_speeds_follow_from_what_a_step_showed() -> None:
    settings, notes = RECIPES["wan_1b"](), Notes()
    speeds = Speeds(notes, settings, replicas=8, peak_tflops=989.0)
    speeds.entered(change(None, settings.phases[0]), 0, settings.phases[0])
    speeds.stepped(step())
    (told,) = notes.steps
    assert told.metrics == {"loss": 1.0}
    assert told.speed["tokens_per_s"] == pytest.approx(8 * (74_400 + 2 * 16_800) / 10)
    assert told.speed["wait_share"] == pytest.approx(0.1)
    learning = frozenset(settings.phases[0].learning)
    windows = (
        WindowSpec(frames=121, width=960, height=640, references=4, faces=False),
        WindowSpec(frames=25, width=960, height=640, references=1, clips=2, faces=False),
    )
    asked = sum(operations(settings.sizes, w, learning, activation_checkpointing=True).model for w in windows)
    assert told.speed["mfu"] == pytest.approx(asked / 10 / 989e12)
    assert speed_text(told.speed).startswith(", 86,400 tokens/s, MFU ")
    assert speed_text(told.speed).endswith(", waits 10%")


def test_where_the_gpu_is_not_known_there_is_no_share_of_its_best() -> None:
    speeds = Speeds(notes := Notes(), RECIPES["tiny"](), replicas=1, peak_tflops=None)
    speeds.stepped(step(shown=((2, 25, 128, 192, 1),)))
    assert set(notes.steps[0].speed) == {"tokens_per_s", "wait_share"}
    speeds.stepped(step(seconds={}))
    assert notes.steps[1].speed == {}
    assert speed_text({}) == ""


@pytest.mark.parametrize(("name", "tflops"), [("NVIDIA H200", 989), ("NVIDIA H20", 148), ("NVIDIA L4", None)])
def test_gpus_are_told_by_their_names(name: str, tflops: float | None) -> None:
    assert tflops_of(name) == tflops
