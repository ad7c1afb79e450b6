"""A whole small job in a process of its own, which may be killed at a given change of a file below OUT.

    python -m tests.resume.job VIDEOS OUT TRUTHS [KILL_AT job|worker [CANVAS_AREA]]

Prints the number of changes that it made. With an area of canvases, what they change is done again.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from rich.console import Console

from engine.ledger import Ledger
from jobs.commands.check import pipeline_legs
from jobs.commands.curate import Curate, curate
from pipeline.backends import Backends
from pipeline.estimators.fakes import (
    FakeBody,
    FakeEmbedder,
    FakeFace,
    FakeHands,
    FakeHead,
    FakeIdentity,
    FakePose2D,
)
from pipeline.flow import Curation
from pipeline.stages.control import ControlSettings
from pipeline.stages.screen import ScreenSettings
from tests.paint import film
from tests.resume.changes import Counting, begin
from tests.synth import Scene
from tests.warm.programs import execute


def settings(truths: Path) -> Curation:
    """The default job with estimators that know the answers, in small laps, tars and pictures."""
    fakes: dict[str, Any] = {
        "person": FakePose2D(truths=truths),
        "body": FakeBody(truths=truths),
        "hands": FakeHands(truths=truths),
        "face": FakeFace(truths=truths),
        "head": FakeHead(truths=truths),
        "appearance": FakeEmbedder(),
        "identity": FakeIdentity(),
    }
    return Curation(
        backends=cast("Any", Backends)(**fakes),
        screen=ScreenSettings(min_source_share=0.0),
        control=ControlSettings(canvas_area=24_576),
        sources_per_lap=1,
        samples_per_shard=2,
    )


def run_job(
    corpus: Path, out: Path, kill_at: int = 0, videos: str = "", whom: str = "job", area: int = 0
) -> subprocess.CompletedProcess[str]:
    """The job in a process of its own, on the corpus or on videos elsewhere."""
    places = (videos or corpus / "videos", out, corpus / "truths")
    return execute("-m", "tests.resume.job", *places, kill_at, whom, area)


def contents(out: Path) -> dict[str, str]:
    """Digests of what outside readers see, by path."""
    kept = [*out.glob("shards/*/*"), out / "index.parquet"]
    return {path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


def landed(out: Path) -> dict[tuple[str, str], str]:
    """Digests of what every lap gave."""
    ledger = Ledger(out)
    names = [(leg.name, lap) for leg in pipeline_legs() for lap in ledger.names(leg.name)]
    return {(leg, lap): result.content for leg, lap in names if (result := ledger.landed(leg, lap))}


def make_films(folder: Path) -> Path:
    """Three short videos, one of them with nobody in it, and a copy."""
    (folder / "videos").mkdir()
    for number, turn in ((1, (-30.0, 30.0)), (2, (0.0, 170.0))):
        scene = Scene(number=number, num_frames=26, width=160, height=240, appearance=number, turn_deg=turn)
        film(scene, folder / "videos" / f"{number}.mp4", folder / "truths")
    film(
        Scene(number=3, num_frames=26, width=160, height=240, absent=range(26)),
        folder / "videos" / "3.mp4",
        folder / "truths",
    )
    (folder / "videos" / "copy.mp4").write_bytes((folder / "videos" / "1.mp4").read_bytes())
    return folder


def with_area(run: Curation, area: int) -> Curation:
    """The job on canvases of other sizes."""
    return replace(run, control=replace(run.control, canvas_area=area)) if area else run


def main(videos: str, out: str, truths: str, kill_at: str = "0", whom: str = "", area: str = "0") -> int:
    """Run the job; its exit code."""
    run = with_area(settings(Path(truths)), int(area))
    with tempfile.NamedTemporaryFile(dir=Path(truths).parent) as counter:  # scratch space is looked into
        job = os.getpid() if whom == "job" else None
        begin(Counting(out=out, counter=counter.name, kill_at=int(kill_at) or None, job=job))
        made = Curate(videos=videos, out=out, settings=run, redo=bool(int(area)))
        code = curate(made, Console(quiet=True))
        print(Path(counter.name).stat().st_size)
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
