"""Laps in a process of their own, watched: what crashes or hangs it is found, tried again, and held back."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, Pipe
from typing import Any

from engine.ledger import Landed, Lap, Ledger
from engine.leg import Leg
from engine.runners.monitored import Quarantined
from engine.runners.process import Failure, WorkerKit
from engine.runners.sessions import kill_session
from engine.runners.settings import Timeouts
from engine.runners.status import CurrentItem, WorkerState, WorkerStatus

POLL_S = 1.0
"""How often a guard looks up while nothing is told."""
LOADING_S = 300.0
"""A process has so long at least to read its libraries: what a slow disk takes is no item's fault."""
EXIT_S = 10.0
"""A process that has hung up has so long to end."""
POOLS = ("OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
"""Libraries ask these how many threads to keep, and would take all cores of the machine for each worker."""

BEGIN = "import understudy; from engine.runners.process import main"
"""What the process does first: the packages are ours, whatever lies in the working folder."""


@dataclass(frozen=True, kw_only=True)
class Death:
    """How a process ended, and what it was at."""

    spot: CurrentItem | None
    reason: str  # "crashed", "timed_out" or "killed"
    detail: str


def kit_of(legs: Iterable[Leg], ledger: Ledger, tries: int) -> bytes:
    """What the process is given to work with, packed: a guard itself need not load any of it.

    Plans stay with the driver: what they hold may be as large as the data set.
    """
    given = {leg.name: replace(leg, plan=planned_elsewhere) for leg in legs}
    return pickle.dumps(WorkerKit(legs=given, ledger=ledger, tries=tries))


def planned_elsewhere(_: Ledger, leg: Leg) -> list[Lap]:
    """Raise AssertionError: the driver plans."""
    raise AssertionError(f"leg {leg.name!r} is planned by the driver")


def nobody(_: WorkerState) -> None:
    """Hears, and does nothing."""


def start_worker(descriptor: int, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """A process that runs laps until the other end of the pipe behind the descriptor is closed."""
    return subprocess.Popen(
        [sys.executable, "-P", "-c", f"{BEGIN}; main({descriptor}, {os.getpid()})"],
        stdin=subprocess.DEVNULL,  # nothing that it starts may wait for what nobody types
        pass_fds=[descriptor],
        env={**environment, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,  # so that it can be killed with the encoders that it started
    )


class Supervisor:
    """One process that runs laps one after the other, and is replaced when it dies."""

    loading: bool
    """It has not told that its libraries are read."""
    link: Connection

    def __init__(
        self,
        kit: bytes,
        patience: Timeouts,
        clock: Callable[[], float],
        name: str,
        *,
        threads: int | None = None,
        heard: Callable[[WorkerState], None] = nobody,
    ) -> None:
        """`heard` is called whenever the process has told something, and once a second while it has not.

        Libraries keep `threads` threads, or as many as they think right.
        """
        self.kit = kit
        self.patience = patience
        self.status = WorkerStatus(name, clock, self.limit_s)
        self.lap: Lap | None = None
        self.threads = threads
        self.heard = heard
        self.start()

    def run(self, lap: Lap, over: frozenset[str] = frozenset()) -> Landed | Failure:
        """The landed lap, items that kill or hang a process held back; or why it cannot be done.

        The stages of legs that are `over` go first.
        """
        holds: dict[tuple[str, str], Quarantined] = {}
        deaths: Counter[tuple[str, str, str]] = Counter()
        self.status.begin(lap)
        self.lap = lap
        while isinstance(end := self.attempt(lap, holds, over), Death):
            self.stop()
            self.start()
            place = (end.spot.step, end.spot.key) if end.spot else ("", "")
            deaths[*place, end.reason] += 1
            times = deaths[*place, end.reason]
            if times < self.patience.times(end.reason):
                continue
            if end.spot is None or not self.patience.tries:
                where = f"in step {place[0]} on item {place[1]}" if end.spot else "between items"
                return Failure(
                    sentence=f"{lap.leg}/{lap.name}: its process {end.detail} {where}, {times} times"
                )
            holds[place] = Quarantined(
                reason=end.reason, detail=f"{end.detail}, {times} times; understudy replay OUT {end.spot.key}"
            )
        self.lap = None
        return end

    def attempt(
        self, lap: Lap, holds: Mapping[tuple[str, str], Quarantined], over: frozenset[str]
    ) -> Landed | Failure | Death:
        """How one run of a lap ends."""
        self.status.begin(lap)
        try:
            self.link.send((lap, holds, over))
            while (message := self.message()) is not None:
                kind, content = message
                if kind == "end":
                    return self.known(content)
                (self.status.move if kind == "at" else self.status.count)(content)
                self.heard(self.status.sight)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return self.death(self.exit_code())
        limit_s = self.limit_s(self.status.spot)
        return Death(spot=self.status.spot, reason="timed_out", detail=f"took longer than {limit_s:g} s")

    def limit_s(self, spot: CurrentItem | None) -> float:
        """Seconds that the process may stay where it is."""
        limit_s = self.patience.limit_s(spot)
        return max(limit_s, LOADING_S) if self.loading else limit_s

    def message(self) -> tuple[str, Any] | None:
        """What the process tells next; None where it stays where it is for too long."""
        limit_s = self.limit_s(self.status.spot)
        while not self.link.poll(max(0.0, min(POLL_S, self.status.since + limit_s - self.status.clock()))):
            if self.status.clock() >= self.status.since + limit_s:
                return None
            self.heard(self.status.sight)
        message: tuple[str, Any] = self.link.recv()
        self.loading = False
        return message

    def known(self, end: Any) -> Landed | Failure:
        """What the process said at the end of a lap."""
        assert isinstance(end, Landed | Failure)
        return end

    def exit_code(self) -> int:
        """Of the process, which has hung up; it is not waited for for long."""
        try:
            return self.process.wait(EXIT_S)
        except subprocess.TimeoutExpired:
            kill_session(self.process.pid)
            return self.process.wait()

    def death(self, code: int) -> Death:
        """What the exit code of the process tells."""
        if code == -signal.SIGKILL:
            return Death(spot=self.status.spot, reason="killed", detail="was killed")
        how = f"crashed with {signal.Signals(-code).name}" if code < 0 else f"ended itself with code {code}"
        return Death(spot=self.status.spot, reason="crashed", detail=how)

    def sight(self) -> WorkerState | None:
        """What is going on; None between laps. May be asked from another thread."""
        return self.status.sight if self.lap is not None else None

    def start(self) -> None:
        """Start a process. It loads what it needs while nobody waits for it, and tells when that is done."""
        self.loading = True
        self.link, theirs = Pipe()
        pools = dict.fromkeys(POOLS, str(self.threads)) if self.threads else {}
        self.process = start_worker(theirs.fileno(), {**os.environ, **pools})
        theirs.close()
        with contextlib.suppress(BrokenPipeError):  # told when it is given its first lap
            self.link.send_bytes(self.kit)

    def stop(self) -> None:
        """End the process and all that it started; between laps it may put its copies away first."""
        self.link.close()
        if self.lap is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(EXIT_S)
        kill_session(self.process.pid)
        self.process.wait()
