"""`understudy encode`: latents of a data set's windows and references, made once and not in every epoch."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, fields
from functools import partial
from importlib.metadata import version
from itertools import chain

import tyro
from rich.console import Console

from dataset.names import RUN
from engine.ledger import Ledger
from engine.runners.status import RunObserver
from jobs.console.failed_items import tell_failed
from jobs.console.heartbeat import Heartbeat
from jobs.console.lock import manner
from jobs.console.observers import all_of
from jobs.console.progress import ConsoleProgress, funnel
from jobs.exit_codes import ExitCode
from jobs.long_run import LongRun
from model.encode.settings import Encoding
from schemas.latents import INDEX, LatentRow
from schemas.version import LATENTS, SCHEMA
from storage.place import Place

FITTED = "fitted"
"""Of a codec that a run fits, in what it writes of itself."""


@dataclass(frozen=True, kw_only=True)
class Encode(Encoding, LongRun):
    """Store the latents of a data set, or go on where an earlier run stopped."""

    data: tyro.conf.Positional[str]
    """Folder of the data set, or its URI."""
    out: str
    """Folder of the latents, or its address in an object store."""

    @property
    def encoding(self) -> Encoding:
        """The settings alone; paths are those of any folder that a worker is started in."""
        said = {setting.name: getattr(self, setting.name) for setting in fields(Encoding)}
        return Encoding(**said | {"vae": self.vae and self.vae.absolute()})


def encode(job: Encode, console: Console) -> ExitCode:
    """Run the job; `WHOLE` where all was encoded, `FAILED_ITEMS` where something could not be.

    Raises:
        ValueError: the data set, the autoencoder or a setting cannot be used.
        OSError: a folder cannot be read or written.
        AtWork: another run is at work on the latents.
        CannotRun: as `LongRun.bring_to_end`.
    """
    from model.encode.flow import FIT, TARS

    out, ledger = Place.at(job.out), Ledger(job.out)
    with Heartbeat(out, job.runner, manner(console, force=job.force)) as beacon:
        vae = make(job, out, beacon, console)
    tallies = [tally for leg in (FIT, TARS) for tally in ledger.tallies(leg)]
    console.print(funnel(tallies))
    console.print(f"latents.root {job.out}", highlight=False)
    console.print(f"latents.vae {vae}", highlight=False)
    tell_failed(ledger, [FIT, TARS], tallies, console)
    return ExitCode.FAILED_ITEMS if any(tally.rejected for tally in tallies) else ExitCode.WHOLE


def has_to_fit(encoding: Encoding, out: Place) -> bool:
    """Whether the codec beside the latents is ours to fit: there is none, or an earlier run was to fit it.

    A codec that was there before any run is taken as it is.
    """
    from model.encode.autoencoder import CODEC

    if encoding.vae is not None:
        return False
    before = json.loads(out.read(RUN)) if out.size(RUN) is not None else {}
    return out.size(CODEC) is None or before.get("codec") == FITTED


def write_run(encoding: Encoding, data: Place, out: Place, *, fits: bool) -> None:
    """Write what the latents are made of beside them, before any are made."""
    said = {
        "schema": SCHEMA,
        "rules": LATENTS,
        "code": version("understudy"),
        "data": data.uri,
        "codec": FITTED if fits else "given",
        "settings": json.loads(json.dumps(asdict(encoding), default=str)),
    }
    text = (json.dumps(said, indent=1) + "\n").encode()
    if out.size(RUN) is None or out.read(RUN) != text:
        out.write(RUN, text)


def make(job: Encode, out: Place, beacon: Heartbeat, console: Console) -> str:
    """Bring the latents to their end; what they are known by."""
    from model.data.latents import write_index  # brings torch along: not before latents are wanted
    from model.encode.flow import TARS, autoencoder_of, begin, legs

    ledger, encoding = Ledger(out), job.encoding
    fits = has_to_fit(encoding, out)
    begin(ledger, out.uri)
    write_run(encoding, Place.at(job.data), out, fits=fits)
    with ConsoleProgress(console, time.monotonic) as terminal:
        observers: tuple[RunObserver, ...] = (beacon, terminal)
        job.bring_to_end(
            legs(encoding, Place.at(job.data).uri, out.uri, fits=fits),
            ledger,
            all_of(*observers),
            unseal=partial(out.remove, INDEX),
            shared=[Place.at(job.data).folder, out.folder, encoding.vae],
            always=(),
        )
    if out.size(INDEX) is None:
        landed = (ledger.rows(TARS, name, LatentRow) for name in ledger.names(TARS))
        write_index(out.uri, chain.from_iterable(landed))
    return autoencoder_of(encoding, out.uri).digest
