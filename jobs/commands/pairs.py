"""`understudy pairs`: pairs of samples across clips, as a table and as other trainers read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import tyro
from numpy.typing import NDArray
from rich.console import Console

from dataset.index import Index, read_index
from dataset.pairing import pairs_of
from dataset.pairs import rows_of
from dataset.reader import Reader
from engine.ledger import Ledger
from jobs.console.flags import parsed
from jobs.exit_codes import ExitCode
from jobs.pair_manifests import write_manifests
from schemas.arrow import encode
from schemas.media import MAX_CLIP_FRAMES, MIN_CLIP_FRAMES
from schemas.outcome import UnfitError
from schemas.pairs import PairKind, PairRow
from schemas.sample import Sample
from storage.place import Place
from storage.scratch import workplace

SAMPLES = "samples"
"""The leg whose landings tell how people look."""


@dataclass(frozen=True, kw_only=True)
class MakePairs:
    """Write pairs of samples: a driver, a target that is to be seen, and a reference of its looks."""

    data: tyro.conf.Positional[str]
    """Folder or address of the data set."""
    out: str
    """Parquet table to write, a file or its address in an object store."""
    kind: PairKind
    """Same person at another time; same moment in another camera; another person's performance."""
    frames: int = 73
    """Of a window, at 24 fps; shorter samples are in no pair."""
    per_person: int = 16
    """Most pairs of each target person, so that nobody is shown more often than others."""
    seed: int = 0
    """Another one draws other pairs."""
    manifests: Path | None = None
    """Folder for the pairs as videos and pictures, with the tables that DiffSynth and AutoModel read."""


def parse(args: list[str]) -> MakePairs:
    """The job of a command line."""
    return parsed(MakePairs, "pairs", args)


def pairs(job: MakePairs, console: Console) -> ExitCode:
    """Write the table; `WHOLE`.

    Raises:
        ValueError: a setting cannot be, the data set tells of no people, or there is no such pair.
        OSError: the data set cannot be read, or the table not written.
    """
    refuse_odd(job)
    index = read_index(job.data)
    rows = index.rows()
    if not any(row.person for row in rows):
        raise ValueError(f"{job.data}: tells nobody apart: it is of an earlier version; curate it again")
    how = {"frames": job.frames, "per_person": job.per_person, "seed": job.seed}
    chosen = list(pairs_of(rows, job.kind, **how))
    if not chosen:
        raise ValueError(f"{job.data}: {why_none(index, job)}")
    wanted = {window.row.key for pair in chosen for window in (pair.driver, pair.target)}
    looks = looks_in(Place.at(job.data), wanted)
    try:
        made = list(rows_of(chosen, Reader(job.data, verify=True), looks.get))
    except UnfitError as no:
        raise ValueError(f"{job.data}: a sample cannot be read: {no}; understudy check tells all") from no
    write(made, job.out)
    if job.manifests is not None:
        write_manifests(job.data, index, made, job.manifests)
    tell(made, job, console)
    return ExitCode.WHOLE


def refuse_odd(job: MakePairs) -> None:
    """Raise ValueError where a setting cannot be."""
    if not MIN_CLIP_FRAMES <= job.frames <= MAX_CLIP_FRAMES:
        raise ValueError(f"--frames {job.frames}: a sample has {MIN_CLIP_FRAMES} to {MAX_CLIP_FRAMES}")
    if job.per_person < 1:
        raise ValueError(f"--per-person {job.per_person}: at least one")
    if not job.out.lower().endswith(".parquet"):
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


def looks_in(data: Place, keys: set[str]) -> dict[str, NDArray[np.float64]]:
    """How the person of each sample looks, a unit vector; none where the landings are not there."""
    ledger, looks = Ledger(data), {}
    for name in ledger.names(SAMPLES):
        for sample in ledger.rows(SAMPLES, name, Sample, keys=keys):
            vector = sample.scene.appearance.vectors.sum(axis=0, dtype=np.float64)
            if (length := float(np.linalg.norm(vector))) > 0:
                looks[sample.key] = vector / length
    return looks


def write(made: Sequence[PairRow], out: str) -> None:
    """Put the table in its place, whole or not at all."""
    with workplace() as folder:
        path = folder / "pairs.parquet"
        pq.write_table(encode(made, PairRow), path, compression="zstd")
        place, name = Place.holding(out)
        place.put(name, path)


def tell(made: Sequence[PairRow], job: MakePairs, console: Console) -> None:
    """Print what was written."""
    people = Counter(row.target_person for row in made)
    few, most = min(people.values()), max(people.values())
    counts = f"{len(made)} pairs of {len(people)} people, {few} to {most} each: {job.out}"
    console.print(counts, highlight=False, soft_wrap=True)
    yaw = np.median([row.yaw_difference_deg for row in made])
    console.print(f"turned against each other by {yaw:.0f} degrees in the median", highlight=False)
