"""`understudy encode`: latents of a data set's windows and references, made once and not in every epoch."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import tyro
from rich.console import Console

from dataset.index import read_index, refuse_unfinished
from engine.differences import differences
from engine.ledger import Ledger
from engine.runners.status import RunObserver
from jobs.console.failed_items import tell_failed
from jobs.console.flags import parsed, value_of
from jobs.console.heartbeat import Heartbeat
from jobs.console.kinds import Folder
from jobs.console.lock import manner
from jobs.console.next_step import tell_next
from jobs.console.observers import all_of
from jobs.console.progress import ConsoleProgress, tell_funnel
from jobs.exit_codes import ExitCode
from jobs.long_run import LongRun
from jobs.out_folder import refuse_file
from jobs.recipes.training import RECIPES, Name
from jobs.stored.commands import flags_for, refuse_other
from jobs.stored.latents import StoredLatents, begin, finish, has_to_fit, latents_in, latents_of
from model.encode.settings import Encoding, bounded
from schemas.latents import INDEX, LatentRow
from storage.place import Place


@dataclass(frozen=True, kw_only=True)
class Encode(Encoding, LongRun):
    """Store the latents of a data set, or go on where an earlier run stopped."""

    data: tyro.conf.Positional[str]
    """Folder of the data set, or its URI."""
    out: Folder
    """Folder of the latents, or its address in an object store."""
    redo: bool = False
    """Encode again what other settings than those of OUT change."""
    config: Path | None = None
    """A run.json of other latents whose settings are taken, but for what the command line says."""
    recipe: Name | None = None
    """Of the training that the latents are for: its windows, token budget, precision and mirror are the
    defaults."""

    @property
    def encoding(self) -> Encoding:
        """The settings alone; paths are those of any folder that a worker is started in."""
        values = {setting.name: getattr(self, setting.name) for setting in fields(Encoding)}
        paths = {name: values[name] and values[name].absolute() for name in ("vae", "text_encoder")}
        return Encoding(**values | paths)


def parse(args: list[str]) -> Encode:
    """The job of a command line; what it leaves out is as its recipe trains, or in what it names.

    Raises:
        ValueError: the settings of the file, or of the latents, are not ours.
        OSError: they cannot be read.
    """
    named = value_of("--recipe", args)
    default = replace(Encode(data=tyro.MISSING, out=tyro.MISSING), **flags_for(Encode, args, "settings"))
    for name in (name for name in RECIPES if name == named):
        loader, dtype = RECIPES[name]().loader, RECIPES[name]().dtype
        order, mirrored = loader.order, loader.sample.augment.mirror > 0
        window = replace(order.window, variants=order.window.variants or bounded().variants)
        how: dict[str, Any] = {
            "window": window,
            "max_tokens": order.max_tokens,
            "precision": dtype,
            "mirrored": mirrored,
        }
        default = replace(default, **how)
    return parsed(Encode, "encode", args, default)


def encode(job: Encode, console: Console) -> ExitCode:
    """Run the job; `WHOLE` where all was encoded, `FAILED_ITEMS` where something could not be.

    Raises:
        ValueError: the data set, the autoencoder or a setting cannot be used.
        OSError: a folder cannot be read or written.
        AtWork: another run is at work on the latents.
        NeedsRedo: the latents there were made with other settings, and the job does not say `redo`.
        CannotRun: as `LongRun.bring_to_end`.
    """
    from model.encode.flow import FIT, TARS

    refuse_file(job.out, "the latents")
    out, ledger = Place.at(job.out), Ledger(job.out)
    refuse_unfinished(Place.at(job.data))  # before a folder is made, or a codec fitted
    refuse_whole_canvases(job)
    refuse_redo(job, out, console)
    with Heartbeat(out, job.runner, manner(console, force=job.force)) as heartbeat:
        make(job, out, heartbeat, console)
    tallies = [tally for leg in (FIT, TARS) for tally in ledger.tallies(leg)]
    tell_funnel(console, tallies)
    tell_failed(ledger, [FIT, TARS], tallies, console)
    recipe = ("--recipe", job.recipe) if job.recipe else ()
    tell_next(console, ("train", "--data", job.data, "--out", "RUN", "--latents", job.out, *recipe))
    return ExitCode.FAILED_ITEMS if any(tally.rejected for tally in tallies) else ExitCode.WHOLE


def refuse_whole_canvases(job: Encode) -> None:
    """Returns where any window fits the token budget on the data set's own canvases.

    Raises:
        ValueError: none does; says what would, also for a recipe that shrinks canvases as it trains.
    """
    from model.encode.latents import refuse_nothing  # brings torch along

    index = read_index(job.data)
    try:
        refuse_nothing(index, job.window, job.max_tokens)
    except ValueError as trouble:
        area = RECIPES[job.recipe]().loader.order.area if job.recipe else None
        largest = max(
            w * h
            for w, h in zip(*(index.table[name].to_pylist() for name in ("width", "height")), strict=True)
        )
        if area is None or largest <= area:
            raise
        raise ValueError(
            f"{trouble}. Recipe {job.recipe} shrinks canvases to {area} px, and latents are of whole ones: "
            f"curate for it with --settings.control.canvas-area {area}, or train without --latents"
        ) from trouble


def refuse_redo(job: Encode, out: Place, console: Console) -> None:
    """Print which settings are not those that the latents there were made with.

    Raises:
        NeedsRedo: as `refuse_other`.
    """
    from model.encode.flow import TARS

    before = latents_in(out)
    found = differences(before.settings, job.encoding, "") if before else []
    others = [one for one in found if one.path != "vae" or before is None or not is_same_codec(before, job)]
    refuse_other(others, out, TARS, console, redo=job.redo)


def is_same_codec(before: StoredLatents, job: Encode) -> bool:
    """Whether a job names, by another path, the codec that latents were made with.

    Raises:
        ValueError: what it names is none.
    """
    from model.encode.flow import autoencoder_of

    return job.vae is not None and before.vae == autoencoder_of(job.encoding, job.out).digest


def make(job: Encode, out: Place, heartbeat: Heartbeat, console: Console) -> None:
    """Bring the latents to their end."""
    from model.data.latents import write_index  # brings torch along: not before latents are wanted
    from model.encode.flow import TARS, autoencoder_of, forget_lost_codec, legs, texts_of

    out.sweep()
    ledger, encoding, data = Ledger(out), job.encoding, Place.at(job.data)
    made = latents_of(encoding, data, fitted=has_to_fit(encoding, out))
    forget_lost_codec(ledger, out)
    begin(out, made)
    with ConsoleProgress(console, time.monotonic) as terminal:
        observers: tuple[RunObserver, ...] = (heartbeat, terminal)
        job.bring_to_end(
            legs(encoding, data.uri, out.uri, fits=made.fitted),
            ledger,
            all_of(*observers),
            unseal=partial(out.remove, INDEX),
            shared=[data.folder, out.folder, encoding.vae, encoding.text_encoder],
            always=(),
        )
    if out.size(INDEX) is None:
        landed = (ledger.rows(TARS, name, LatentRow) for name in ledger.names(TARS))
        write_index(out.uri, chain.from_iterable(landed))
    texts = texts_of(encoding)
    finish(
        out, replace(made, vae=autoencoder_of(encoding, out.uri).digest, text=texts.digest if texts else "")
    )
