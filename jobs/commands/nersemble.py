"""`understudy nersemble`: takes of NeRSemble as videos and a manifest, to be curated."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import tyro
from rich.console import Console

from jobs.console.flags import parsed
from jobs.console.next_step import tell_next
from jobs.exit_codes import ExitCode
from pipeline.corpora.nersemble.layout import takes_in
from pipeline.corpora.nersemble.prepare import PreparedView, PrepareSettings, prepared
from pipeline.stages.manifest import LENS
from schemas.origin import ORIGIN_TEXTS
from schemas.outcome import Reject
from schemas.visible import visible
from storage.place import Place

MANIFEST, REJECTS = "manifest.csv", "rejects.csv"


@dataclass(frozen=True, kw_only=True)
class NeRSemble:
    """Make videos and a manifest of takes that many calibrated cameras saw, or go on with it."""

    folder: tyro.conf.Positional[Path]
    """Where the data set's own toolkit put it: 017/sequences/EXP-1-head/..."""
    out: Path
    """Folder of the videos and the manifest; `understudy curate --videos OUT/manifest.csv` takes it."""
    settings: tyro.conf.OmitArgPrefixes[PrepareSettings] = field(default_factory=PrepareSettings)


def parse(args: list[str]) -> NeRSemble:
    """The job of a command line."""
    return parsed(NeRSemble, "nersemble", args)


def nersemble(job: NeRSemble, console: Console) -> ExitCode:
    """Prepare all takes; `WHOLE`, or `FAILED_ITEMS` where cameras or takes are left out, which are named.

    Raises:
        ValueError: the folder holds no take, or none of them can be used.
        OSError: it cannot be read, or the folder not written.
    """
    views: list[PreparedView] = []
    left_out: list[Reject] = []
    takes = takes_in(job.folder)
    for number, take in enumerate(takes, start=1):
        for found in prepared(take, job.out, job.settings):
            (left_out if isinstance(found, Reject) else views).append(found)  # type: ignore[arg-type]
        console.print(f"{number} of {len(takes)}: {take.name}", highlight=False)
    if not views:
        first = left_out[0]
        raise ValueError(
            f"{job.folder}: no camera of {len(takes)} takes can be used: {first.uri}: {first.detail}"
        )
    place = Place.at(job.out.absolute())
    place.write(REJECTS, rejects_table(left_out))
    place.write(MANIFEST, manifest_table(views))
    tell(views, left_out, job, console)
    return ExitCode.FAILED_ITEMS if left_out else ExitCode.WHOLE


def manifest_table(views: Sequence[PreparedView]) -> bytes:
    """The manifest, one row a camera."""
    names = sorted({name for view in views for name in view.origin.extra})
    rows = []
    for view in views:
        origin, lens = view.origin, view.origin.lens
        texts = [getattr(origin, name) for name in ORIGIN_TEXTS]
        camera = [repr(getattr(lens, name)) if lens else "" for name in LENS]
        rows.append([view.uri, *texts, *camera, *(origin.extra.get(name, "") for name in names)])
    return table([["uri", *ORIGIN_TEXTS, *LENS, *names], *rows])


def rejects_table(rejects: Sequence[Reject]) -> bytes:
    """What is left out, and why."""
    return table([["uri", "reason", "detail"], *([no.uri, no.reason, no.detail] for no in rejects)])


def table(rows: Sequence[Sequence[str]]) -> bytes:
    """Rows as CSV."""
    text = StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def tell(views: Sequence[PreparedView], left_out: Sequence[Reject], job: NeRSemble, console: Console) -> None:
    """Print what was made."""
    parts = Counter(view.origin.extra["part"] for view in views)
    cameras = f"{len(views)} videos: {parts['target']} to be learned, {parts['reference']} for looks alone"
    console.print(f"{cameras}: {job.out / MANIFEST}", highlight=False, soft_wrap=True)
    for no in left_out:
        console.print(
            visible(f"{no.uri}: {no.reason}: {no.detail}"), style="red", highlight=False, markup=False
        )
    tell_next(console, ("curate", "--videos", job.out / MANIFEST, "--out", "SET"))
