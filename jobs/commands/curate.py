"""`understudy curate`: from a folder of videos to an index of verified shards."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import tyro
from rich.console import Console

from dataset.index_writer import write_index
from dataset.names import INDEX, RUN
from engine.core import Tally
from engine.ledger import Ledger
from engine.leg import Leg
from engine.runners import inline
from engine.runners.ray import cluster
from engine.runners.ray.loopback import keep_to_loopback
from engine.runners.settings import ClusterSettings, Timeouts
from engine.runners.status import RunObserver
from jobs.console.failed_items import num_failed, tell_failed
from jobs.console.heartbeat import Heartbeat
from jobs.console.lock import manner
from jobs.console.observers import all_of
from jobs.console.progress import ConsoleProgress, funnel, readable_s
from jobs.exit_codes import ExitCode
from pipeline.corpora.listing import enlist
from pipeline.corpora.reach import UNREACHED, refuse_unreached
from pipeline.estimators.devices import num_cuda_devices
from pipeline.flow import TRACKS, Curation, legs
from pipeline.stages.corpus import Survey, survey
from schemas.media import Listed
from schemas.tracks import Tracked
from schemas.version import DRAWING, PIPELINE, SCHEMA
from storage.place import Place


@dataclass(frozen=True, kw_only=True)
class Curate:
    """Make a data set of verified shards from videos, or go on where an earlier run stopped."""

    videos: str | Path
    """Folder or address of videos, or of a CSV or Parquet manifest with the columns uri, licence, domain."""
    out: str | Path
    """Folder of the data set, or its address in an object store: s3://bucket/set."""
    runner: Literal["inline", "ray"] = "inline"
    """On this machine, one lap after the other, or on a Ray cluster: the bytes are the same."""
    cluster: tyro.conf.OmitArgPrefixes[ClusterSettings] = field(default_factory=ClusterSettings)
    patience: Timeouts = field(default_factory=Timeouts)
    strict: bool = False
    """Stop at the first item on which a step breaks; inline, in this very process, as a debugger wants it."""
    follow_links: bool = False
    """Take files and folders outside the folder of videos too, where links in it lead there."""
    retry: tuple[str, ...] = ()
    """Try again what was rejected for these reasons, for instance failed crashed timed_out killed. What could
    not be reached (denied, unreachable) is always tried again, all else would end as before and is not."""
    force: bool = False
    """Take OUT over from a run that seems to be at work on it and is not."""
    settings: Curation = field(default_factory=Curation)


def curate(job: Curate, console: Console) -> ExitCode:
    """Run the job; `WHOLE`, `BELOW_THRESHOLD` where too little was kept, or `FAILED_ITEMS` where some failed.

    Raises:
        ValueError: the corpus or a setting cannot be used.
        OSError: the data set's place cannot be written.
        AtWork: another run is at work on the data set.
        MostUnreached: most videos cannot be reached.
        LapFailed: the machine is at fault: a disk, a store, its memory.
        TooManyFailed: a step breaks on too many items.
    """
    began = time.monotonic()
    found = survey(job.videos, follow_links=job.follow_links)
    for sentence in left_out(found):
        console.print(sentence, highlight=False)
    out = Place.at(job.out)
    with Heartbeat(out, job.runner, manner(console, force=job.force)) as heartbeat:
        tallies = make(job, out, found.videos, heartbeat, console)
    console.print(funnel(tallies))
    console.print(f"done in {readable_s(time.monotonic() - began)}: {out / INDEX}", highlight=False)
    names = [leg.name for leg in legs(job.settings, out)]
    tell_failed(Ledger(out), names, tallies, console)
    return verdict(tallies, job.settings.min_kept_share, console)


def left_out(found: Survey) -> Iterator[str]:
    """What of a folder is not taken, a sentence each."""
    for suffix, count in sorted(found.others.items()):
        yield f"{count} files {suffix or 'without a suffix'} are no videos by their names"
    if found.links_out:
        yield f"{found.links_out} links lead out of the folder and are not followed: see --follow-links"


