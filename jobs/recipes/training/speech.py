"""Trainings that go on to speech: to a finished run of the recipe of that size they add the last phase."""

from __future__ import annotations

from dataclasses import replace

from jobs.recipes.training.tiny import tiny
from jobs.recipes.training.wan_1b import wan_1b
from model.train.phases import speech
from model.train.settings import Training

TINY_STEPS, WAN_1B_STEPS = 200, 20_000


def speech_tiny() -> Training:
    """The tiny training, then faces that move by sound."""
    return heard(tiny(), TINY_STEPS)


def speech_wan_1b() -> Training:
    """The training of the small public base, then speech."""
    return heard(wan_1b(), WAN_1B_STEPS)


def heard(settings: Training, steps: int) -> Training:
    """A training with a speech phase behind it, whose loader gives the sound."""
    loader = replace(settings.loader, sample=replace(settings.loader.sample, speech=True))
    return replace(settings, loader=loader, phases=(*settings.phases, speech(steps)))
