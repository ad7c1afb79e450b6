"""A trace of some steps: what the processor and the GPU did, for chrome://tracing or Perfetto."""

from __future__ import annotations

from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile, schedule

from model.train.loop import StepMetrics
from model.train.names import PROFILE
from model.train.phases import Change, Phase
from model.train.validation import ValidationResult

BEFORE = 2
"""Steps that are not traced: the first ones wait for workers, and warm caches."""


class ProfileWriter:
    """Traces some steps of the first rank and writes RUN/profile/trace.json."""

    def __init__(self, run: Path, steps: int) -> None:
        self.started = False
        self.file = run / PROFILE / "trace.json"
        kinds = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if torch.cuda.is_available() else [])]
        self.profile = profile(
            activities=kinds,
            schedule=schedule(wait=BEFORE - 1, warmup=1, active=steps, repeat=1),
            on_trace_ready=self.write,
            record_shapes=True,
            profile_memory=True,
        )

    def write(self, traced: profile) -> None:
        """Write the trace."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        traced.export_chrome_trace(str(self.file))

    def entered(self, changed: Change, done: int, phase: Phase) -> None:
        """A phase begins."""

    def stepped(self, step: StepMetrics) -> None:  # noqa: ARG002  whatever it tells
        """A step was taken."""
        if not self.started:
            self.profile.start()
            self.started = True
        self.profile.step()

    def validated(self, result: ValidationResult, total: int) -> None:
        """Held-out clips were tried."""

    def saved(self, folder: Path) -> None:
        """A checkpoint was written."""
