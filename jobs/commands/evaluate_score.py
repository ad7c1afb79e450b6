"""`understudy evaluate score`: what methods have made of a benchmark, measured, compared and reported."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro
from rich.console import Console
from rich.table import Table

from engine.ledger import Ledger
from engine.leg import Leg
from engine.made_by import version_of
from engine.runners.status import RunObserver
from jobs.console.failed_items import tell_failed
from jobs.console.flags import parsed
from jobs.console.heartbeat import Heartbeat
from jobs.console.kinds import Device, NamedFolders, NamedSystems
from jobs.console.lock import manner
from jobs.console.observers import all_of
from jobs.console.progress import ConsoleProgress
from jobs.console.tables import tell_table
from jobs.exit_codes import ExitCode
from jobs.long_run import LongRun
from jobs.stored.commands import flags_for
from jobs.stored.evaluations import remember
from model.eval.networks import WeightFiles
from model.eval.summary import Number
from pipeline.backends import Backends
from storage.address import is_uri
from storage.place import Place

if TYPE_CHECKING:
    from jobs.evaluation.instruments import Measuring
    from jobs.evaluation.manifest import Benchmark
    from jobs.evaluation.results import Results


@dataclass(frozen=True, kw_only=True)
class EvaluateScore(LongRun):
    """Measure films that methods made of a benchmark, and report; or go on where an earlier run stopped."""

    bench: tyro.conf.Positional[Path]
    """Manifest of the benchmark."""
    made: NamedFolders
    """NAME=FOLDER of films called as pairs are, or NAME=TABLE of pair_id, result, start_frame, fps, crop."""
    layouts: NamedSystems = ()
    """NAME=SYSTEM whose own names the films of a folder have: champ=champ; an unknown one lists all."""
    out: Path
    """Folder of the results: index.html, summary.json, tables.tex, pairs.parquet, frames.parquet."""
    config: Path | None = None
    """A run.json of other results whose settings are taken, but for what the command line says."""
    weights: WeightFiles = field(default_factory=WeightFiles)
    """Those that the manifest names, by path."""
    people: bool = True
    """Look for the person in every frame: identity, head, joints, face, hands, lips; most of the time."""
    allow_small: bool = False
    """Tell FID and FVD of fewer rows than they have features, too: such numbers are far too high."""
    backends: Backends = field(default_factory=Backends)
    device: Device = "cpu"
    """Where networks run: cpu, cuda, cuda:1."""


def parse(args: list[str]) -> EvaluateScore:
    """The job of a command line; what it leaves out is as in the file or else the results that it names.

    Raises:
        ValueError: the settings there are not ours.
        OSError: they cannot be read.
    """
    default = EvaluateScore(bench=tyro.MISSING, made=tyro.MISSING, out=tyro.MISSING)
    given = flags_for(EvaluateScore, args, "job")
    return parsed(EvaluateScore, "evaluate score", args, replace(default, **given))


def evaluate_score(job: EvaluateScore, console: Console) -> ExitCode:
    """Write the results and print a table; `FAILED_ITEMS` where films could not be measured: they are named.

    Raises:
        ValueError: the manifest, a method's place, or a file of weights cannot be used; says why.
        OSError: OUT cannot be written.
        AtWork: another run is at work on OUT.
        CannotRun: as `LongRun.bring_to_end`.
    """
    from jobs.evaluation.latex import latex
    from jobs.evaluation.manifest import read_benchmark
    from jobs.evaluation.outcome import outcome_of
    from jobs.evaluation.pair_films import pair_parts
    from jobs.evaluation.report import page
    from jobs.evaluation.scoring import FILMS, TRUTHS, legs
    from jobs.evaluation.written import write_summary, write_tables
    from jobs.recipes.evaluation import TABLES

    if job.out.exists() and not job.out.is_dir():
        raise ValueError(f"{job.out}: a file; --out names a folder")
    benchmark = read_benchmark(job.bench)
    results, how = measured_by(job, benchmark)
    out, ledger = Place.at(str(job.out)), Ledger(str(job.out))
    with Heartbeat(out, job.runner, manner(console, force=job.force)) as heartbeat:
        out.sweep()
        made = tuple(map(anywhere, job.made))
        remember(out, "score", replace(job, made=made))
        with ConsoleProgress(console, time.monotonic) as terminal:
            observers: tuple[RunObserver, ...] = (heartbeat, terminal)
            job.bring_to_end(
                legs(benchmark, results, how),
                ledger,
                all_of(*observers),
                unseal=lambda: out.remove("summary.json"),
                shared=[out.folder, job.bench.parent],
                always=(),
            )
        with tempfile.TemporaryDirectory() as scratch:
            outcome = outcome_of(
                ledger, benchmark.manifest, sorted(results), Path(scratch), allow_small=job.allow_small
            )
        write_tables(out, benchmark, ledger, outcome)
        paper, version = TABLES.get(benchmark.manifest.recipe), version_of("understudy") or ""
        films = list(pair_parts(benchmark, results, outcome, ledger))
        out.write("index.html", page(benchmark, outcome, paper, films, version).encode())
        out.write("tables.tex", latex(outcome, paper, benchmark.sha256).encode())
        write_summary(out, benchmark, how, outcome, version)
    for method in sorted(results):
        tell_table(console, table(method, outcome.numbers[method]))
    for film in outcome.missing:
        line = f"missing: {film.method}, {film.pair_id}: {film.reason}"
        console.print(line, style="red", highlight=False, soft_wrap=True)
    tell_failed(ledger, [TRUTHS, FILMS], [t for leg in (TRUTHS, FILMS) for t in ledger.tallies(leg)], console)
    return ExitCode.FAILED_ITEMS if outcome.missing else ExitCode.WHOLE


def measured_by(job: EvaluateScore, benchmark: Benchmark) -> tuple[dict[str, Results], Measuring]:
    """The films of a job's methods, and how they are measured.

    Raises:
        ValueError: a method's place, or a file of weights cannot be used; says why.
    """
    from jobs.evaluation.measuring import measuring_of
    from jobs.evaluation.results import results_of

    manifest = benchmark.manifest
    how: dict[str, Any] = {"people": job.people, "backends": job.backends}
    results = results_of(job.made, job.layouts, manifest)
    return results, measuring_of(job.weights, manifest, device=job.device, **how)


def anywhere(made: str) -> str:
    """NAME=FOLDER, wherever the command is run again from."""
    name, _, place = made.partition("=")
    return made if is_uri(place) else f"{name}={Path(place).absolute()}"


def legs_of(job: EvaluateScore) -> list[Leg]:
    """The legs of a job.

    Raises:
        ValueError: as `measured_by`; or the manifest cannot be used.
    """
    from jobs.evaluation.manifest import read_benchmark
    from jobs.evaluation.scoring import legs

    benchmark = read_benchmark(job.bench)
    return legs(benchmark, *measured_by(job, benchmark))


def table(method: str, numbers: Mapping[str, Number]) -> Table:
    """A line for each number of a method; what has none says so."""
    lines = Table("metric", "value", "95 %", "n", title=method)
    for name, number in numbers.items():
        spread = "" if number.low is None else f"{number.low:.4f} to {number.high:.4f}"
        value = number.withheld or f"{number.value:.4f}"
        lines.add_row(name, value, spread, str(number.n))
    if not numbers:
        lines.add_row("no film of it could be measured", "", "", "0")
    return lines
