"""`understudy replay`: one rejected or crashed item alone, here, with its full error."""

from __future__ import annotations

import faulthandler
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import tyro
from rich.console import Console

from engine import replay as engine
from engine.ledger import Ledger
from engine.leg import Leg
from jobs.commands import evaluate_render, evaluate_score
from jobs.console.flags import parsed
from jobs.console.kinds import VideosAddress
from jobs.exit_codes import ExitCode
from jobs.stored.curation import settings_of
from jobs.stored.evaluations import StoredEvaluation, evaluation_in
from jobs.stored.latents import latents_in
from model.encode.settings import Encoding
from pipeline.flow import legs
from schemas.outcome import Rejected
from storage.place import Place
from storage.records import read_as


@dataclass(frozen=True, kw_only=True)
class Replay:
    """Run a rejected or crashed item again, alone, in this process; the data set is left as it is."""

    out: tyro.conf.Positional[str]
    """Folder or address of the data set, of latents, or of what `evaluate` made."""
    key: tyro.conf.Positional[str]
    """Key of the item, as the rejects say it."""
    videos: VideosAddress = ""
    """Address that the videos were given by, or the data set of latents, where it has options: what lies in a
    folder alone chooses no server."""


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
    ledger, house_in = Ledger(out), house_of(out, job.videos)
    found = engine.find(ledger, house_in(out.uri), job.key)
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


def house_of(out: Place, videos: str) -> Callable[[str], list[Leg]]:
    """The legs of the last run on a data set, on latents or of an evaluation, given the folder to write to.

    Raises:
        ValueError: there is neither, its settings are not those of this version, or latents are of a data set
            on a server that nobody named.
    """
    if (evaluation := evaluation_in(out)) is not None:
        return evaluation_house(evaluation, f"{out}: not the settings of an evaluation")
    stored = latents_in(out)
    if stored is None:
        settings = settings_of(out)
        return lambda where: legs(settings, where)
    from model.encode.flow import autoencoder_of, encoding, fitting

    data = stored.data or videos
    engine.refuse_chosen(data, (out.uri, videos))
    run = read_as(Encoding, stored.settings, f"{out}: not the settings of a run")
    autoencoder = autoencoder_of(run, out.uri)  # the codec lies where it was fitted
    return lambda where: [fitting(data, where), encoding(run, autoencoder, data, where)]


def evaluation_house(stored: StoredEvaluation, what: str) -> Callable[[str], list[Leg]]:
    """The same of films of a benchmark, or of what was measured of them, which is written nowhere.

    Raises:
        ValueError: `what`, and why.
    """
    if stored.evaluation == "render":
        films = read_as(evaluate_render.EvaluateRender, stored.job, what)
        return lambda where: evaluate_render.legs_of(films, where)
    scores = read_as(evaluate_score.EvaluateScore, stored.job, what)
    return lambda _: evaluate_score.legs_of(scores)