def make(
    job: Curate, out: Place, found: Sequence[Listed], heartbeat: Heartbeat, console: Console
) -> list[Tally]:
    """Bring the data set to its end; what became of the items of each step."""
    out.sweep()
    if out.size(INDEX) is None:
        refuse_unreached(found)
    ledger = Ledger(out)
    enlisted = enlist(ledger, found)
    console.print(f"{enlisted.new} new files, {enlisted.known} known, {enlisted.gone} gone", highlight=False)
    write_run(job, out)
    house = legs(job.settings, out)
    with ConsoleProgress(console, time.monotonic) as terminal:
        observers: tuple[RunObserver, ...] = (heartbeat, terminal)
        run(job, house, ledger, all_of(*observers))
    write_run(job, out)
    if out.size(INDEX) is None:
        shards = house[-1].name
        write_index(out, [partial(ledger.columns, shards, name) for name in ledger.names(shards)])
    return [tally for leg in house for tally in ledger.tallies(leg.name)]


def run(job: Curate, house: Sequence[Leg], ledger: Ledger, watch: RunObserver) -> None:
    """Bring all legs to their end, where the job says."""
    out = Place.at(job.out)
    same: dict[str, Any] = {
        "unseal": partial(out.remove, INDEX),  # the index vouches for the whole
        "retry": (*job.retry, *UNREACHED),
        "patience": replace(job.patience, tries=0) if job.strict else job.patience,
    }
    if job.runner == "inline":
        inline.run(house, ledger, watch, clock=time.perf_counter, gpus=num_cuda_devices, **same)
        return
    keep_to_loopback(os.environ, job.cluster.address)  # before Ray is imported, which reads it then
    shared = [place.folder for place in (Place.at(job.videos), out) if place.folder is not None]
    cluster.run(house, ledger, watch, clock=time.monotonic, settings=job.cluster, shared=shared, **same)


def write_run(job: Curate, out: Place) -> None:
    """Write what the run is made of beside its output: at its end with the estimators that spoke."""
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "drawing": DRAWING,
        "pipeline": PIPELINE,
        "code": version("understudy"),
        "recipe": "default",
        "settings": json.loads(json.dumps(asdict(job.settings), default=str)),
        "estimators": estimators_in(Ledger(out)),
    }
    before = json.loads(out.read(RUN)) if out.size(RUN) is not None else {}
    if content != before:
        out.write(RUN, (json.dumps(content, indent=1) + "\n").encode())


def estimators_in(ledger: Ledger) -> dict[str, Any]:
    """The estimators by role, as the first clip tells that has landed with its tracks."""
    for name, landed in ledger.all_landed(TRACKS):
        if landed.rows:
            tracked = next(ledger.rows(TRACKS, name, Tracked))
            return {role: asdict(card) for role, card in tracked.provenance.items()}
    return {}


def verdict(tallies: list[Tally], min_kept_share: float, console: Console) -> ExitCode:
    """Whether enough was kept and nothing failed; if too little was, which steps dropped the rest."""
    by_step = {step: Tally(step=step) for step in ("corpus", "probe", "screen", "shard")}
    by_step |= {tally.step: tally for tally in tallies}
    cut, stored = by_step["screen"].offered, by_step["shard"].kept
    files, probed = by_step["corpus"].offered, by_step["probe"].kept
    if stored > 0 and stored >= min_kept_share * cut:
        return ExitCode.FAILED_ITEMS if num_failed(tallies) else ExitCode.WHOLE
    worst = max(tallies, key=lambda tally: tally.rejected)
    reasons = ", ".join(f"{reason} {n}" for reason, n in worst.reasons.most_common(3))
    console.print(
        f"too little was kept: {stored} samples of {cut} clips from {probed} of {files} files "
        f"(min_kept_share is {min_kept_share:g}); step {worst.step!r} dropped most: {reasons or 'nothing'}",
        style="red",
        highlight=False,
    )
    return ExitCode.BELOW_THRESHOLD
