"""`understudy plan`: what a run would do on a data set, and why, before anything is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import tyro
from rich.console import Console

from dataset.deny import kept_out
from engine.differences import differences
from engine.ledger import Ledger
from engine.leg import Leg
from engine.planning.cost import Bill, bill, machines_of
from engine.planning.forecast import LegForecast, forecast
from engine.planning.rates import Rates, measured, read_rates, work_of
from jobs.commands.estimate_cost import RATES
from jobs.commands.estimate_cost import verdict as priced
from jobs.console.flags import parsed
from jobs.console.kinds import Machines, VideosAddress
from jobs.console.next_step import tell_next
from jobs.console.plain import tell_json
from jobs.console.progress import readable_laps, readable_s
from jobs.console.tables import tell_table, titled
from jobs.exit_codes import ExitCode
from jobs.stored.curation import StoredCuration, own_tombstones, settings_of, stored_in
from jobs.stored.redo import sentence, unsaid_differences
from pipeline.corpora.listing import CorpusListing, compared_with, origins_note
from pipeline.flow import Curation, legs
from pipeline.stages.corpus import CorpusSettings, survey
from storage.place import Place


@dataclass(frozen=True, kw_only=True)
class PlanRun:
    """Say which laps of a data set the next run would do, why, and how long they take; nothing is written."""

    out: tyro.conf.Positional[str]
    """Folder or address of the data set."""
    videos: VideosAddress = ""
    """Folder, address or manifest of the videos; without it, new files are not looked for."""
    machines: Machines = ()
    """Kinds of machines, as for estimate-cost: NAME=COUNTxCORES+GPUS@PRICE."""
    json: bool = False
    """For programs."""
    settings: Curation = field(default_factory=Curation)


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a run would do."""

    reasons: tuple[str, ...]
    """What is another than when the data set was made."""
    new_files: int
    new_s: float
    """Seconds that new files take one worker, in the mean of those that are done."""
    legs: tuple[LegForecast, ...]
    bill: Bill | None

    @property
    def work_s(self) -> float:
        """Seconds of one worker, of all that would be done."""
        return self.new_s + sum(sum(leg.again) for leg in self.legs)


def parse(args: list[str]) -> PlanRun:
    """The job of a command line; settings that it leaves out are those of the data set.

    Raises:
        ValueError: there is no data set, or its settings are not ours.
        OSError: they cannot be read.
    """
    out = next((word for word in args if not word.startswith("-")), "")
    stored = stored_in(Place.at(out)) if out else None
    default = PlanRun(out=tyro.MISSING)
    if stored is not None and stored.settings:
        default = replace(default, settings=settings_of(Place.at(out)))
    return parsed(PlanRun, "plan", args, default)


def plan(job: PlanRun, console: Console) -> ExitCode:
    """Print what would be done; `WHOLE`.

    Raises:
        ValueError: there is no data set, or machines cannot be used.
        OSError: it cannot be read.
    """
    out = Place.at(job.out)
    stored = stored_in(out)
    if stored is None:
        raise ValueError(
            f"{out}: no data set: understudy curate makes one, understudy estimate-cost says for how much"
        )
    found = forecast_of(job, out, stored)
    if job.json:
        tell_json(console, {**asdict(found), "work_s": found.work_s})
        return ExitCode.WHOLE
    for reason in found.reasons:
        console.print(reason, highlight=False, soft_wrap=True)
    tell_table(console, of_legs(found.legs), ("leg", "laps again", "one worker"))
    for line in summary_lines(found):
        console.print(line, highlight=False, soft_wrap=True)
    if not job.videos:
        words = ("plan", job.out, "--videos", stored.videos or "VIDEOS")
        tell_next(console, words, when="new files were not looked for")
    return ExitCode.WHOLE


def forecast_of(job: PlanRun, out: Place, stored: StoredCuration) -> Forecast:
    """What a run of these settings would do."""
    ledger = Ledger(out)
    listing = (
        compared_with(ledger, survey(job.videos, stored.corpus or CorpusSettings()).videos)
        if job.videos
        else None
    )
    dropped = listing.gone if listing and stored.drop_gone else ()
    house = legs(job.settings, out, dropped, own_tombstones(out), kept_out(out))
    changed = [sentence(one, job.settings) for one in differences(stored.settings, job.settings)]
    found = tuple(forecast(house, ledger))
    new = listing.new if listing else 0
    return Forecast(
        reasons=(*changed, *unsaid_differences(stored, job.settings), *retold(job, listing)),
        new_files=new,
        new_s=new * source_s(ledger, house),
        legs=found,
        bill=billed(job, house, ledger, found),
    )


def retold(job: PlanRun, listing: CorpusListing | None) -> Iterator[str]:
    """A sentence on files of which other things are told than before, where there are any."""
    if listing and listing.otherwise:
        yield origins_note(listing, job.videos, job.out)


def source_s(ledger: Ledger, house: Sequence[Leg]) -> float:
    """What a file takes one worker through all legs, in the mean of those that are done."""
    tallies = [tally for leg in house for tally in ledger.tallies(leg.name)]
    files = sum(tally.offered for tally in tallies if tally.step == "corpus")
    return sum(tally.busy_s for tally in tallies) / files if files else 0.0


def billed(job: PlanRun, house: Sequence[Leg], ledger: Ledger, found: Sequence[LegForecast]) -> Bill | None:
    """The laps on the machines that are named; None where none are, or nothing is to be done."""
    if not job.machines or not any(leg.again for leg in found):
        return None
    rates: Rates = measured(ledger, house, read_rates(RATES), job.out)
    works = [
        work_of(leg, rates, tuple(took + rates.lap_s for took in one.again))
        for leg, one in zip(house, found, strict=True)
    ]
    return bill(works, [machines_of(word) for word in job.machines], worker_s=rates.worker_s)


def of_legs(found: Sequence[LegForecast]) -> Any:
    """A line for each leg."""
    table = titled("What the next run does", "leg", "laps", "laps again", "one worker", "why")
    for leg in found:
        table.add_row(leg.leg, f"{leg.laps:,}", f"{len(leg.again):,}", readable_s(sum(leg.again)), leg.why)
    return table


def summary_lines(found: Forecast) -> list[str]:
    """The whole in a few lines."""
    lines = []
    if found.new_files:
        lines.append(f"{found.new_files} new files: about {readable_s(found.new_s)} of one worker")
    laps = sum(len(leg.again) for leg in found.legs)
    if not laps and not found.new_files:
        return ["nothing would be done"]
    took = (
        f"about {readable_s(found.work_s)} of one worker"
        if found.work_s
        else f"{readable_laps(laps)} or more"
    )
    lines.append(f"in all {took}; nothing has been written")
    return [*lines, *(priced(found.bill) if found.bill else ())]
