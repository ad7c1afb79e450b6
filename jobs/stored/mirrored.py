"""Checkpoints go to a store behind the training, which waits for them at its end alone."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from jobs.console.train_progress import NullObserver
from model.train.mirror import Mirror


class Mirrored(NullObserver):
    """Copies each checkpoint that is saved, one after the other; what fails is told, and tried again."""

    def __init__(self, mirror: Mirror, pool: ThreadPoolExecutor, console: Console) -> None:
        self.mirror, self.pool, self.console = mirror, pool, console
        self.pushing: Future[None] | None = None

    def saved(self, folder: Path) -> None:  # noqa: ARG002  whatever the store lacks is copied
        """Begin a copy, unless one is under way."""
        if self.pushing is None or self.pushing.done():
            self.pushing = self.pool.submit(self.push)

    def push(self) -> None:
        """Copy what the store lacks; where it does not answer, the next checkpoint tries again."""
        try:
            self.mirror.push()
        except OSError as trouble:
            self.console.print(f"not kept in the store yet: {trouble}", style="yellow", highlight=False)


@contextmanager
def mirrored(mirror: Mirror | None, console: Console) -> Iterator[NullObserver]:
    """An observer that keeps a run in its store; all of it is there in the end, also after a fault.

    Raises (at the end):
        OSError: the store does not answer.
    """
    if mirror is None:
        yield NullObserver()
        return
    with ThreadPoolExecutor(max_workers=1) as pool:
        try:
            yield Mirrored(mirror, pool, console)
        finally:
            pool.submit(mirror.push).result()
