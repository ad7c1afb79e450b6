"""`understudy status`: how a data set's job goes or went, from anywhere that sees the data set."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import tyro
from rich.console import Console
from rich.table import Table

from engine.core import Tally
from engine.failures import UNJUDGED
from engine.ledger import Ledger
from engine.runners.stall import LATE_S, LATE_SHARE
from engine.runners.status import LegProgress
from jobs.console.failed_items import num_failed, tell_failed
from jobs.console.flags import parsed
from jobs.console.heartbeat import Running, read_running
from jobs.console.lock import AT_WORK
from jobs.console.plain import tell_json
from jobs.console.progress import readable_s
from jobs.console.tables import records, tell_table
from jobs.exit_codes import ExitCode
from storage.place import Place

RECENT_S = 600.0
"""Rates are those of so many seconds."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """Say how a job goes: legs, rejects by reason, items that failed, rate, time left, and what is stuck."""

    out: tyro.conf.Positional[str]
    """Folder or address of the data set, or of latents."""
    json: bool = False
    """For programs."""


def parse(args: list[str]) -> Status:
    """The job of a command line."""
    return parsed(Status, "status", args)


def status(job: Status, console: Console) -> ExitCode:
    """Print the state of the job; `BELOW_THRESHOLD` where it is stuck, or not done and nobody works on it.

    Raises:
        ValueError: there is no data set.
        OSError: it cannot be read.
    """
    out, now = Place.at(job.out), time.time()
    running = read_running(out)
    if running is None:
        raise ValueError(f"{out}: no data set, or no run has begun there")
    alive = running.claim.is_alive(now)
    ledger = Ledger(out)
    tallies = {lane.leg: ledger.tallies(lane.leg) for lane in running.lanes}
    stuck = stuck_ones(running, now) if alive else []
    code = ExitCode.WHOLE if is_fine(running, stuck, alive=alive) else ExitCode.BELOW_THRESHOLD
    table = legs_table(out, running, tallies, now, alive=alive)
    if job.json:
        facts = {"at_work": alive, "stuck": stuck, "legs": records(table), "workers": running.workers}
        tell_json(console, {"state": headline(running, now), **facts})
        return code
    console.print(headline(running, now), highlight=False)
    if running.lanes:
        tell_table(console, table, ("leg", "laps", "items kept", "rejected", "left"))
        for leg, reasons_of_leg in ((leg, reasons(found)) for leg, found in tallies.items()):
            if reasons_of_leg:
                console.print(f"{leg}: {reasons_of_leg}", highlight=False, soft_wrap=True)
        tell_failed(ledger, list(tallies), list(chain.from_iterable(tallies.values())), console)
    for worker in running.workers if alive else ():
        console.print(
            f"{worker['worker']}: {place_of(worker)} for {readable_s(now - worker['since'])}", highlight=False
        )
    for sentence in stuck:
        console.print(f"stuck? {sentence}", style="yellow", highlight=False)
    return code


def is_fine(running: Running, stuck: Sequence[str], *, alive: bool) -> bool:
    """Whether the job is done, or goes on."""
    return running.claim.state == "done" or (alive and not stuck)


def headline(running: Running, now: float) -> str:
    """Who works on the data set, or how the last run ended."""
    claim = running.claim
    who = f"{running.runner}, {claim.holder}"
    if claim.is_alive(now):
        since, ago = readable_s(now - claim.began), readable_s(abs(now - claim.told))
        return f"at work for {since} ({who}), last sign of life {ago} ago"
    if claim.state == AT_WORK:
        end = f"gave its last sign of life {readable_s(abs(now - claim.told))} ago"
    else:
        end = f"{claim.state} after {readable_s(claim.told - claim.began)}"
    return f"nobody is at work: the last run ({who}) {end}"


def legs_table(
    out: Place, running: Running, legs: Mapping[str, Sequence[Tally]], now: float, *, alive: bool
) -> Table:
    """A line a leg: laps, items, rejects by reason, items that failed, rate and time left."""
    table = Table("leg", "laps", "running", "items kept", "rejected", "failed", "rate", "left")
    ledger = Ledger(out)
    for lane in running.lanes:
        leg, tallies = lane.leg, legs[lane.leg]
        failed = num_failed(tallies)
        recent = laps_since(out, leg, max(now - RECENT_S, running.claim.began))
        rate = recent / max(1.0, min(RECENT_S, now - running.claim.began)) if alive else 0.0
        done = len(ledger.names(leg))
        table.add_row(
            leg,
            laps_of(lane, done),
            str(lane.running) if alive and lane.running else "",
            str(tallies[-1].gave) if tallies else "",
            str(sum(tally.rejected for tally in tallies) - failed),
            str(failed) if failed else "",
            f"{rate * 60:.1f} laps/min" if rate else "",
            left(lane, done, rate),
        )
    return table


def laps_of(lane: LegProgress, done: int) -> str:
    """How many laps have landed of how many, or which legs come first."""
    return f"{done}, after {', '.join(lane.waits_for)}" if lane.waits_for else f"{done} of {lane.laps}"


def laps_since(out: Place, leg: str, start: float) -> int:
    """Laps of a leg that have landed since a moment."""
    markers = (entry for entry in out.files(f"landings/{leg}") if entry.name.endswith(".done"))
    return sum(entry.mtime_s >= start for entry in markers)


def left(lane: LegProgress, done: int, rate: float) -> str:
    """Time left of a leg."""
    return readable_s((lane.laps - done) / rate) if rate and lane.laps > done else ""


def reasons(tallies: Sequence[Tally]) -> str:
    """Rejects by step and reason, the most frequent first, without those that failed."""
    found = [
        (n, f"{tally.step} {reason} {n}")
        for tally in tallies
        for reason, n in tally.reasons.items()
        if reason not in UNJUDGED
    ]
    return ", ".join(text for _, text in sorted(found, key=lambda pair: (-pair[0], pair[1])))


def stuck_ones(running: Running, now: float) -> list[str]:
    """What does not go on, as the run itself said, and items that have been worked on for very long."""
    late = [
        f"{worker['leg']}: {worker['worker']} at {place_of(worker)}, {now - worker['since']:.0f} s"
        for worker in running.workers
        if now - worker["since"] >= max(LATE_S, LATE_SHARE * (worker["limit_s"] or 0.0))
    ]
    result = {sentence.partition(":")[0] for sentence in running.stuck}
    return [*running.stuck, *(sentence for sentence in late if sentence.partition(":")[0] not in result)]


def place_of(worker: Mapping[str, str | None]) -> str:
    """Where a worker is, for a person."""
    position = f"step {worker['step']}, item {worker['key']}" if worker["step"] else "between items"
    return f"{worker['leg']}/{worker['lap']}, {position}"
