"""`understudy replay`: one rejected or crashed item alone, here, with its full error."""

from __future__ import annotations

import faulthandler
import json
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tyro
from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from dataset.names import RUN
from engine.ledger import Ledger
from engine.leg import Leg
from engine.replay import find, refuse_chosen, replay
from jobs.exit_codes import ExitCode
from model.encode.settings import Encoding
from pipeline.flow import Curation, legs
from schemas.outcome import Rejected
from storage.place import Place


@dataclass(frozen=True, kw_only=True)
class Replay:
    """Run a rejected or crashed item again, alone, in this process; the data set is left as it is."""

    out: tyro.conf.Positional[str]
    """Folder or address of the data set, or of latents."""
    key: tyro.conf.Positional[str]
    """Key of the item, as the rejects say it."""
    videos: str = ""
    """Address that the videos were given by, where it has options: a data set alone chooses no server."""


def run_replay(job: Replay, console: Console) -> ExitCode:
    """Show what was said of the item then, and what happens to it now: `WHOLE` where it goes through.

    What crashes its process crashes this one: the traceback of all threads is printed then.

    Raises:
        ValueError: there is no such reject, or its file lies on a server that nobody named.
    """
    faulthandler.enable()
    out = Place.at(job.out)
    ledger, house_in = Ledger(out), house_of(out, job.videos)
    found = find(ledger, house_in(out.uri), job.key)
    if found is None:
        raise ValueError(f"{out}: nothing was rejected under the key {job.key!r}")
    was = found.reject
    console.print(f"rejected by step {was.step}: {was.reason}, {was.detail}", highlight=False, markup=False)
    if found.trace:
        console.print(found.trace.rstrip(), highlight=False, markup=False)
    with tempfile.TemporaryDirectory() as scratch:
        house = {leg.name: leg for leg in house_in(scratch)}

        def tell(where: str) -> None:
            console.print(where, highlight=False, markup=False)

        try:
            given = replay(found, ledger, house[found.leg.name], tell, job.videos)
        except Rejected as no:
            traceback.print_exception(no)
            console.print(f"rejected again: {no}", highlight=False, markup=False)
            return ExitCode.BELOW_THRESHOLD
        except Exception as bug:  # noqa: BLE001  it is what was asked for
            traceback.print_exception(bug)
            console.print(f"fails again: {type(bug).__name__}", highlight=False, markup=False)
            return ExitCode.BELOW_THRESHOLD
    kinds = ", ".join(f"{type(item).__name__} {item.key}" for item in given)
    console.print(f"goes through now: {kinds or 'nothing given'}", highlight=False)
    return ExitCode.WHOLE


def house_of(out: Place, videos: str) -> Callable[[str], list[Leg]]:
    """The legs of the last run on a data set or on latents, given the folder where they are to write.

    Raises:
        ValueError: there is neither, its settings are not those of this version, or latents are of a data set
            on a server that nobody named.
    """
    data, settings = settings_of(out)
    if isinstance(settings, Curation):
        return lambda where: legs(settings, where)
    from model.encode.flow import autoencoder_of, encoding, fitting

    refuse_chosen(data, (out.uri, videos))
    autoencoder = autoencoder_of(settings, out.uri)  # the codec lies where it was fitted
    return lambda where: [fitting(data, where), encoding(settings, autoencoder, data, where)]


def settings_of(out: Place) -> tuple[str, Curation | Encoding]:
    """The settings of the last run, and of latents the data set that they are of.

    Raises:
        ValueError: no run was there, or its settings are not those of this version.
    """
    try:
        said = json.loads(out.read(RUN))
        kind: Any = Encoding if "data" in said else Curation
        return str(said.get("data", "")), TypeAdapter(kind).validate_python(said["settings"])
    except FileNotFoundError as error:
        raise ValueError(f"{out}: no data set") from error
    except (AttributeError, KeyError, TypeError, ValueError, ValidationError) as error:
        raise ValueError(f"{out.uri_of('run.json')}: not the settings of a run ({error})") from error
