"""`understudy estimate-training`: memory, time and money of a training, before a GPU is paid for."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace

import numpy as np
from rich.console import Console
from rich.table import Table

from jobs.console.flags import parsed
from jobs.console.plain import tell_json
from jobs.console.progress import readable_s
from jobs.console.tables import GB, gib, records, tell_table, titled
from jobs.exit_codes import ExitCode
from jobs.recipes.training import RECIPES, Name
from model.data.canvas import canvas
from model.data.windows import FRAMES_PER_LATENT, clips_of, longest_window, num_tokens
from model.planning.activations import FLOAT, Precision
from model.planning.flops import Operations, operations, parameters
from model.planning.memory import Sharing, memory, most_frames
from model.planning.products import Parts, WindowSpec
from model.train.engines.deepspeed import Zero
from model.train.engines.engine import DTYPES
from model.train.engines.optimizer import KINDS
from model.train.phases import Phase
from model.train.settings import Training

FRAMES = (25, 73, 121)
GPUS_GIB = (80, 96, 141)
CANVAS: dict[Name, tuple[int, int]] = {"tiny": (192, 128), "wan_1b": (960, 640), "paper": (960, 640)}
"""Width and height at the area that a recipe is for, px."""
FEW = (
    *("part", "million", "learn in", "phase", "frames", "clips", "tokens", "peak GiB", "seconds"),
    *("zero", "ranks"),
)
"""Columns of the tables on a narrow screen."""


@dataclass(frozen=True, kw_only=True)
class EstimateTraining:
    """Say what each phase takes of a GPU's memory, what fits, and how long it will take."""

    recipe: Name = "tiny"
    """Where the settings' defaults come from."""
    world_size: int = 8
    """GPUs."""
    canvas: tuple[int, int] = (960, 640)
    """Width and height of a video, px."""
    references: int = 4
    """Pictures of the person in each clip; trainings show one to four."""
    tflops: float | None = None
    """What a GPU can do at most, in the network's precision, TFLOP/s; H100: 989 in bfloat16, H20: 148."""
    mfu: float = 0.35
    """Share of that which a training reaches. Measured by benchmarks.training where there is a GPU."""
    price: float | None = None
    """Of an hour of one GPU."""
    spare: float = 0.08
    """Share of a GPU's memory for its driver, other ranks' messages, and gaps."""
    json: bool = False
    """For programs."""
    settings: Training


def parse(args: list[str]) -> EstimateTraining:
    """The estimate of a command line: the recipe's, with what the line changes."""
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("--recipe", default="tiny", choices=RECIPES)
    name: Name = named.parse_known_args(args)[0].recipe
    settings = RECIPES[name]()
    world_size = 1 if settings.zero_stage is None else 8
    default = EstimateTraining(recipe=name, settings=settings, canvas=CANVAS[name], world_size=world_size)
    return parsed(EstimateTraining, "estimate-training", args, default)


def estimate_training(job: EstimateTraining, console: Console) -> ExitCode:
    """Print the estimate; `WHOLE`.

    Raises:
        ValueError: a number cannot be used.
    """
    check(job)
    tables = {"weights": of_parts(job), "batches": of_stages(job)}
    if job.settings.zero_stage is not None:
        tables["gpus"] = of_gpus(job)
    if job.json:
        result = {name: records(table) for name, table in tables.items()}
        tell_json(console, {**result, "said": verdict(job), "assumed": assumptions(job)[1:]})
        return ExitCode.WHOLE
    for table in tables.values():
        tell_table(console, table, FEW)
    for line in (*verdict(job), "", *assumptions(job)):
        console.print(line, highlight=False, soft_wrap=True)
    return ExitCode.WHOLE


def check(job: EstimateTraining) -> None:
    """That the numbers can be used.

    Raises:
        ValueError: one cannot.
    """
    least = min(job.world_size, job.references, *job.canvas, job.mfu, job.tflops or 1, job.price or 0.01)
    if least <= 0 or job.mfu > 1 or not 0 <= job.spare < 1:
        raise ValueError("ranks, references, canvas, tflops and price are above 0, mfu and spare are shares")
    if job.canvas[0] % 16 or job.canvas[1] % 16:
        raise ValueError(f"a canvas of {job.canvas[0]}x{job.canvas[1]} px: both have to be multiples of 16")
    order, least = job.settings.loader.order, job.settings.loader.order.window.min_frames
    shortest = max(tokens(replace(shown(job, phase, least), clips=1)) for phase in videos(job))
    if order.max_tokens < shortest:
        raise ValueError(
            f"no clip of {job.canvas[0]}x{job.canvas[1]} px fits the token budget: max_tokens is "
            f"{order.max_tokens}, and a shortest window, of {least} frames, takes {shortest}"
        )
    if job.world_size % job.settings.sequence_parallel:
        raise ValueError(f"{job.world_size} ranks do not make groups of {job.settings.sequence_parallel}")
    if job.settings.zero_stage is None and job.world_size > 1:
        raise ValueError(
            f"{job.world_size} ranks and an engine of one process: set settings.zero_stage to 1, 2 or 3"
        )


