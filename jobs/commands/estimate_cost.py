"""`understudy estimate-cost`: what a corpus will take, before a machine is paid for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

from engine.ledger import Ledger
from engine.planning.cost import Bill, bill, machines_of
from engine.planning.rates import Rates, measured, read_rates, works_of
from jobs.console.flags import parsed
from jobs.console.kinds import Device, Machines
from jobs.console.plain import tell_json
from jobs.console.progress import readable_s
from jobs.console.tables import tell_table
from jobs.exit_codes import ExitCode
from jobs.recipes.curation import research
from pipeline.estimators.operations import RESEARCH, frames_per_s
from pipeline.flow import TARS, Curation, legs
from schemas.tracks import Role

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
RATES = BENCHMARKS / "stages.json"
GPU_RATES = BENCHMARKS / "estimators.json"
"""What roles of the paper's stack reach, by device and precision: `python -m benchmarks.estimators`."""


@dataclass(frozen=True, kw_only=True)
class EstimateCost:
    """Say how long a corpus will take on some machines, what it costs, and which leg is the bottleneck."""

    hours: float
    """Footage of the corpus, hours."""
    machines: Machines
    """Kinds of machines, NAME=COUNTxCORES+GPUS@PRICE: cpu=8x16@0.68 gpu=4x8+1@0.80. A head: head=1x0@0.20."""
    recipe: Literal["default", "research"] = "default"
    """Estimators: the embedded ones, or the paper's, whose rate is told by operations unless --measured."""
    gpu_tflops: float = 100.0
    """What a GPU reaches of the paper's networks, millions of millions of operations a second: in bfloat16
    some 400 on an H200, in float32 some 30."""
    gpu: Device = ""
    """A device that benchmarks/estimators.json has measured rates of: roles that it has count by them."""
    gpu_share: float = 0.5
    """Share of a GPU that a worker of the paper's stack takes, as --settings.gpu-share of `curate`."""
    measured: Path | None = None
    """A data set, finished or not, whose own rates are taken; without it, those of benchmarks/stages.json."""
    source_s: float | None = None
    """Mean length of a video, seconds; without it, as measured."""
    json: bool = False
    """For programs."""


def parse(args: list[str]) -> EstimateCost:
    """The job of a command line."""
    return parsed(EstimateCost, "estimate-cost", args)


def estimate_cost(job: EstimateCost, console: Console) -> ExitCode:
    """Print the estimate; `WHOLE`.

    Raises:
        ValueError: a number or a machine cannot be used, or nothing has been measured.
        OSError: the rates cannot be read.
    """
    if job.gpu_tflops <= 0:
        raise ValueError("gpu_tflops must be more than 0")
    if job.hours <= 0 or (job.source_s is not None and job.source_s <= 0):
        raise ValueError("hours and source_s must be more than 0")
    recipe = Curation()
    if job.recipe == "research":
        recipe = Curation(backends=research(Path("WEIGHTS"), device="cuda"), gpu_share=job.gpu_share)
    house = legs(recipe, Path())
    rates = read_rates(RATES)
    if job.recipe == "research":
        rates = by_networks(rates, job.gpu_tflops * 1e12, measured_on(job.gpu), recipe.gpu_share)
    if job.measured is not None:
        rates = measured(Ledger(job.measured), house, rates, str(job.measured))
    works = works_of(
        rates,
        house,
        hours=job.hours,
        source_s=job.source_s or rates.source_s,
        sources_per_lap=recipe.sources_per_lap,
        samples_per_shard=recipe.samples_per_shard,
        tar_leg=TARS,
    )
    result = bill(works, [machines_of(word) for word in job.machines], worker_s=rates.worker_s)
    if job.json:
        tell_json(console, {**asdict(result), "price": result.price, "assumed": assumptions(rates)[1:]})
        return ExitCode.WHOLE
    tell_table(console, of_legs(result), ("leg", "laps", "one worker", "all workers"))
    tell_table(console, of_machines(result), ("kind", "machine-hours", "money"))
    for line in (*verdict(result), "", *assumptions(rates)):
        console.print(line, highlight=False, soft_wrap=True)
    return ExitCode.WHOLE


