"""How fast a training is: tokens a second of all ranks, and the share of the GPU's best that it reaches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from model.data.windows import num_tokens
from model.planning.flops import operations
from model.planning.products import WindowSpec
from model.train.settings import Training

if TYPE_CHECKING:
    from pathlib import Path

    from model.train.loop import StepMetrics, TrainObserver
    from model.train.phases import Change, Phase
    from model.train.validation import ValidationResult


class Speeds:
    """Adds speeds to what a step says, and hands all on.

    Tokens are those of noise, as the loader counts them. MFU is of the operations that the network asks for,
    without those that are done again, on this rank; other ranks have batches of about the same cost.
    """

    def __init__(
        self, observer: TrainObserver, settings: Training, replicas: int, peak_tflops: float | None
    ) -> None:
        self.observer, self.settings = observer, settings
        self.replicas, self.peak_tflops = replicas, peak_tflops
        self.phase = settings.phases[0]

    def entered(self, changed: Change, done: int, phase: Phase) -> None:
        """A phase began, or goes on."""
        self.phase = phase
        self.observer.entered(changed, done, phase)

    def stepped(self, step: StepMetrics) -> None:
        """A step was taken."""
        self.observer.stepped(replace(step, speed=self.speed(step)))

    def speed(self, step: StepMetrics) -> dict[str, float]:
        """Tokens a second, share of the time that the step waited, and MFU where the GPU is known."""
        took = step.seconds.get("step", 0.0)
        if not took or not step.shown:
            return {}
        tokens = sum(c * int(num_tokens(width, height, frames)) for c, frames, height, width, _ in step.shown)
        found = {
            "tokens_per_s": self.replicas * tokens / took,
            "wait_share": step.seconds.get("wait", 0.0) / took,
        }
        if self.peak_tflops and self.phase.task == "video":
            work = sum(self.operations(*shape) for shape in step.shown if shape[0])
            found["mfu"] = work / took / (self.peak_tflops * 1e12)
        return found

    def operations(self, clips: int, frames: int, height: int, width: int, references: int) -> int:
        """What the network asks for, of this rank, of a batch."""
        window = WindowSpec(
            frames=frames,
            width=width,
            height=height,
            references=references,
            clips=clips,
            faces=self.phase.faces,
        )
        return operations(
            self.settings.sizes,
            window,
            frozenset(self.phase.learning),
            activation_checkpointing=self.settings.activation_checkpointing,
            sequence_parallel=self.settings.sequence_parallel,
        ).model

    def validated(self, result: ValidationResult, total: int) -> None:
        """Held-out clips were tried."""
        self.observer.validated(result, total)

    def saved(self, folder: Path) -> None:
        """A checkpoint was written."""
        self.observer.saved(folder)


def speed_text(speed: dict[str, float]) -> str:
    """The speed of a step for a person; empty where it is not known."""
    if "tokens_per_s" not in speed:
        return ""
    mfu = f", MFU {speed['mfu']:.0%}" if "mfu" in speed else ""
    return f", {speed['tokens_per_s']:,.0f} tokens/s{mfu}, waits {speed['wait_share']:.0%}"
