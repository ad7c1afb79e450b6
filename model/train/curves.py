"""TensorBoard: every number of every step, and films."""

from __future__ import annotations

from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from model.train.loop import Beat
from model.train.stages import Change, Stage


class Curves:
    """Writes what a training says; steps that were taken again after a kill replace those of before."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.writer: SummaryWriter | None = None
        self.total = 0

    def entered(self, changed: Change, done: int, stage: Stage) -> None:
        """A stage begins, or a run goes on in one."""

    def stepped(self, beat: Beat) -> None:
        """Numbers of a step."""
        if self.writer is None:
            self.writer = SummaryWriter(str(self.folder), purge_step=beat.total)
        for name, number in beat.numbers.items():
            self.writer.add_scalar(name, number, beat.total)

    def kept(self, folder: Path) -> None:  # noqa: ARG002 - a watch's signature
        """A checkpoint was written: let the curves be on the disk too."""
        if self.writer is not None:
            self.writer.flush()

    def close(self) -> None:
        """Write what is left."""
        if self.writer is not None:
            self.writer.close()
