"""Laps in a process of their own, watched: what crashes or hangs it is found, tried again, and held back."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Pipe
from typing import Any

from engine.core import Tally
from engine.ledger import Landed, Lap, Ledger
from engine.leg import Leg
from engine.runners.monitored import Quarantined
from engine.runners.process import Failure
from engine.runners.sessions import kill_session
from engine.runners.settings import Timeouts
from engine.runners.status import CurrentItem, WorkerState

EXIT_S = 10.0
"""A process that has hung up has so long to end."""
POOLS = ("OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
"""Libraries ask these how many threads to keep, and would take all cores of the machine for each worker."""


@dataclass(frozen=True, kw_only=True)
class Death:
    """How a process ended, and what it was at."""

    spot: CurrentItem | None
    reason: str  # "crashed", "timed_out" or "killed"
    detail: str


def kit_of(legs: Iterable[Leg], ledger: Ledger) -> bytes:
    """What the process is given to work with, packed: a guard itself need not load any of it."""
    return pickle.dumps(({leg.name: leg for leg in legs}, ledger))


class Supervisor:
    """One process that runs laps one after the other, and is replaced when it dies."""

    def __init__(
        self,
        kit: bytes,
        patience: Timeouts,
        clock: Callable[[], float],
        name: str,
        threads: int,
    ) -> None:
        self.kit = kit
        self.patience = patience
        self.clock = clock
        self.name = name
        self.threads = threads
        self.lap: Lap | None = None
        self.spot: CurrentItem | None = None
        self.since = clock()
        self.tallies: Sequence[Tally] = ()
        self.start()

    def run(self, lap: Lap) -> Landed | Failure:
        """The landed lap, items that kill or hang a process held back; or why it cannot be done."""
        holds: dict[tuple[str, str], Quarantined] = {}
        deaths: Counter[tuple[str, str, str]] = Counter()
        self.lap = lap
        while isinstance(end := self.attempt(lap, holds), Death):
            self.stop()
            self.start()
            place = (end.spot.step, end.spot.key) if end.spot else ("", "")
            deaths[*place, end.reason] += 1
            times = deaths[*place, end.reason]
            if times < (self.patience.kills if end.reason == "killed" else self.patience.tries):
                continue
            if end.spot is None:
                where = f"{lap.leg}/{lap.name}"
                return Failure(sentence=f"{where}: its process {end.detail} between items, {times} times")
            holds[place] = Quarantined(
                reason=end.reason, detail=f"{end.detail}, {times} times; understudy replay OUT {end.spot.key}"
            )
        self.lap = None
        return end

    def attempt(self, lap: Lap, holds: Mapping[tuple[str, str], Quarantined]) -> Landed | Failure | Death:
        """How one run of a lap ends."""
        self.move(None)
        self.tallies = ()
        try:
            self.link.send((lap, holds))
            while self.link.poll(max(0.0, self.since + self.patience.limit_s(self.spot) - self.clock())):
                kind, said = self.link.recv()
                if kind == "end":
                    return self.known(said)
                if kind == "at":
                    self.move(said)
                else:
                    self.tallies = said
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return self.death(self.exit_code())
        limit_s = self.patience.limit_s(self.spot)
        return Death(spot=self.spot, reason="timed_out", detail=f"took longer than {limit_s:g} s")

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
            return Death(spot=self.spot, reason="killed", detail="was killed")
        how = f"crashed with {signal.Signals(-code).name}" if code < 0 else f"ended itself with code {code}"
        return Death(spot=self.spot, reason="crashed", detail=how)

    def move(self, spot: CurrentItem | None) -> None:
        """Note where the process is."""
        self.spot, self.since = spot, self.clock()

    def sight(self) -> WorkerState | None:
        """What is going on; None between laps. May be asked from another thread."""
        lap, spot, since = self.lap, self.spot, self.since
        if lap is None:
            return None
        return WorkerState(
            worker=self.name,
            leg=lap.leg,
            lap=lap.name,
            spot=spot,
            since_s=self.clock() - since,
            limit_s=self.patience.limit_s(spot),
            tallies=self.tallies,
        )

    def start(self) -> None:
        """Start a process. It loads what it needs while nobody waits for it."""
        self.link, theirs = Pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"from engine.runners.process import main; main({theirs.fileno()})"],
            stdin=subprocess.DEVNULL,  # nothing that it starts may wait for what nobody types
            pass_fds=[theirs.fileno()],
            env={
                **os.environ,
                **dict.fromkeys(POOLS, str(self.threads)),
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            },
            start_new_session=True,  # so that it can be killed with the encoders that it started
        )
        theirs.close()
        with contextlib.suppress(BrokenPipeError):  # told when it is given its first lap
            self.link.send_bytes(self.kit)

    def stop(self) -> None:
        """End the process and all that it started."""
        self.link.close()
        kill_session(self.process.pid)
        self.process.wait()
