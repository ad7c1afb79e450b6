"""`understudy evaluate manifest`: a benchmark of pairs, which another lab can score its films on."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rich.console import Console

from dataset.index import read_index
from engine.made_by import version_of
from jobs.console.flags import parsed
from jobs.console.kinds import Conditions, OptionalFolder
from jobs.console.next_step import tell_next
from jobs.evaluation.choose import choose, pairs_of
from jobs.evaluation.manifest import (
    BenchManifest,
    BenchPair,
    Comparison,
    Decoding,
    Extractor,
    Kind,
    Resize,
    Statistics,
    faults_of,
    text_of,
)
from jobs.evaluation.measuring import PACKAGED
from jobs.evaluation.table import pairs_in
from jobs.exit_codes import ExitCode
from jobs.recipes.evaluation import TABLES
from model.eval.drift import Segments
from model.eval.networks import WeightFiles, digests, load_networks
from storage.disk import replacing


@dataclass(frozen=True, kw_only=True)
class EvaluateManifest:
    """Write a benchmark: pairs of a picture and a film, their files, and how films are compared."""

    out: Path
    """JSON to write; the films and pictures lie beside it, in a folder of its name and `.files`."""
    data: OptionalFolder = None
    """Data set, or its URI, whose samples become pairs."""
    table: Path | None = None
    """CSV or Parquet of films instead: pair_id, driving, reference; kind, identity_id, licence."""
    kind: Kind = "self"
    """Whether a sample drives a picture of its own person, and is the truth, or somebody else's."""
    recipe: Literal["table1", "table2", "table3"] | None = None
    """The paper's table that the benchmark is after: which samples, and the rows that its report shows."""
    pairs: int = 50
    """How many are drawn."""
    where: Conditions = ()
    """Conditions that samples fulfil, as in `preview`: framing=full licence=CC0."""
    held_out: float = 0.0
    """Only sources that a training with this share held out never sees; 0 takes all."""
    resize: Resize = "none"
    """What becomes of films of another size than the truth's: they are missing, or resized by Lanczos."""
    segments: Segments = field(default_factory=Segments)
    """How long films are put together, for numbers over time."""
    weights: WeightFiles = field(default_factory=WeightFiles)
    """Files that metrics look through: results are of files of these digests."""
    seed: int = 0
    """Of the draw."""


def parse(args: list[str]) -> EvaluateManifest:
    """The job of a command line."""
    return parsed(EvaluateManifest, "evaluate manifest", args)


def evaluate_manifest(job: EvaluateManifest, console: Console) -> ExitCode:
    """Write the benchmark.

    Raises:
        ValueError: data set, table or a file of weights cannot be used, or too little is given; says why.
        OSError: a file cannot be read or written.
    """
    if (job.data is None) == (job.table is None):
        raise ValueError("pairs come of a data set or of a table: --data OUT, or --table films.csv")
    if job.out.exists() or job.out.suffix != ".json":
        why = "there already" if job.out.exists() else "a manifest is called NAME.json"
        raise ValueError(f"{job.out}: {why}")
    if job.pairs < 1:
        raise ValueError("at least one pair is wanted: --pairs")
    weights = extractors(job.weights)
    if weights:
        load_networks(job.weights, "cpu")  # a benchmark that compares through other files could not be scored
    files = job.out.with_suffix(".files")
    manifest = BenchManifest(
        name=job.out.stem,
        recipe=job.recipe or "",
        pairs=tuple(pairs_of_job(job, files)),
        decode=Decoding(version=version_of("av") or ""),
        compare=Comparison(resize=job.resize),
        segments=job.segments,
        extractors=weights,
        packaged=PACKAGED,
        statistics=Statistics(seed=job.seed),
    )
    for fault in faults_of(manifest):
        raise ValueError(f"{job.out}: {fault}")
    with replacing(job.out) as file:
        file.write(text_of(manifest))
    console.print(f"{len(manifest.pairs)} pairs: {job.out}, their files in {files}", highlight=False)
    tell_next(console, ("evaluate", "render", job.out, "--run", "RUN", "--out", "FILMS"))
    return ExitCode.WHOLE


def pairs_of_job(job: EvaluateManifest, files: Path) -> list[BenchPair]:
    """The pairs that are asked for, their files in a folder."""
    if job.table is not None:
        return list(pairs_in(job.table, files))
    assert job.data is not None
    conditions = (*job.where, *(TABLES[job.recipe].where if job.recipe else ()))
    index = read_index(job.data)
    if job.held_out:
        _, held = index.split(job.held_out)
        if held is None:
            raise ValueError(f"{job.data}: of so few sources none is held out by {job.held_out:g}")
        index = held
    index = index.where(conditions)
    return list(pairs_of(index, choose(index, job.kind, job.pairs, job.seed), job.kind, files))


def extractors(files: WeightFiles) -> dict[str, Extractor]:
    """The files of weights, by flag."""
    return {
        name: Extractor(file=getattr(files, name).name, sha256=sha256)
        for name, sha256 in sorted(digests(files).items())
    }
