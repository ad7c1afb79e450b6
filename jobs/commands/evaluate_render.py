"""`understudy evaluate render`: the films of a benchmark's pairs, by a run of ours or by a baseline."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import tyro
from rich.console import Console

from engine.ledger import Ledger
from engine.runners.status import RunObserver
from jobs.console.failed_items import tell_failed
from jobs.console.flags import parsed
from jobs.console.heartbeat import Heartbeat
from jobs.console.lock import manner
from jobs.console.observers import all_of
from jobs.console.progress import ConsoleProgress
from jobs.exit_codes import ExitCode
from jobs.long_run import LongRun
from model.sample.segments import HandOver
from model.sample.solve import SamplerSettings
from model.train.load import Taken
from pipeline.flow import Backends
from storage.place import Place


@dataclass(frozen=True, kw_only=True)
class EvaluateRender(LongRun):
    """Make the films of a benchmark's pairs, or go on where an earlier run stopped."""

    bench: tyro.conf.Positional[Path]
    """Manifest of the benchmark."""
    run: Path
    """Folder of a training."""
    out: str
    """Folder of the films, or its address in an object store."""
    sampler: SamplerSettings = field(default_factory=SamplerSettings)
    hand_over: HandOver = "frame"
    """What a segment hands to the next: its last frame, or its last latent frame as it is."""
    match_colours: bool = True
    """Shift the colours of a segment that begins in others than the one before it ended in."""
    taken: Taken = "average"
    """Weights averaged over the last steps, or as last moved."""
    seed: int = 0
    """Another one makes other films of the same pairs."""
    second_pass: bool = False
    """Make 73 frames first, and use up to three of them as references: the lower row of Table 3."""
    backends: Backends = field(default_factory=Backends)


def parse(args: list[str]) -> EvaluateRender:
    """The job of a command line."""
    return parsed(EvaluateRender, "evaluate render", args)


def evaluate_render(job: EvaluateRender, console: Console) -> ExitCode:
    """Make the films; `FAILED_ITEMS` where some could not be: they are named.

    Raises:
        ValueError: the manifest or the run cannot be used; says why.
        OSError: OUT cannot be written.
        AtWork: another run is at work on OUT.
        CannotRun: as `LongRun.bring_to_end`.
    """
    from jobs.evaluation.manifest import read_benchmark
    from jobs.evaluation.rendering import RENDERED, RunRendering, forget_lost_films, rendering_legs
    from model.train.load import device, last_of

    benchmark = read_benchmark(job.bench)
    how = RunRendering(
        run=job.run.absolute(),
        checkpoint=last_of(job.run).absolute(),
        backends=job.backends,
        sampler=job.sampler,
        hand_over=job.hand_over,
        match_colours=job.match_colours,
        weights=job.taken,
        seed=job.seed,
        second_pass=job.second_pass,
    )
    out, ledger = Place.at(job.out), Ledger(job.out)
    with Heartbeat(out, job.runner, manner(console, force=job.force)) as heartbeat:
        out.sweep()
        forget_lost_films(ledger, out)
        with ConsoleProgress(console, time.monotonic) as terminal:
            observers: tuple[RunObserver, ...] = (heartbeat, terminal)
            job.bring_to_end(
                rendering_legs(benchmark, how, out.uri, gpus=0.0 if device().type == "cpu" else 1.0),
                ledger,
                all_of(*observers),
                unseal=lambda: None,
                shared=[out.folder, job.bench.parent, job.run],
                always=(),
            )
    tallies = ledger.tallies(RENDERED)
    for table in ledger.all_rejects(RENDERED):
        for no in table.to_pylist():
            console.print(
                f"missing: {no['key']}: {no['reason']}: {no['detail']}", style="red", highlight=False
            )
    tell_failed(ledger, [RENDERED], tallies, console)
    line = f"next: understudy evaluate score {job.bench} --made ours={job.out} --out report"
    console.print(line, highlight=False, soft_wrap=True)
    return ExitCode.FAILED_ITEMS if any(tally.rejected for tally in tallies) else ExitCode.WHOLE
