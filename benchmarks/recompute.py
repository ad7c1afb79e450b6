"""What a change of a finished data set costs against making it, change by change, on real clips.

    python -m benchmarks.recompute CLIPS_FOLDER [NAME_PREFIX ...]

Runs are in one process (`--strict`); what is told are processor seconds, of its children too, so that other
work on the machine changes them little. Another rule is the same one under another version.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

from rich.console import Console

from benchmarks.machine import write_table
from engine.ledger import Ledger
from jobs.commands.curate import Curate, curate
from jobs.commands.plan import PlanRun, forecast_of
from jobs.stored.curation import stored_in
from pipeline.estimators.fakes import ColourHistogram
from pipeline.flow import TRACKS, Curation
from pipeline.stages.reference import PickReferences
from schemas.tracks import ROLES
from storage.place import Place

PREFIXES = ("talk_01",)
MOST_APPEARANCE, MOST_NOTHING = 0.35, 0.02
NOTHING, APPEARANCE = "nothing", "another model of appearance, which says other things of everybody"


def main(folder: Path, prefixes: tuple[str, ...]) -> None:
    run = Curation()
    shared: dict[str, float] = {}
    rows: list[tuple[str, ...]] = [
        ("change", "redone, as `plan` says", "time against a full run", "as planned")
    ]
    with tempfile.TemporaryDirectory() as scratch:
        videos = Path(scratch) / "videos"
        videos.mkdir()
        for path in sorted(folder.iterdir()):
            if path.name.startswith(prefixes):
                shutil.copy(path, videos)
        out = Path(scratch) / "set"
        seconds(videos, Path(scratch) / "first", run)  # what is imported once is in no run
        whole_s = seconds(videos, out, run)
        for name, settings, version in changes(run):
            changed = Path(shutil.copytree(out, Path(scratch) / "changed"))
            with version:
                plan_text, planned_s = planned(changed, settings)
                shared[name] = seconds(videos, changed, settings) / whole_s
            shutil.rmtree(changed)
            rows.append((name, plan_text, f"{shared[name]:.1%}", f"{planned_s / busy_of(out):.1%}"))
    write_table(
        Path(__file__).with_name("RECOMPUTE.md"),
        "What is redone when something changes",
        f"python -m benchmarks.recompute CLIPS_FOLDER {' '.join(prefixes)}",
        rows,
        "The last column: what `understudy plan` expects, of the time that steps were busy in the full run.",
        "Where samples change, their tars are made again; videos that would be the same are taken over from",
        "the old ones, and what is made is references, numbers and `meta.json`. The last row encodes all.",
        "",
        verdict(shared, APPEARANCE, MOST_APPEARANCE),
        verdict(shared, NOTHING, MOST_NOTHING),
    )


def verdict(shared: dict[str, float], name: str, most: float) -> str:
    """Whether a share is what it should be."""
    reached = "reached" if shared[name] <= most else "not reached"
    return f"- {name}: {shared[name]:.1%}, at most {most:.0%}: {reached}."


def changes(run: Curation) -> Iterator[tuple[str, Curation, Any]]:
    """Changes of a data set, the settings of each, and what of the code is another meanwhile."""
    same = mock.patch.dict({})
    yield NOTHING, run, same
    placed = replace(run, gpu_share=0.25, shard=replace(run.shard, window=4))
    yield "where and how fast", placed, same
    for role in ROLES:
        backend = type(getattr(run.backends, role))
        yield f"another version of the model of {role}, which says the same", run, versioned(backend)
    yield APPEARANCE, run, other_appearance(type(run.backends.appearance))
    yield "the rule of references", run, versioned(PickReferences)
    rule = replace(run.one_person, max_gap_frames=run.one_person.max_gap_frames + 1)
    yield "the rule of one person", replace(run, one_person=rule), same
    video = replace(run.shard.video, crf=run.shard.video.crf + 1)
    yield "how video.mp4 is encoded", replace(run, shard=replace(run.shard, video=video)), same


@contextmanager
def versioned(cls: type) -> Iterator[None]:
    """The class under another version."""
    with mock.patch.object(cls, "version", 99, create=not hasattr(cls, "version")):
        yield


@contextmanager
def other_appearance(cls: type) -> Iterator[None]:
    """The appearance model replaced by one that sees other colours, under another name."""
    with versioned(cls), mock.patch.object(cls, "build", return_value=ColourHistogram()):
        yield


def planned(out: Path, settings: Curation) -> tuple[str, float]:
    """What `plan` says that a run would do, and the seconds that it expects."""
    place = Place.at(out)
    stored = stored_in(place)
    assert stored is not None
    legs = forecast_of(PlanRun(out=str(out), settings=settings), place, stored).legs
    redone = [f"{leg.leg} ({', '.join(leg.facets)})" if leg.facets else leg.leg for leg in legs if leg.again]
    return ", ".join(redone) or "nothing", sum(sum(leg.again) for leg in legs)


def busy_of(out: Path) -> float:
    """Seconds that the steps of a data set took."""
    legs = ("sources", "catalogue", "clips", TRACKS, "samples", "shards")
    return sum(tally.busy_s for leg in legs for tally in Ledger(out).tallies(leg))


def seconds(videos: Path, out: Path, settings: Curation) -> float:
    """Processor seconds of a run."""
    began = os.times()
    job = Curate(videos=videos, out=out, settings=settings, strict=True, redo=True)
    if curate(job, Console(quiet=True)):
        raise SystemExit(f"{out}: not made")
    ended = os.times()
    return sum(ended[:4]) - sum(began[:4])


if __name__ == "__main__":
    main(Path(sys.argv[1]), tuple(sys.argv[2:]) or PREFIXES)
