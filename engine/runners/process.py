"""A process that runs laps and tells over a pipe what it is at; `engine.runners.supervisor` watches over it.

An item may crash it or hang it; whoever watches knows from its last word which item that was.
"""

from __future__ import annotations

import ctypes
import faulthandler
import pickle
import resource
import signal
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from engine.core import CannotRun, EstimatorUnavailable
from engine.ledger import Landed, Lap, Ledger
from engine.leg import Leg, LegRunner
from engine.runners.monitored import Monitored, Quarantined
from schemas.visible import shown_streams

PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a lap cannot be done, for a person; the traceback where the cause is a bug."""

    sentence: str
    trace: str = ""


class LapFailed(CannotRun):
    """A lap cannot be done: the job stops, and the same job goes on from here."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.sentence)
        self.trace = failure.trace


class WorkerProcess:
    """Runs laps of any leg. The stages of a leg are made when its first lap comes."""

    def __init__(self, link: Connection, legs: Mapping[str, Leg], ledger: Ledger) -> None:
        self.link = link
        self.legs = legs
        self.ledger = ledger
        self.crews: dict[str, LegRunner] = {}
        self.holds: dict[tuple[str, str], Quarantined] = {}

    def crew(self, leg: str) -> LegRunner:
        """The stages of a leg, under watch."""
        if leg not in self.crews:
            self.crews[leg] = LegRunner(
                self.legs[leg],
                time.perf_counter,
                lambda step, stage: Monitored(
                    step=step, stage=stage, holds=self.holds, tell=lambda spot: self.link.send(("at", spot))
                ),
            )
        return self.crews[leg]

    def run(self, lap: Lap) -> Landed | Failure:
        """The landed lap, or why there is none."""
        try:
            crew = self.crew(lap.leg)
            return crew.run(lap, self.ledger, lambda tallies: self.link.send(("tallies", tallies)))
        except (EstimatorUnavailable, OSError, ValueError) as trouble:
            notes: list[str] = getattr(trouble, "__notes__", [])
            known = isinstance(trouble, OSError) or not notes
            return failure(lap, trouble, traced=not known)
        except Exception as bug:  # noqa: BLE001  whatever it is, it stops the run: it is handed on whole
            return failure(lap, bug, traced=True)


def failure(lap: Lap, trouble: Exception, *, traced: bool) -> Failure:
    """What is told of an exception."""
    said = "; ".join([str(trouble) or type(trouble).__name__, *getattr(trouble, "__notes__", [])])
    trace = "".join(traceback.format_exception(trouble)) if traced else ""
    return Failure(sentence=f"{lap.leg}/{lap.name}: {said}", trace=trace)


@shown_streams()
def main(descriptor: int) -> None:
    """Run laps until the other end of the pipe is closed."""
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    end_with_parent()
    link: Connection = Connection(descriptor)
    try:
        legs, ledger = pickle.loads(link.recv_bytes())  # noqa: S301  from our own parent
        hands = WorkerProcess(link, legs, ledger)
        while True:
            lap, holds = link.recv()
            hands.holds.clear()
            hands.holds.update(holds)
            link.send(("end", hands.run(lap)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def end_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies; elsewhere the pipe's end is noticed later."""
    if Path("/proc").exists():
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
