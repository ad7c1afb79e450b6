"""What a finished run may be used for, as commands."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from jobs.console.next_step import tell_next
from jobs.recipes.training import ON_TOP
from model.data.mixture import MixedSamples
from model.train.settings import Training


def tell_uses(console: Console, out: Path, recipe: str, settings: Training, samples: MixedSamples) -> None:
    """Print how a run animates, and how it goes on to speech, which it has not learned and its set has."""
    from model.train.tasks import heard_in  # brings torch along

    animate = ("animate", "--run", out, "--reference", "PICTURE")
    tell_next(console, (*animate, "--driving", "VIDEO", "--out", "video.mp4"))
    if any(phase.task == "speech" for phase in settings.phases):
        tell_next(console, (*animate, "--speech", "SOUND", "--out", "spoken.mp4"), when="by sound")
    elif heard_in(samples) is not None:
        for more in (name for begun_as, name in ON_TOP if begun_as == recipe):
            tell_next(console, ("train", "--out", out, "--recipe", more), when="its set has sound")
