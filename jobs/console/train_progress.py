"""What a person sees of a training: a line now and then, with rate and time left."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from jobs.console.lock import Lock
from jobs.console.progress import QUIET_S, pace
from jobs.console.stopping import StopRequest
from jobs.console.train_speed import speed_text

if TYPE_CHECKING:
    from model.train.loop import StepMetrics
    from model.train.phases import Change, Phase
    from model.train.validation import ValidationResult


class TrainConsole:
    """Prints what happens, with rate and time left."""

    def __init__(self, console: Console, clock: Callable[[], float], total: int) -> None:
        self.console, self.clock, self.total = console, clock, total
        self.began: tuple[float, int] | None = None
        """Time and steps done when the first step here had been taken: it alone waits for workers."""
        self.spoke = -math.inf

    def entered(self, changed: Change, done: int, phase: Phase) -> None:
        """Print what became of the network and the optimizer."""
        going_on = f", {done} of its {phase.steps} steps are done" if done else f", {phase.steps} steps"
        self.console.print(f"phase {changed.phase}{going_on}", highlight=False)
        if done:
            return
        for what in ("kept", "created", "reset"):
            for thing in getattr(changed, what):
                self.console.print(f"  {what}: {thing}", highlight=False)

    def stepped(self, step: StepMetrics) -> None:
        """Print how far the training is, every `QUIET_S` seconds and at the end of a phase."""
        now = self.clock()
        self.began = self.began or (now, step.total)
        if now - self.spoke < QUIET_S and step.step != step.steps:
            return
        self.spoke = now
        if "loss" in step.metrics:
            metrics = f"loss {step.metrics['loss']:.4f}, grad_norm {step.metrics['grad_norm']:.3f}"
        else:
            metrics = "nothing here to learn from"
        rate = pace(step.total - self.began[1], self.total - step.total, now - self.began[0], "steps")
        speed = speed_text(step.speed)
        line = f"{step.phase} {step.step} of {step.steps}: {metrics}{speed}{', ' if rate else ''}{rate}"
        self.console.print(line, highlight=False)

    def validated(self, result: ValidationResult, total: int) -> None:
        """Print the loss of held-out clips, and how many mouths keep time where speech is learned."""
        line = f"held-out clips after {total} steps: loss {result.loss:.4f}"
        if "in_sync" in result.metrics:
            line += f", {result.metrics['in_sync']:.0%} of mouths in time"
        self.console.print(line, highlight=False)

    def saved(self, folder: Path) -> None:
        """Print where the checkpoint lies."""
        self.console.print(f"saved {folder}", highlight=False)


class NullObserver:
    """Does nothing about anything: what another rank hears, and where an observer of few things begins."""

    def entered(self, changed: Change, done: int, phase: Phase) -> None:
        """A phase began."""

    def stepped(self, step: StepMetrics) -> None:
        """A step was taken."""

    def validated(self, result: ValidationResult, total: int) -> None:
        """Held-out clips were tried."""

    def saved(self, folder: Path) -> None:
        """A checkpoint was written."""


class LockCheck(NullObserver):
    """Ends the training once another run has taken its folder over."""

    def __init__(self, lock: Lock) -> None:
        self.lock = lock

    def stepped(self, step: StepMetrics) -> None:  # noqa: ARG002  whatever it tells
        """Raise `AtWork` if the folder is another's."""
        self.lock.check()


class Unsaved(NullObserver):
    """Tells a request to stop whether there is anything to save."""

    def __init__(self, stop: StopRequest) -> None:
        self.stop = stop

    def stepped(self, step: StepMetrics) -> None:  # noqa: ARG002  whatever it tells
        """There is."""
        self.stop.unsaved = True

    def saved(self, folder: Path) -> None:  # noqa: ARG002  wherever it lies
        """There is not."""
        self.stop.unsaved = False