def shown(job: EstimateTraining, phase: Phase, frames: int) -> WindowSpec:
    """What a batch shows: as many clips as the loader's token budget holds, at least one."""
    how = job.settings.loader_in(phase)
    width, height = job.canvas if how.order.area is None else canvas(*job.canvas, how.order.area)
    order, most = how.order, how.sample.references.max_references
    tokens, picture = num_tokens(width, height, frames), num_tokens(width, height, 1)
    clips = int(clips_of(tokens, picture, order.max_tokens, most))
    return WindowSpec(
        frames=frames,
        width=width,
        height=height,
        references=job.references,
        clips=clips,
        faces=phase.faces,
    )


def sharing(job: EstimateTraining) -> Sharing:
    """How the settings share a training out."""
    precision = Precision(value=DTYPES[job.settings.dtype].itemsize, fused=True)
    settings = job.settings
    return Sharing(
        zero_stage=settings.zero_stage,
        world_size=job.world_size,
        activation_checkpointing=settings.activation_checkpointing,
        keep_attention=settings.keep_attention and not settings.compile,
        sequence_parallel=settings.sequence_parallel,
        offload=settings.offload,
        precision=precision,
    )


def counted(job: EstimateTraining, phase: Phase, window: WindowSpec) -> Operations:
    """Operations of a batch."""
    return operations(
        job.settings.sizes,
        window,
        learning(phase),
        activation_checkpointing=job.settings.activation_checkpointing,
        keep_attention=job.settings.keep_attention and not job.settings.compile,
        sequence_parallel=job.settings.sequence_parallel,
    )


def learning(phase: Phase) -> Parts:
    """Parts that a phase teaches."""
    return frozenset(phase.learning)


def videos(job: EstimateTraining) -> list[Phase]:
    """The phases that run the whole network; one that teaches speech costs little beside them."""
    return [phase for phase in job.settings.stages if phase.task == "video"]


def of_parts(job: EstimateTraining) -> Table:
    """Weights of each part, and where they learn."""
    table = titled("Weights", "part", "million", "learn in")
    for part, count in parameters(job.settings.sizes).items():
        where = [phase.name for phase in job.settings.stages if part in phase.learning]
        table.add_row(part, f"{count / 1e6:,.3f}", ", ".join(where))
    table.add_row("all", f"{sum(parameters(job.settings.sizes).values()) / 1e6:,.3f}", "")
    return table


def of_stages(job: EstimateTraining) -> Table:
    """Memory of a rank, GiB, and operations of its batch, by phase and window."""
    how = (
        f"zero {job.settings.zero_stage}, {job.world_size} ranks"
        if job.settings.zero_stage
        else "one process"
    )
    heads = (
        *("phase", "frames", "clips", "tokens", "weights", "gradients", "states", "buckets", "inputs"),
        *("kept", "working", "peak GiB", "TFLOP", "again"),
    )
    table = titled(f"One batch of a rank ({how})", *heads, *(("seconds",) if job.tflops else ()))
    for phase in videos(job):
        most = phase.max_frames or FRAMES[-1]
        for frames in sorted({min(frames, most) for frames in FRAMES}):
            window = shown(job, phase, frames)
            needed = memory(job.settings.sizes, window, learning(phase), sharing(job))
            work = counted(job, phase, window)
            kinds = (getattr(needed, name.split()[0]) for name in heads[4:12])
            table.add_row(
                *(phase.name, str(frames), str(window.clips), f"{tokens(window):,}"),
                *(gib(count) for count in kinds),
                *(f"{work.model / 1e12:,.3g}", f"{work.again / 1e12:,.3g}"),
                *((f"{batch_s(job, work):,.3g}",) if job.tflops else ()),
            )
    return table


