"""A process that runs laps and tells over a pipe what it is at; `engine.runners.supervisor` watches over it.

An item may crash it or hang it; whoever watches knows from its last word which item that was.
"""

from __future__ import annotations

import ctypes
import faulthandler
import math
import os
import pickle
import resource
import signal
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

from engine.core import CannotRun, EstimatorUnavailable, Tally
from engine.ledger import Landed, Lap, Ledger
from engine.leg import Leg, LegRunner
from engine.runners.monitored import Monitored, Quarantined
from engine.runners.status import CurrentItem
from schemas.visible import shown_streams

PR_SET_PDEATHSIG = 1  # linux/prctl.h
TELL_EVERY_S = 0.2
"""Seconds between two words on what became of a lap's items."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a lap cannot be done, for a person; the traceback where the cause is a bug."""

    sentence: str
    trace: str = ""


@dataclass(frozen=True, kw_only=True)
class WorkerKit:
    """What a process is given to work with."""

    legs: Mapping[str, Leg]
    ledger: Ledger
    tries: int  # of an item on which a step breaks; with none the first stops the lap


class Report(Protocol):
    """Hears what is going on."""

    def at(self, spot: CurrentItem | None, /) -> None:
        """An item begins, or none is worked on."""
        ...

    def tallies(self, tallies: Sequence[Tally], /) -> None:
        """An outcome has come."""
        ...


class LapFailed(CannotRun):
    """A lap cannot be done: the job stops, and the same job goes on from here."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.sentence, failure.trace)


class WorkerProcess:
    """Runs laps of any leg. The stages of a leg are made when its first lap comes."""

    def __init__(self, kit: WorkerKit, report: Report, clock: Callable[[], float]) -> None:
        self.kit = kit
        self.report = report
        self.clock = clock
        self.crews: dict[str, LegRunner] = {}
        self.holds: dict[tuple[str, str], Quarantined] = {}

    def crew(self, leg: str) -> LegRunner:
        """The stages of a leg, under watch."""
        if leg not in self.crews:
            self.crews[leg] = LegRunner(
                self.kit.legs[leg],
                self.clock,
                lambda step, stage: Monitored(
                    step=step, stage=stage, holds=self.holds, tell=self.report.at, tries=self.kit.tries
                ),
            )
        return self.crews[leg]

    def let_go(self, legs: Iterable[str]) -> None:
        """Let the stages of legs go that are over, with their weights."""
        for leg in legs:
            self.crews.pop(leg, None)

    def land(self, lap: Lap) -> Landed:
        """The landed lap.

        Raises:
            Exception: the machine is at fault, or an item is where the kit grants no tries.
        """
        return self.crew(lap.leg).run(lap, self.kit.ledger, self.report.tallies)

    def run(self, lap: Lap) -> Landed | Failure:
        """The landed lap, or why there is none."""
        try:
            return self.land(lap)
        except (CannotRun, EstimatorUnavailable, OSError, ValueError) as trouble:
            notes: list[str] = getattr(trouble, "__notes__", [])
            known = isinstance(trouble, CannotRun | OSError) or not notes
            return failure(lap, trouble, traced=not known)
        except Exception as bug:  # noqa: BLE001  whatever it is, it stops the run: it is handed on whole
            return failure(lap, bug, traced=True)


class PipeReport:
    """Tells through a pipe; of tallies, which come with every item, now and then."""

    def __init__(self, link: Connection) -> None:
        self.link = link
        self.last_sent = -math.inf

    def at(self, spot: CurrentItem | None) -> None:
        """An item begins, or none is worked on: told before anything is done with it."""
        self.link.send(("at", spot))

    def tallies(self, tallies: Sequence[Tally]) -> None:
        """An outcome has come."""
        now = time.monotonic()
        if now - self.last_sent >= TELL_EVERY_S:
            self.last_sent = now
            self.link.send(("tallies", tallies))


def failure(lap: Lap, trouble: Exception, *, traced: bool) -> Failure:
    """What is told of an exception."""
    message = "; ".join([str(trouble) or type(trouble).__name__, *getattr(trouble, "__notes__", [])])
    trace = "".join(traceback.format_exception(trouble)) if traced else ""
    return Failure(sentence=f"{lap.leg}/{lap.name}: {message}", trace=trace)


@shown_streams()
def main(descriptor: int, parent: int) -> None:
    """Run laps until the other end of the pipe is closed; none where the parent has died meanwhile.

    What it sent before waits in the pipe, and somebody else is at that lap by now.
    """
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    end_with_parent()
    if os.getppid() != parent:
        return
    link: Connection = Connection(descriptor)
    try:
        kit = pickle.loads(link.recv_bytes())  # noqa: S301  from our own parent
        hands = WorkerProcess(kit, PipeReport(link), time.perf_counter)
        hands.report.at(None)  # its libraries are read
        while True:
            lap, holds, over = link.recv()
            hands.let_go(over)
            hands.holds.clear()
            hands.holds.update(holds)
            link.send(("end", hands.run(lap)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def end_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies; elsewhere the pipe's end is noticed later."""
    if Path("/proc").exists():
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
