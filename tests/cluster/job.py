"""A whole small job on a Ray cluster, in a process of its own.

python -m tests.cluster.job VIDEOS OUT TRUTHS [ADDRESS]
"""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from engine.runners.settings import ClusterSettings
from jobs.commands.curate import Curate, curate
from tests.resume.job import settings


def main(videos: str, out: str, truths: str, address: str | None = None) -> int:
    """Run the job; its exit code."""
    job = Curate(
        videos=videos,
        out=out,
        settings=settings(Path(truths)),
        runner="ray",
        cluster=ClusterSettings(address=address, workers=2),
    )
    return curate(job, Console(force_terminal=False))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
