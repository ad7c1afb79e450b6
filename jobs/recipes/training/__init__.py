"""Trainings by name. Each is a function that gives every setting; the command line may change any."""

from collections.abc import Callable
from functools import partial
from typing import Literal

from jobs.recipes.training.paper import paper
from jobs.recipes.training.speech import TINY_STEPS, WAN_1B_STEPS, heard, speech_tiny, speech_wan_1b
from jobs.recipes.training.tiny import tiny
from jobs.recipes.training.wan_1b import wan_1b
from jobs.recipes.training.wan_5b import wan_5b
from model.train.settings import Training

Name = Literal["tiny", "wan_1b", "wan_5b", "paper", "speech_tiny", "speech_wan_1b"]
RECIPES: dict[Name, Callable[[], Training]] = {
    "tiny": tiny,
    "wan_1b": wan_1b,
    "wan_5b": wan_5b,
    "paper": paper,
    "speech_tiny": speech_tiny,
    "speech_wan_1b": speech_wan_1b,
}
ON_TOP: dict[tuple[str, Name], Callable[[Training], Training]] = {
    ("tiny", "speech_tiny"): partial(heard, steps=TINY_STEPS),
    ("wan_1b", "speech_wan_1b"): partial(heard, steps=WAN_1B_STEPS),
}
"""By the recipe of a run and the one that is asked for: what the latter makes of the run's own settings."""
