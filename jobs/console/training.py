"""What a training says while it lasts, and who else looks on."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from jobs.console.lock import Lock
from jobs.console.progress import readable_s
from jobs.console.stopping import StopRequest

if TYPE_CHECKING:
    from model.train.loop import StepMetrics, TrainObserver
    from model.train.phases import Change, Phase
    from model.train.validation import ValidationResult

QUIET_S = 10.0
"""Seconds between two lines of progress."""


class TrainConsole:
    """Says what happens, with rate and time left."""

    def __init__(self, console: Console, clock: Callable[[], float], total: int) -> None:
        self.console, self.clock, self.total = console, clock, total
        self.began: tuple[float, int] | None = None
        """Time and steps done when the first step here had been taken: it alone waits for workers."""
        self.spoke = -math.inf

    def entered(self, changed: Change, done: int, phase: Phase) -> None:
        """Say what became of everything."""
        going_on = f", {done} of its {phase.steps} steps are done" if done else f", {phase.steps} steps"
        self.console.print(f"phase {changed.phase}{going_on}", highlight=False)
        if done:
            return
        for what in ("kept", "created", "reset"):
            for thing in getattr(changed, what):
                self.console.print(f"  {what}: {thing}", highlight=False)

    def stepped(self, beat: StepMetrics) -> None:
        """Say where the training stands, now and then."""
        now = self.clock()
        self.began = self.began or (now, beat.total)
        if now - self.spoke < QUIET_S and beat.step != beat.steps:
            return
        self.spoke = now
        if "loss" in beat.metrics:
            metrics = f"loss {beat.metrics['loss']:.4f}, grad_norm {beat.metrics['grad_norm']:.3f}"
        else:
            metrics = "nothing here to learn from"
        line = f"{beat.phase} {beat.step} of {beat.steps}: {metrics}{self.pace(now, beat)}"
        self.console.print(line, highlight=False)

    def pace(self, now: float, beat: StepMetrics) -> str:
        """Rate and time left, once there is something to tell them by."""
        assert self.began is not None, "a step was taken"
        passed, steps = now - self.began[0], beat.total - self.began[1]
        if steps == 0 or passed <= 0:
            return ""
        left_s = (self.total - beat.total) * passed / steps
        return f", {steps / passed:.2f} steps/s, {readable_s(left_s)} left"

    def looked(self, look: ValidationResult, total: int) -> None:
        """Say how held-out clips fare."""
        self.console.print(f"held-out clips after {total} steps: loss {look.loss:.4f}", highlight=False)

    def kept(self, folder: Path) -> None:
        """Say where the checkpoint lies."""
        self.console.print(f"saved {folder}", highlight=False)


class NullObserver:
    """Looks on and says nothing."""

    def entered(self, changed: Change, done: int, phase: Phase) -> None:
        """A phase."""

    def stepped(self, beat: StepMetrics) -> None:
        """A step."""

    def looked(self, look: ValidationResult, total: int) -> None:
        """Held-out clips."""

    def kept(self, folder: Path) -> None:
        """A checkpoint."""


class Unsaved(NullObserver):
    """Tells a request to stop whether there is anything to save."""

    def __init__(self, stop: StopRequest) -> None:
        self.stop = stop

    def stepped(self, beat: StepMetrics) -> None:  # noqa: ARG002  whatever it says
        """A step."""
        self.stop.unsaved = True

    def kept(self, folder: Path) -> None:  # noqa: ARG002  wherever it lies
        """A checkpoint."""
        self.stop.unsaved = False


class LockCheck(NullObserver):
    """Ends the training once another has taken its folder over."""

    def __init__(self, lock: Lock) -> None:
        self.lock = lock

    def stepped(self, beat: StepMetrics) -> None:  # noqa: ARG002  whatever it says
        """A step."""
        self.lock.check()


class ObserverFanOut:
    """Tells all of several."""

    def __init__(self, *watches: TrainObserver) -> None:
        self.watches = watches

    def entered(self, changed: Change, done: int, phase: Phase) -> None:
        """A phase."""
        for watch in self.watches:
            watch.entered(changed, done, phase)

    def stepped(self, beat: StepMetrics) -> None:
        """A step."""
        for watch in self.watches:
            watch.stepped(beat)

    def looked(self, look: ValidationResult, total: int) -> None:
        """Held-out clips."""
        for watch in self.watches:
            watch.looked(look, total)

    def kept(self, folder: Path) -> None:
        """A checkpoint."""
        for watch in self.watches:
            watch.kept(folder)
