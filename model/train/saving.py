"""Checkpoints that are written while training goes on.

A save stops the training for as long as it takes to copy what learns into the machine's memory. A thread of
each rank writes its share from there. After each step the ranks tell each other, in the exchange that they
make anyway, who still writes; once nobody does, the folder gets its name. Killed before that, a run goes on
from the checkpoint before, which is removed only afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Thread

from model.train import checkpoint
from model.train.checkpoint import Snapshot, TrainState
from model.train.phases import ActivePhase


class Saver:
    """Writes the checkpoints of a run; all ranks call alike. `saved` is told of each that is there."""

    def __init__(self, run: Path, keep: int, saved: Callable[[Path], None], *, behind: bool) -> None:
        self.run, self.keep, self.saved, self.behind = run, keep, saved, behind
        self.pending: Snapshot | None = None
        self.thread: Thread | None = None
        self.fault: BaseException | None = None

    def start(self, state: TrainState, entered: ActivePhase) -> None:
        """Begin a checkpoint of what the engine holds now, once the one before is there."""
        self.finish()
        self.pending = checkpoint.snapshot(self.run, state, entered)
        if not self.behind:
            self.write(self.pending)
            self.finish()
            return
        self.thread = Thread(target=self.write, args=(self.pending,), name="checkpoint", daemon=True)
        self.thread.start()

    def write(self, snapshot: Snapshot) -> None:
        """Write, and keep what goes wrong for whoever finishes."""
        try:
            snapshot.write()
        except BaseException as trouble:  # noqa: BLE001  told by `finish`, in the thread that trains
            self.fault = trouble

    @property
    def busy(self) -> bool:
        """Whether this rank still writes."""
        return self.thread is not None and self.thread.is_alive()

    def finish(self) -> None:
        """See that a checkpoint that was begun is there, and remove those that are too many.

        Raises:
            NoSpace: the disk is full.
            OSError: it cannot be written.
        """
        if self.thread is not None:
            self.thread.join()
            self.thread = None
        if self.fault is not None:
            raise self.fault
        if self.pending is None:
            return
        written, self.pending = self.pending, None
        folder = checkpoint.complete(written)
        if written.rank == 0:
            checkpoint.prune(self.run, self.keep)
        self.saved(folder)
