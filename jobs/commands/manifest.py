"""`understudy manifest`: a table of a folder's videos and what is told of each, to be edited and curated."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import tyro
from rich.console import Console

from jobs.console.flags import parsed
from jobs.console.next_step import tell_next
from jobs.exit_codes import ExitCode
from pipeline.stages.corpus import CorpusSettings, survey
from schemas.origin import ORIGIN_TEXTS
from storage.place import Place


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Write a manifest: a CSV of all videos of a folder, with columns for what is to be told of each."""

    videos: tyro.conf.Positional[str]
    """Folder or address of the videos."""
    out: Path
    """CSV to write; `understudy curate --videos` takes it."""
    corpus: tyro.conf.OmitArgPrefixes[CorpusSettings] = field(default_factory=CorpusSettings)
    force: bool = False
    """Write over a file that is there: somebody may have edited it."""


def parse(args: list[str]) -> Manifest:
    """The job of a command line."""
    return parsed(Manifest, "manifest", args)


def manifest(job: Manifest, console: Console) -> ExitCode:
    """Write the table; `WHOLE`.

    Raises:
        ValueError: there is no video, no CSV is wanted, or the file is there.
        OSError: the folder cannot be read or the file not written.
    """
    if job.out.suffix.lower() != ".csv":
        raise ValueError(f"{job.out}: a manifest is a CSV: name it so, as videos.csv")
    if job.out.exists() and not job.force:
        raise ValueError(f"{job.out}: is there already; --force writes over it")
    found = survey(job.videos, job.corpus).videos
    if not found:
        raise ValueError(f"{job.videos}: no video there")
    text = StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("uri", *ORIGIN_TEXTS))
    table.writerows((row.uri, *(getattr(row.origin, name) for name in ORIGIN_TEXTS)) for row in found)
    Place.at(job.out.absolute().parent).write(job.out.name, text.getvalue().encode())
    console.print(f"{len(found)} videos: {job.out}", highlight=False)
    tell_next(console, ("curate", "--videos", job.out, "--out", "SET"))
    return ExitCode.WHOLE
