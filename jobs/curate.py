"""`understudy curate`: from a folder of videos to an index of verified shards."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import tyro
from rich.console import Console

from jobs.beacon import Beacon
from jobs.progress import Terminal, funnel, readable_s
from pipeline.core import Tally
from pipeline.estimators.devices import num_cuda_devices
from pipeline.flow import Curation, legs
from pipeline.landing import Ledger, write_text
from pipeline.leg import Leg
from pipeline.listing import enlist
from pipeline.runners import inline
from pipeline.runners.loopback import keep_to_loopback
from pipeline.runners.settings import ClusterSettings
from pipeline.runners.watch import Watch, Watches
from pipeline.stages.corpus import list_corpus, passed_over
from pipeline.stages.index import INDEX, write_index
from schemas.media import Listed
from schemas.place import Place
from schemas.version import DRAWING, PIPELINE, SCHEMA


@dataclass(frozen=True, kw_only=True)
class Curate:
    """Make a data set of verified shards from videos, or go on where an earlier run stopped."""

    videos: Path
    """Folder of videos, or a CSV or Parquet manifest with the columns uri, licence, domain."""
    out: Path
    """Folder of the data set."""
    runner: Literal["inline", "ray"] = "inline"
    """In this process, or on a Ray cluster: the bytes are the same."""
    cluster: tyro.conf.OmitArgPrefixes[ClusterSettings] = field(default_factory=ClusterSettings)
    settings: Curation = field(default_factory=Curation)


def curate(job: Curate, console: Console) -> int:
    """Run the job; 0 where the data set is whole, 1 where too little was kept.

    Raises:
        ValueError: the corpus or a setting cannot be used.
        OSError: the data set's folder cannot be written.
        AtWork: another run is at work on the data set.
    """
    began = time.monotonic()
    found = list_corpus(job.videos)
    for suffix, count in sorted(passed_over(job.videos).items()):
        console.print(
            f"{count} files {suffix or 'without a suffix'} are no videos by their names", highlight=False
        )
    with Beacon(Place.at(job.out), job.runner, time.time) as beacon:
        tallies = make(job, found, beacon, console)
    console.print(funnel(tallies))
    console.print(
        f"done in {readable_s(time.monotonic() - began)}: {job.out / 'index.parquet'}", highlight=False
    )
    return verdict(tallies, job.settings.min_kept_share, console)


def make(job: Curate, found: Sequence[Listed], beacon: Beacon, console: Console) -> list[Tally]:
    """Bring the data set to its end; what became of the items of each step."""
    ledger = Ledger(job.out)
    enlisted = enlist(ledger, found)
    console.print(f"{enlisted.new} new files, {enlisted.known} known, {enlisted.gone} gone", highlight=False)
    write_run(job)
    house = legs(job.settings, job.out)
    with Terminal(console, time.monotonic) as terminal:
        run(job, house, ledger, Watches(beacon, terminal))
    if not (job.out / INDEX).exists():
        shards = house[-1].name
        write_index(job.out, [partial(ledger.columns, shards, name) for name in ledger.names(shards)])
    return [tally for leg in house for tally in ledger.tallies(leg.name)]


def run(job: Curate, house: Sequence[Leg], ledger: Ledger, watch: Watch) -> None:
    """Bring all legs to their end, where the job says."""
    loose = partial(unseal, job.out)
    if job.runner == "inline":
        inline.run(house, ledger, watch, clock=time.perf_counter, unseal=loose, gpus=num_cuda_devices)
        return
    keep_to_loopback(os.environ, job.cluster.address)
    from pipeline.runners import cluster  # Ray takes seconds to import, and reads the environment then

    shared = [job.videos, job.out]
    cluster.run(house, ledger, watch, clock=time.monotonic, unseal=loose, settings=job.cluster, shared=shared)


def unseal(out: Path) -> None:
    """Take the index away: it is written last, from shards that are whole."""
    (out / INDEX).unlink(missing_ok=True)


def write_run(job: Curate) -> None:
    """Write what the run is made of beside its output; estimators are asked only where settings are new."""
    path = job.out / "run.json"
    said: dict[str, Any] = {
        "schema": SCHEMA,
        "drawing": DRAWING,
        "pipeline": PIPELINE,
        "code": version("understudy"),
        "recipe": "default",
        "settings": json.loads(json.dumps(asdict(job.settings), default=str)),
    }
    before = json.loads(path.read_text()) if path.exists() else {}
    if before | said != before:
        estimators = job.settings.backends.build()
        cards = {trade.name: asdict(getattr(estimators, trade.name).card) for trade in fields(estimators)}
        write_text(path, json.dumps(said | {"estimators": cards}, indent=1) + "\n")


def verdict(tallies: list[Tally], min_kept_share: float, console: Console) -> int:
    """Whether enough was kept; if not, which steps dropped the rest."""
    by_step = {tally.step: tally for tally in tallies}
    cut, stored = by_step["screen"].offered, by_step["shard"].kept
    files, probed = by_step["corpus"].offered, by_step["probe"].kept
    if stored > 0 and stored >= min_kept_share * cut:
        return 0
    worst = max(tallies, key=lambda tally: tally.rejected)
    reasons = ", ".join(f"{reason} {n}" for reason, n in worst.reasons.most_common(3))
    console.print(
        f"too little was kept: {stored} samples of {cut} clips from {probed} of {files} files "
        f"(min_kept_share is {min_kept_share:g}); step {worst.step!r} dropped most: {reasons or 'nothing'}",
        style="red",
        highlight=False,
    )
    return 1
