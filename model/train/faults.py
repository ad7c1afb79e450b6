"""What ends a training early, in a sentence that helps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from model.data.batch import Batch

PATIENCE = 50
"""Steps before a loss can be said to have run away."""

STAYS = 0.98
"""Share of a smoothed number that stays at each step."""


class TrainingFault(ValueError):
    """A training cannot go on; what was saved is sound."""


@contextmanager
def reporting_no_memory(batch: Batch) -> Iterator[None]:
    """Turn the exhaustion of memory into a sentence.

    Raises:
        TrainingFault: the batch did not fit.
    """
    try:
        yield
    except RuntimeError as trouble:  # of which torch.OutOfMemoryError is one, but not on a processor
        if not isinstance(trouble, torch.OutOfMemoryError) and "can't allocate memory" not in str(trouble):
            raise
        clips, frames = batch.points.shape[:2]
        height, width = batch.video.shape[2:4]
        raise TrainingFault(
            f"memory is exhausted by {clips} clips of {frames} frames of {width}x{height} px: "
            "lower loader.order.max-tokens or loader.order.window.max-frames, set activation_checkpointing, "
            "or raise zero_stage"
        ) from trouble


class DivergenceCheck:
    """Watches the loss of a phase. A network that says nothing has the target's power as its loss."""

    def __init__(self, phase: str) -> None:
        self.phase = phase
        self.steps = 0
        self.loss = self.target = 0.0

    def check(self, step: int, metrics: dict[str, float], keys: tuple[str, ...]) -> None:
        """Returns where the step's numbers are sound.

        Raises:
            TrainingFault: loss or gradient are not numbers, or the loss has run away.
        """
        where = f"{self.phase}, step {step}"
        unsound = [name for name in ("loss", "grad_norm") if not math.isfinite(metrics.get(name, 0.0))]
        if unsound:
            raise TrainingFault(
                f"{where}: the {' and the '.join(unsound)} is no number any more, here with the clips "
                f"{', '.join(keys)}; the last checkpoint is from before. "
                "Lower optimizer.lr, or take dtype float32"
            )
        if "loss" not in metrics:  # nothing in the batches counted
            return
        self.steps += 1
        self.loss += (1 - STAYS) * (metrics["loss"] - self.loss)
        self.target += (1 - STAYS) * (metrics["target_power"] - self.target)
        if self.steps >= PATIENCE and self.loss > 2 * self.target:
            raise TrainingFault(
                f"{where}: the loss has run away, to {self.loss / self.target:.1f} times that of saying "
                "nothing; the last checkpoints may be of no use. Lower optimizer.lr or lengthen "
                "optimizer.warmup-steps"
            )
