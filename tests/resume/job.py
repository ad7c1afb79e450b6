"""A whole small job in a process of its own, which may kill itself at a given change of a file below OUT.

    python -m tests.resume.job VIDEOS OUT TRUTHS [KILL_AT]

Prints the number of changes that it made.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from rich.console import Console

from jobs.curate import Curate, curate
from pipeline.estimators.fakes import FakeBody, FakeEmbedder, FakeFace, FakeHands, FakeHead, FakePose2D
from pipeline.flow import Backends, Curation
from pipeline.stages.screen import ScreenSettings

CHANGES = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir"}


def settings(truths: Path) -> Curation:
    """The default job with estimators that know the answers, in small laps and tars."""
    fakes: dict[str, Any] = {
        "person": FakePose2D(truths=truths),
        "body": FakeBody(truths=truths),
        "hands": FakeHands(truths=truths),
        "face": FakeFace(truths=truths),
        "head": FakeHead(truths=truths),
        "appearance": FakeEmbedder(),
    }
    return Curation(
        backends=cast("Any", Backends)(**fakes),
        screen=ScreenSettings(min_source_area_px=1),
        sources_per_lap=1,
        samples_per_shard=2,
    )


def counting(out: Path, kill_at: int | None) -> Callable[[], int]:
    """Count the changes of files below `out` from now on, and die at the one numbered `kill_at`."""
    changes = 0

    def hook(event: str, args: tuple[Any, ...]) -> None:
        nonlocal changes
        if event not in CHANGES or not str(args[0]).startswith(str(out)):
            return
        if event == "open" and not (args[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return
        changes += 1
        if changes == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return lambda: changes


def main(videos: str, out: str, truths: str, kill_at: str = "") -> int:
    """Run the job; its exit code."""
    count = counting(Path(out), int(kill_at) if kill_at else None)
    code = curate(
        Curate(videos=Path(videos), out=Path(out), settings=settings(Path(truths))), Console(quiet=True)
    )
    print(count())
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
