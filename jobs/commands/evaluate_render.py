"""`understudy evaluate render`: the films of a benchmark's pairs, by a run of ours or by a baseline."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import tyro
from rich.console import Console

from engine.differences import differences
from engine.ledger import Ledger
from engine.leg import Leg
from engine.runners.status import RunObserver
from jobs.console.failed_items import tell_failed
from jobs.console.flags import parsed
from jobs.console.heartbeat import Heartbeat
from jobs.console.kinds import Folder
from jobs.console.lock import manner
from jobs.console.next_step import tell_next
from jobs.console.observers import all_of
from jobs.console.progress import ConsoleProgress
from jobs.exit_codes import ExitCode
from jobs.long_run import LongRun
from jobs.stored.commands import flags_for, from_anywhere, refuse_other
from jobs.stored.evaluations import evaluation_in, remember
from model.eval.wan_animate import WanAnimateSettings
from model.sample.segments import HandOver
from model.sample.solve import SamplerSettings
from model.train.load import Taken
from pipeline.backends import Backends
from storage.place import Place

if TYPE_CHECKING:
    from jobs.evaluation.rendering import Rendering

OF_FILMS = {"wan", "sampler", "hand_over", "match_colours", "taken", "seed", "second_pass", "backends"}
"""Settings of which each changes every film; runs and what was prepared count by their contents."""


@dataclass(frozen=True, kw_only=True)
class EvaluateRender(LongRun):
    """Make the films of a benchmark's pairs, or go on where an earlier run stopped."""

    bench: tyro.conf.Positional[Path]
    """Manifest of the benchmark."""
    run: Path | None = None
    """Folder of a training."""
    baseline: Path | None = None
    """In place of a run: folder of a WanAnimatePipeline of diffusers; needs the extra `baselines`."""
    prepared: Path | None = None
    """With --baseline: folder with PAIR/src_pose.mp4 and PAIR/src_face.mp4, as Wan-Animate prepares them."""
    out: Folder
    """Folder of the films, or its address in an object store."""
    redo: bool = False
    """Make films again that other settings than those of OUT change."""
    config: Path | None = None
    """A run.json of other films whose settings are taken, but for what the command line says."""
    wan: WanAnimateSettings = field(default_factory=WanAnimateSettings)
    """Of the baseline."""
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
    """The job of a command line; what it leaves out is as in the file or else the films that it names.

    Raises:
        ValueError: the settings there are not ours.
        OSError: they cannot be read.
    """
    default = EvaluateRender(bench=tyro.MISSING, out=tyro.MISSING)
    given = flags_for(EvaluateRender, args, "job")
    return parsed(EvaluateRender, "evaluate render", args, replace(default, **given))


def evaluate_render(job: EvaluateRender, console: Console) -> ExitCode:
    """Make the films; `FAILED_ITEMS` where some could not be: they are named.

    Raises:
        ValueError: the manifest or the run cannot be used; says why.
        OSError: OUT cannot be written.
        NeedsRedo: the films there were made with other settings, and the job does not say `redo`.
        AtWork: another run is at work on OUT.
        CannotRun: as `LongRun.bring_to_end`.
    """
    from jobs.evaluation.rendering import RENDERED, forget_lost_films

    out, ledger = Place.at(job.out), Ledger(job.out)
    legs = legs_of(job, out.uri)
    refuse_redo(job, out, console)
    with Heartbeat(out, job.runner, manner(console, force=job.force)) as heartbeat:
        out.sweep()
        remember(out, "render", job)
        forget_lost_films(ledger, out)
        with ConsoleProgress(console, time.monotonic) as terminal:
            observers: tuple[RunObserver, ...] = (heartbeat, terminal)
            job.bring_to_end(
                legs,
                ledger,
                all_of(*observers),
                unseal=lambda: None,
                shared=[out.folder, job.bench.parent, job.run, job.baseline, job.prepared],
                always=(),
            )
    tallies = ledger.tallies(RENDERED)
    for table in ledger.all_rejects(RENDERED):
        for no in table.to_pylist():
            console.print(
                f"missing: {no['key']}: {no['reason']}: {no['detail']}", style="red", highlight=False
            )
    tell_failed(ledger, [RENDERED], tallies, console)
    tell_next(console, ("evaluate", "score", job.bench, "--made", f"ours={job.out}", "--out", "report"))
    return ExitCode.FAILED_ITEMS if any(tally.rejected for tally in tallies) else ExitCode.WHOLE


def refuse_redo(job: EvaluateRender, out: Place, console: Console) -> None:
    """Print which settings are not those that the films there were made with.

    Raises:
        NeedsRedo: as `refuse_other`.
    """
    from jobs.evaluation.rendering import RENDERED

    before = evaluation_in(out)
    all_found = differences(before.job, from_anywhere(job), "") if before else []
    found = [one for one in all_found if one.path.partition(".")[0] in OF_FILMS]
    refuse_other(found, out, RENDERED, console, redo=job.redo)


def legs_of(job: EvaluateRender, out: str) -> list[Leg]:
    """The leg of a job that writes its films to a place.

    Raises:
        ValueError: the manifest, the run or the baseline cannot be used; says why.
    """
    from jobs.evaluation.manifest import read_benchmark
    from jobs.evaluation.rendering import rendering_legs
    from model.train.load import device

    benchmark, where = read_benchmark(job.bench), device().type
    return rendering_legs(benchmark, rendering_of(job, where), out, gpus=0.0 if where == "cpu" else 1.0)


def rendering_of(job: EvaluateRender, device: str) -> Rendering:
    """What makes the films.

    Raises:
        ValueError: neither or both of a run and a baseline are named, or one cannot be used.
    """
    from jobs.evaluation.baselines import WanAnimateRendering
    from jobs.evaluation.rendering import RunRendering
    from model.train.load import last_of

    job = from_anywhere(job)
    if job.baseline is not None and job.run is None:
        if not (job.baseline / "model_index.json").is_file():
            raise ValueError(f"{job.baseline}: no pipeline there, as diffusers saves one")
        if job.prepared is None or not job.prepared.is_dir():
            raise ValueError(f"--prepared {job.prepared}: the folder of what was prepared for --baseline")
        return WanAnimateRendering(
            pipeline=job.baseline, prepared=job.prepared, how=job.wan, seed=job.seed, device=device
        )
    if job.run is None or job.baseline is not None:
        raise ValueError("what is to make the films: --run RUN, or --baseline PIPELINE --prepared FOLDER")
    return RunRendering(
        run=job.run,
        checkpoint=last_of(job.run),
        backends=job.backends,
        sampler=job.sampler,
        hand_over=job.hand_over,
        match_colours=job.match_colours,
        weights=job.taken,
        seed=job.seed,
        second_pass=job.second_pass,
    )