def measured_on(gpu: str) -> dict[Role, float]:
    """Crops a second of the roles that were measured on a device; none where none is named.

    Raises:
        ValueError: nothing was measured on it.
        OSError: the rates cannot be read.
    """
    known: dict[str, Any] = json.loads(GPU_RATES.read_text()) if GPU_RATES.is_file() else {}
    if gpu and gpu not in known:
        raise ValueError(
            f"--gpu {gpu}: nothing was measured on it, only on {', '.join(known) or 'no device'}"
        )
    return known[gpu]["role"] if gpu else {}


def by_networks(
    rates: Rates, operations_per_s: float, crops_per_s: Mapping[Role, float], share: float
) -> Rates:
    """Rates of which the estimate step's is that of the paper's networks on a share of a device.

    Roles that were measured count by their crops a second, the others by their operations. Decoding,
    detectors and faces stay with the processor: the whole embedded step as measured is counted for them,
    which is more than they take.
    """
    gpu = share * frames_per_s(operations_per_s, crops_per_s)
    steps = [
        replace(rate, frames_per_s=1 / (1 / rate.frames_per_s + 1 / gpu)) if rate.step == "estimate" else rate
        for rate in rates.steps
    ]
    counted = [role for role in RESEARCH if role not in crops_per_s]
    origin = rates.measured + f"; as measured there: {', '.join(crops_per_s)}" * bool(crops_per_s)
    if counted:
        origin += (
            f"; the paper's networks by operations, {share * operations_per_s / 1e12:g} TFLOP/s a worker: "
            + ", ".join(counted)
        )
    return replace(rates, steps=tuple(steps), measured=origin)


def of_legs(result: Bill) -> Table:
    """What each leg takes."""
    table = Table(title="Legs", title_justify="left")
    for heading in ("leg", "laps", "one worker", "from", "to", "all workers"):
        table.add_column(heading, justify="left" if heading == "leg" else "right")
    for leg in result.legs:
        times = (readable_s(s) for s in (leg.work_s, leg.start_s, leg.stop_s, leg.least_s))
        table.add_row(leg.leg, f"{leg.laps:,}", *times)
    return table


def of_machines(result: Bill) -> Table:
    """What each kind of machine takes."""
    table = Table(title="Machines", title_justify="left")
    for heading in ("kind", "machines", "machine-hours", "used", "money"):
        table.add_column(heading, justify="left" if heading == "kind" else "right")
    for one in result.machines:
        money = "" if one.price is None else f"{one.price:,.2f}"
        table.add_row(
            one.kind.name, str(one.kind.count), f"{one.paid_s / 3600:,.1f}", f"{one.used:.0%}", money
        )
    return table


def verdict(result: Bill) -> tuple[str, str]:
    """The whole in two lines."""
    hours = sum(one.paid_s for one in result.machines) / 3600
    money = "" if result.price is None else f", {result.price:,.2f} in money"
    worst = result.bottleneck
    return (
        f"wall-clock {readable_s(result.wall_s)}, {hours:,.1f} machine-hours{money}",
        f"bottleneck: {worst.leg}, {readable_s(worst.least_s)} on all workers that may do it",
    )


def assumptions(rates: Rates) -> tuple[str, ...]:
    """What the estimate rests on."""
    return (
        "Assumed:",
        f"- rates as measured on: {rates.measured}; a core or GPU of these machines is as fast",
        f"- a sample of {rates.sample_s:.1f} s; kept at each step what was kept there",
        f"- {rates.lap_s:.2f} s a lap beside its steps; {rates.worker_s:.0f} s to start a worker",
        "- machines are there from the start and are paid to their last lap; none is taken away",
        "- reading and writing keep up; storage and traffic are not in the price",
    )
