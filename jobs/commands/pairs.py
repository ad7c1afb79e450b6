"""`understudy pairs`: pairs of samples across clips, as a table and as other trainers read them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tyro
from numpy.typing import NDArray
from rich.console import Console

from dataset.index import Index, read_index
from dataset.pairing import ChosenPairs, pairs_of
from dataset.tables import records
from engine.failures import UNJUDGED
from engine.ledger import Ledger
from engine.leg import Leg
from engine.runners.status import RunObserver
from jobs.console.flags import parsed
from jobs.console.heartbeat import Heartbeat
from jobs.console.kinds import File, OptionalFolder
from jobs.console.lock import manner
from jobs.console.observers import all_of
from jobs.console.progress import ConsoleProgress
from jobs.exit_codes import ExitCode
from jobs.long_run import LongRun
from jobs.pair_legs import forget_lost_files, measured, measuring, write_table, writing
from jobs.pair_manifests import write_tables
from schemas.media import MAX_CLIP_FRAMES, MIN_CLIP_FRAMES
from schemas.pairs import PairKind, PairRow
from storage.place import Place

SUFFIX = ".parquet"


@dataclass(frozen=True, kw_only=True)
class MakePairs(LongRun):
    """Write pairs of samples: a driver, a target that is to be seen, and a reference of its looks."""

    data: tyro.conf.Positional[str]
    """Folder or address of the data set."""
    out: File
    """Parquet table to write, a file or its address in an object store; what is measured on the way lies in a
    folder beside it that is called like it."""
    kind: PairKind
    """Same person at another time; same moment in another camera; another person's performance."""
    frames: int = 73
    """Of a window, at 24 fps; shorter samples are in no pair."""
    per_person: int = 16
    """Most pairs of each target person, so that nobody is shown more often than others."""
    seed: int = 0
    """Another one draws other pairs."""
    manifests: OptionalFolder = None
    """Folder or address for the pairs as videos and pictures, with the tables that DiffSynth and AutoModel
    read."""


def parse(args: list[str]) -> MakePairs:
    """The job of a command line."""
    return parsed(MakePairs, "pairs", args)


def pairs(job: MakePairs, console: Console) -> ExitCode:
    """Write the table; `WHOLE`.

    Raises:
        ValueError: a setting cannot be, the data set tells of no people, there is no such pair, or a sample
            cannot be read.
        AtWork: another run makes the same table.
        CannotRun: as `LongRun.bring_to_end`.
        OSError: the data set cannot be read, or the table not written.
    """
    refuse_odd(job)
    index = read_index(job.data)
    if not any(index.codes("person")[1]):
        raise ValueError(f"{job.data}: tells nobody apart: it is of an earlier version; curate it again")
    chosen = pairs_of(index, job.kind, frames=job.frames, per_person=job.per_person, seed=job.seed)
    if not len(chosen):
        raise ValueError(f"{job.data}: {why_none(index, job)}")
    place, name = Place.holding(job.out)
    work = place / name[: -len(SUFFIX)]  # landings lie in a folder beside the table that is called like it
    bring_to_end(job, [measuring(Place.at(job.data), chosen)], work, console)
    made = measured(work)
    if job.manifests is not None:
        write_manifests(job, chosen, records(made, PairRow), work, console)
    write_table(made, place, name)
    tell(made["target_person"].to_pylist(), made["yaw_difference_deg"].to_numpy(), job, console)
    return ExitCode.WHOLE


def write_manifests(
    job: MakePairs, chosen: ChosenPairs, made: Sequence[PairRow], work: Place, console: Console
) -> None:
    """Write pairs as videos and pictures, and then the tables that name them."""
    folder, rows = Place.at(str(job.manifests)), {row.key: row for row in chosen.rows()}
    forget_lost_files(Ledger(work), folder)
    bring_to_end(job, [writing(Place.at(job.data), folder, rows, made)], work, console)
    write_tables(made, rows, folder)


def refuse_odd(job: MakePairs) -> None:
    """Raise ValueError where a setting cannot be."""
    if not MIN_CLIP_FRAMES <= job.frames <= MAX_CLIP_FRAMES:
        raise ValueError(f"--frames {job.frames}: a sample has {MIN_CLIP_FRAMES} to {MAX_CLIP_FRAMES}")
    if job.per_person < 1:
        raise ValueError(f"--per-person {job.per_person}: at least one")
    if not job.out.lower().endswith(SUFFIX):
        raise ValueError(f"{job.out}: a Parquet table is written: name it so, as pairs.parquet")


def why_none(index: Index, job: MakePairs) -> str:
    """Why there is no pair, as far as it can be told."""
    long = int((index.numbers("frames") >= job.frames).sum())
    if not long:
        return f"no sample of {len(index)} has {job.frames} frames: see --frames"
    if job.kind == "cross_view" and not any(index.codes("take")[1]):
        return "no take is told: cross_view needs the columns take and subject in the manifest"
    return {
        "cross_clip": "no person is seen at two moments a second apart, for as long as a window",
        "cross_view": "no person is seen by two cameras at one moment, for as long as a window",
        "cross_identity": "one person alone is seen for as long as a window",
    }[job.kind]


def bring_to_end(job: MakePairs, legs: Sequence[Leg], work: Place, console: Console) -> None:
    """Run legs; what they have landed stays in a folder beside the table.

    Raises:
        ValueError: a sample cannot be read.
        AtWork: another run makes the same table.
        CannotRun: as `LongRun.bring_to_end`.
    """
    with Heartbeat(work, job.runner, manner(console, force=job.force)) as heartbeat:
        work.sweep()
        with ConsoleProgress(console, time.monotonic) as terminal:
            observers: tuple[RunObserver, ...] = (heartbeat, terminal)
            places = [Place.at(job.data).folder, work.folder]
            places += [Place.at(job.manifests).folder] if job.manifests else []
            job.bring_to_end(
                legs, Ledger(work), all_of(*observers), unseal=lambda: None, shared=places, always=UNJUDGED
            )
    for leg in legs:
        for table in Ledger(work).all_rejects(leg.name):
            for no in table.to_pylist():
                raise ValueError(
                    f"{job.data}: a sample cannot be read: {no['reason']}: {no['detail']}; understudy check "
                    "tells all"
                )


def tell(people: Sequence[str], yaw_deg: NDArray[np.float64], job: MakePairs, console: Console) -> None:
    """Print what was written, by the target's person and how far the two are turned in each pair."""
    num = Counter(people)
    few, most = min(num.values()), max(num.values())
    counts = f"{len(people)} pairs of {len(num)} people, {few} to {most} each: {job.out}"
    console.print(counts, highlight=False, soft_wrap=True)
    turned = f"turned against each other by {np.median(yaw_deg):.0f} degrees in the median"
    console.print(turned, highlight=False)
