"""How a job goes, written beside its output for whoever asks from elsewhere (`understudy status`)."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from dataset.names import RUNNING
from engine.core import CannotRun
from engine.runners.status import Lane, Sight
from storage.place import Place

TOLD_EVERY_S = 5.0
"""Seconds between two signs of life."""
SILENT_S = 60.0
"""A job is taken for dead that gave no sign for so long."""


class AtWork(CannotRun):
    """Another run is at work on the same data set."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """What the file says: times are seconds since 1970."""

    host: str
    process: int
    runner: str
    began: float
    told: float
    state: str  # "running", "done", or why it ended
    lanes: tuple[Lane, ...] = ()
    workers: Sequence[Mapping[str, Any]] = ()  # what each is at, since when, and how long it may be
    stuck: Sequence[str] = ()

    def is_alive(self, now: float) -> bool:
        """Whether the run goes on, as far as can be told from here."""
        if self.state != "running" or now - self.told > SILENT_S:
            return False
        return self.host != socket.gethostname() or Path(f"/proc/{self.process}").exists()


def read_running(out: Place) -> Running | None:
    """What a run has last said of itself; None where none ever did."""
    try:
        said = json.loads(out.read(RUNNING))
        lanes = tuple(Lane(**lane) for lane in said.pop("lanes"))
        return Running(
            lanes=lanes, workers=tuple(said.pop("workers")), stuck=tuple(said.pop("stuck")), **said
        )
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{out.uri_of(RUNNING)}: not what a run writes ({error})") from error


class Beacon:
    """A watch that writes the file now and then, and a last time when the run ends.

    Raises:
        AtWork: on entry, another run has given a sign of life just now.
    """

    def __init__(self, out: Place, runner: str, wall: Callable[[], float]) -> None:
        self.out = out
        self.wall = wall
        now = wall()
        self.running = Running(
            host=socket.gethostname(),
            process=os.getpid(),
            runner=runner,
            began=now,
            told=now,
            state="running",
        )

    def __enter__(self) -> Self:
        other = read_running(self.out)
        if other is not None and other.is_alive(self.wall()):
            raise AtWork(
                f"{self.out}: another run is at work on it (process {other.process} on {other.host}); "
                "stop it first, or see how it goes with: understudy status"
            )
        self.tell("running")
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self.running = replace(self.running, workers=(), stuck=())
        with suppress(OSError):  # what ended the run says more
            self.tell("done" if error is None else f"ended by {type(error).__name__}: {error}"[:500])

    def lanes(self, lanes: Sequence[Lane]) -> None:
        """How far the legs are."""
        known = {lane.leg: lane for lane in (*self.running.lanes, *lanes)}
        self.running = replace(self.running, lanes=tuple(known.values()))

    def sights(self, sights: Sequence[Sight]) -> None:
        """What the workers are at."""
        now = self.wall()
        if now - self.running.told >= TOLD_EVERY_S:
            self.running = replace(self.running, workers=tuple(at(sight, now) for sight in sights))
            self.tell("running")

    def stuck(self, why: Sequence[str]) -> None:
        """Legs that do not go on."""
        self.running = replace(self.running, stuck=tuple(why))

    def tell(self, state: str) -> None:
        """Write the file."""
        self.running = replace(self.running, told=self.wall(), state=state)
        self.out.write(RUNNING, (json.dumps(asdict(self.running), indent=1) + "\n").encode())


def at(sight: Sight, now: float) -> dict[str, Any]:
    """What a worker is at, in times that hold elsewhere too."""
    return {
        "worker": sight.worker,
        "leg": sight.leg,
        "lap": sight.lap,
        "step": sight.spot.step if sight.spot else None,
        "key": sight.spot.key if sight.spot else None,
        "since": now - sight.since_s,
        "limit_s": sight.limit_s,
    }
