"""`understudy replay`: one rejected or crashed item alone, here, with its full error."""

from __future__ import annotations

import faulthandler
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console

from engine import replay as engine
from engine.ledger import Ledger
from jobs.console.flags import parsed
from jobs.exit_codes import ExitCode
from jobs.stored.curation import settings_of
from pipeline.flow import legs
from schemas.outcome import Rejected
from storage.place import Place


@dataclass(frozen=True, kw_only=True)
class Replay:
    """Run a rejected or crashed item again, alone, in this process; the data set is left as it is."""

    out: tyro.conf.Positional[str]
    """Folder or address of the data set."""
    key: tyro.conf.Positional[str]
    """Key of the item, as the rejects say it."""
    videos: str = ""
    """Address that the videos were given by, where it has options: a data set alone chooses no server."""


def parse(args: list[str]) -> Replay:
    """The job of a command line."""
    return parsed(Replay, "replay", args)


def replay(job: Replay, console: Console) -> ExitCode:
    """Show what was said of the item then, and what happens to it now: `WHOLE` where it goes through.

    What crashes its process crashes this one: the traceback of all threads is printed then.

    Raises:
        ValueError: there is no such reject, or its file lies on a server that nobody named.
    """
    faulthandler.enable()
    out = Place.at(job.out)
    ledger, settings = Ledger(out), settings_of(out)
    found = engine.find(ledger, legs(settings, out), job.key)
    if found is None:
        raise ValueError(f"{out}: nothing was rejected under the key {job.key!r}")
    was = found.reject
    console.print(f"rejected by step {was.step}: {was.reason}, {was.detail}", highlight=False, markup=False)
    if found.trace:
        console.print(found.trace.rstrip(), highlight=False, markup=False)
    with tempfile.TemporaryDirectory() as scratch:
        house = {leg.name: leg for leg in legs(settings, Path(scratch))}

        def tell(where: str) -> None:
            console.print(where, highlight=False, markup=False)

        try:
            given = engine.replay(found, ledger, house[found.leg.name], tell, job.videos)
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
