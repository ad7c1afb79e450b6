"""`understudy encode`: latents of a data set's windows and references, made once and not in every epoch."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro
from rich.console import Console

from dataset.index import Index, read_index
from dataset.names import RUN
from engine.core import Step
from engine.ledger import Lap, Ledger, digest
from engine.leg import Leg
from engine.runners.inline import run
from engine.runners.status import RunObserver
from jobs.console.flags import parsed, value_of
from jobs.console.heartbeat import Heartbeat
from jobs.console.lock import manner
from jobs.console.observers import all_of
from jobs.console.progress import ConsoleProgress, tell_funnel
from jobs.exit_codes import ExitCode
from jobs.recipes.training import RECIPES, Name
from jobs.stored.files import write
from jobs.stored.latents import StoredLatents
from model.data.epoch_order import OrderSettings
from model.data.windows import WindowRule
from pipeline.estimators.devices import num_cuda_devices
from schemas.latents import INDEX, LatentRow
from schemas.version import LATENTS
from storage.place import Place
from storage.scratch import workplace

if TYPE_CHECKING:
    from model.encode.latents import Autoencoder, LatentParts

LEG = "latents"
CODEC = "codec.npz"


def bounded() -> WindowRule:
    """Four windows a sample."""
    return WindowRule(variants=4)


@dataclass(frozen=True, kw_only=True)
class Encode:
    """Store the latents of a data set, or go on where an earlier run stopped."""

    data: tyro.conf.Positional[str]
    """Folder of the data set, or its URI."""
    out: str
    """Folder of the latents, or its address in an object store."""
    vae: Path | None = None
    """Folder of an autoencoder in diffusers' layout, or file of a patch codec; None fits OUT/codec.npz."""
    window: WindowRule = field(default_factory=bounded)
    """As in training: other windows are not found there. `variants` bounds how many a sample gives."""
    max_tokens: int = OrderSettings.max_tokens
    """As in training: it bounds windows too."""
    recipe: Name | None = None
    """Of the training that the latents are for: its windows, token budget and precision are the defaults."""
    device: str = "cpu"
    """Where the autoencoder runs, as torch names it: cpu, cuda, cuda:1."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the autoencoder's numbers."""
    force: bool = False
    """Take OUT over from a run that seems to be at work on it and is not."""


def parse(args: list[str]) -> Encode:
    """The job of a command line; what it leaves out is as its recipe trains."""
    named = value_of("--recipe", args)
    default = Encode(data=tyro.MISSING, out=tyro.MISSING)
    for name in (name for name in RECIPES if name == named):
        order, dtype = RECIPES[name]().loader.order, RECIPES[name]().dtype
        window = replace(order.window, variants=order.window.variants or bounded().variants)
        default = replace(default, window=window, max_tokens=order.max_tokens, precision=dtype)
    return parsed(Encode, "encode", args, default)


def encode(job: Encode, console: Console) -> ExitCode:
    """Run the job; `WHOLE` where all was encoded, `FAILED_ITEMS` where something could not be.

    Raises:
        ValueError: the data set, the autoencoder or a setting cannot be used.
        OSError: a folder cannot be read or written.
        AtWork: another run is at work on the latents.
    """
    from model.data.latents import write_index  # brings torch along: not before latents are wanted
    from model.encode.latents import Autoencoder

    out = Place.at(job.out)
    ledger = Ledger(out)
    with (
        Heartbeat(out, "inline", manner(console, force=job.force)) as heartbeat,
        workplace() as folder,
        ConsoleProgress(console, time.monotonic) as terminal,
    ):
        path = job.vae or fitted(job.data, out, folder)
        autoencoder = Autoencoder(path=path, device=job.device, precision=job.precision)
        vae, unseal = autoencoder.digest, partial(out.remove, INDEX)
        house = [leg(job, autoencoder)]
        observers: tuple[RunObserver, ...] = (heartbeat, terminal)
        run(house, ledger, all_of(*observers), clock=time.perf_counter, unseal=unseal, gpus=num_cuda_devices)
        if out.size(INDEX) is None:
            landed = (ledger.rows(LEG, name, LatentRow) for name in ledger.names(LEG))
            write_index(job.out, chain.from_iterable(landed))
    tallies = ledger.tallies(LEG)
    tell_funnel(console, tallies)
    stored = StoredLatents(vae=vae, window=job.window, max_tokens=job.max_tokens)
    write(out, RUN, asdict(stored))
    recipe = f" --recipe {job.recipe}" if job.recipe else ""
    told = f"next: understudy train --data {job.data} --out RUN --latents {job.out}{recipe}"
    console.print(told, highlight=False, soft_wrap=True)
    return ExitCode.FAILED_ITEMS if any(tally.rejected for tally in tallies) else ExitCode.WHOLE


def fitted(data: str, out: Place, folder: Path) -> Path:
    """The codec in `out`, fitted to the data set where there is none; from a store, its copy in `folder`."""
    from model.encode.fit import fit_codec

    copy = folder / CODEC
    if out.size(CODEC) is None:
        fit_codec(data).save(copy)
        out.put(CODEC, copy)
    if out.folder is not None:
        return out.folder / CODEC
    copy.write_bytes(out.read(CODEC))
    return copy


def leg(job: Encode, autoencoder: Autoencoder) -> Leg:
    """The leg that encodes a data set: a lap for each of its tars."""
    from model.encode.latents import Encoder, LatentParts

    step = Step(
        name="encode",
        make=partial(Encoder, autoencoder, job.data, job.out),
        takes=LatentParts,
        gives=LatentRow,
        settings=(autoencoder.digest, LATENTS, job.window, job.max_tokens),
        gpus=0.0 if job.device == "cpu" else 1.0,
    )
    return Leg(name=LEG, steps=(step,), plan=partial(laps, job=job))


def laps(_: Ledger, leg: Leg, *, job: Encode) -> list[Lap]:
    """One lap for each tar of the data set from which anything is encoded."""
    from model.encode.latents import parts_of, refuse_nothing

    laps = []
    index = read_index(job.data)
    refuse_nothing(index, job.window, job.max_tokens)
    for shard, some in index.by_shard():
        told = chain(some.table["key"].to_pylist(), some.table["sha256"].to_pylist())
        laps.append(
            Lap(
                leg=leg.name,
                name=shard.removeprefix("shards/").removesuffix(".tar").replace("/", "-"),
                inputs=digest(leg.settings, shard, *told),
                items=len(parts_of(some, job.window, job.max_tokens)),
                read=partial(parts_in, some=some, job=job, shard=shard),
            )
        )
    return [lap for lap in laps if lap.items]


def parts_in(_: Ledger, *, some: Index, job: Encode, shard: str) -> list[LatentParts]:
    """All that is to be encoded of the samples of one tar."""
    from model.encode.latents import LatentParts, parts_of

    return [LatentParts(key=shard, members=tuple(parts_of(some, job.window, job.max_tokens)))]