def tokens(window: WindowSpec) -> int:
    """Noise tokens of a batch, as the loader counts them."""
    return window.clips * int(num_tokens(window.width, window.height, window.frames))


def of_gpus(job: EstimateTraining) -> Table:
    """The longest single clip, by GPU and sharing, in the phase that takes most."""
    table = titled(
        "Most tokens of a batch that fit, as frames of one clip, in the phase that takes most",
        *("zero", "ranks", *(f"{size} GB" for size in GPUS_GIB)),
    )
    counts = sorted({1, 8, job.world_size})
    kinds: tuple[Zero, ...] = (1, 2, 3)
    for zero_stage, world_size in ((zero_stage, world_size) for zero_stage in kinds for world_size in counts):
        shared = min(job.settings.sequence_parallel, world_size)
        how = replace(sharing(job), zero_stage=zero_stage, world_size=world_size, sequence_parallel=shared)
        table.add_row(str(zero_stage), str(world_size), *(longest(job, how, size) for size in GPUS_GIB))
    return table


def longest(job: EstimateTraining, how: Sharing, size_gib: int) -> str:
    """Tokens and frames that fit a GPU in every phase."""
    capacity = size_gib * GB * (1 - job.spare)
    fitting = [
        most_frames(job.settings.sizes, shown(job, phase, 1), learning(phase), how, capacity)
        for phase in videos(job)
    ]
    frames = min(fitting)
    return f"{int(num_tokens(*job.canvas, frames)):,} ({frames})" if frames else "nothing"


def batch_s(job: EstimateTraining, work: Operations) -> float:
    """Seconds of a batch: what the network asks for, at the share of the GPU's best that is reached."""
    assert job.tflops is not None, "asked for only where it is given"
    return work.model / (1e12 * job.tflops * job.mfu)


def verdict(job: EstimateTraining) -> tuple[str, ...]:
    """Memory of the machine, and the whole of the training in time and money."""
    host = FLOAT * sum(parameters(job.settings.sizes).values())
    message = (
        f"a machine needs {gib(host)} GiB of its own when a phase begins, whatever its ranks: they read one "
        f"copy of the weights, float32{offload_note(job)}",
    )
    if not job.tflops:
        return (*message, "give --tflops for times")
    seconds = [phase.steps * step_s(job, phase) for phase in videos(job)]
    hours = job.world_size * sum(seconds) / 3600
    money = f", {hours * job.price:,.0f} in money" if job.price else ""
    phases = ", ".join(f"{phase.name} {readable_s(s)}" for phase, s in zip(videos(job), seconds, strict=True))
    return (*message, f"all steps: {phases}; {hours:,.0f} GPU-hours{money}")


def offload_note(job: EstimateTraining) -> str:
    """What is kept in the machine's memory in place of the GPUs', if anything."""
    if not job.settings.offload:
        return ""
    most = max(sum(parameters(job.settings.sizes)[part] for part in phase.learning) for phase in videos(job))
    return f"; and {gib(most * FLOAT * (2 + len(KINDS)))} GiB over all machines for what is offloaded"


def step_s(job: EstimateTraining, phase: Phase) -> float:
    """Mean seconds of a step: windows are as often of each length, and batches hold as many as fit."""
    order, one = job.settings.loader_in(phase).order, shown(job, phase, 1)
    most, width, height = (np.array([number]) for number in (order.window.max_frames, one.width, one.height))
    longest = int(longest_window(most, width, height, order.window, order.max_tokens)[0])
    lengths = range(order.window.min_frames, longest + 1, FRAMES_PER_LATENT)
    windows = [shown(job, phase, frames) for frames in lengths]
    often = [1 / window.clips for window in windows]
    took = sum(o * batch_s(job, counted(job, phase, w)) for o, w in zip(often, windows, strict=True))
    return job.settings.grad_accumulation * took / sum(often)


def assumptions(job: EstimateTraining) -> tuple[str, ...]:
    """What the estimate rests on."""
    pace = f"- a step takes its operations at {job.mfu:.0%} of {job.tflops} TFLOP/s; ranks and data keep up"
    return (
        "Assumed:",
        f"- videos of {job.canvas[0]}x{job.canvas[1]} px with {job.references} references; no caption",
        "- weights, activations and operations by formulas that tests compare with networks that run "
        "(model/planning/flops.py, kept.py, budget.py); fused attention and norms, no compilation",
        f"- {job.spare:.0%} of a GPU stay free; what the autoencoder takes while it encodes is not counted",
        *((pace,) if job.tflops else ()),
    )
