"""`make demo`: videos of real people, a data set made from them, its checks and its overlay sheets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import tyro
from rich.console import Console

from jobs.cli import ended
from jobs.commands.check import Check, check
from jobs.commands.curate import Curate, curate
from jobs.commands.preview import Preview, preview
from jobs.console.next_step import tell_next
from jobs.demo.videos import write_demo_videos
from jobs.exit_codes import ExitCode
from jobs.menu import GOES_ON
from pipeline.flow import Curation
from pipeline.stages.control import ControlSettings
from schemas.visible import shown_streams

PHOTOGRAPHS = Curation(control=ControlSettings(min_flex=0.0))
"""Settings under which a photograph before a moving camera is a person."""


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Make a small data set and look at it."""

    out: Path
    """Folder of everything that the demo makes."""
    videos: Path | None = None
    """Your own folder of videos; photographs under a moving camera where there is none."""


def demo(job: Demo, console: Console) -> ExitCode:
    """Curate, check and preview; the first exit code that is not 0."""
    videos = job.videos or write_demo_videos(job.out / "videos")
    made = curate(Curate(videos=videos, out=job.out / "set", settings=PHOTOGRAPHS), console)
    if made:
        return made
    checked = check(Check(out=job.out / "set"), console)
    shown = preview(Preview(data=job.out / "set", out=job.out / "sheets"), console)
    tell_next(console, ("train", "--data", job.out / "set", "--out", "RUN"))
    return checked or shown


if __name__ == "__main__":
    with shown_streams():
        raise SystemExit(ended(partial(demo, tyro.cli(Demo)), GOES_ON))
