"""How a job goes, written beside its output for whoever asks from elsewhere (`understudy status`)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError

from dataset.names import RUNNING
from engine.runners.status import LegProgress, WorkerState
from jobs.console.lock import MAX_BYTES, Claim, Lock, Manner
from storage.place import Place

LEG = re.compile(r"[a-z_]+")
"""The name of a leg is that of a folder among the landings."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """What the file says: times are seconds since 1970."""

    claim: Claim
    runner: str
    lanes: tuple[LegProgress, ...] = ()
    workers: Sequence[Mapping[str, Any]] = ()  # what each is at, since when, and how long it may be
    stuck: Sequence[str] = ()


def read_running(out: Place) -> Running | None:
    """What a run has last said of itself; None where none ever did.

    Raises:
        ValueError: no run wrote that.
    """
    try:
        running = TypeAdapter(Running).validate_json(out.read(RUNNING, 0, MAX_BYTES))
    except FileNotFoundError:
        return None
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise ValueError(f"{out.uri_of(RUNNING)}: not what a run writes ({faults[:500]})") from error
    if strange := [lane.leg for lane in running.lanes if not LEG.fullmatch(lane.leg)]:
        raise ValueError(
            f"{out.uri_of(RUNNING)}: not what a run writes (no leg is named {strange[0][:50]!r})"
        )
    return running


class Heartbeat:
    """A watch that holds the place of a job's output, and says there how the job goes.

    Raises:
        AtWork: on entry, another run is at work there; later, another run has taken the place over.
    """

    def __init__(self, out: Place, runner: str, manner: Manner) -> None:
        self.runner, self.wall = runner, manner.wall
        self.lock = Lock(out, self.content, manner)
        self.legs: dict[str, LegProgress] = {}
        self.seen: tuple[Sequence[WorkerState], float] = ((), 0.0)
        self.reasons: Sequence[str] = ()

    def __enter__(self) -> Self:
        self.lock.__enter__()
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self.seen, self.reasons = ((), 0.0), ()
        self.lock.__exit__(None, error, None)

    def lanes(self, lanes: Sequence[LegProgress]) -> None:
        """How far the legs are."""
        self.lock.check()
        self.legs = {**self.legs, **{lane.leg: lane for lane in lanes}}

    def sights(self, sights: Sequence[WorkerState]) -> None:
        """What the workers are at."""
        self.lock.check()
        self.seen = sights, self.wall()

    def stuck(self, why: Sequence[str]) -> None:
        """Legs that do not go on."""
        self.reasons = why

    def content(self) -> dict[str, Any]:
        """What the file says beside who works on the place. Asked from another thread."""
        sights, when = self.seen
        return {
            "runner": self.runner,
            "lanes": [asdict(lane) for lane in self.legs.values()],
            "workers": [at(sight, when) for sight in sights],
            "stuck": list(self.reasons),
        }


def at(sight: WorkerState, now: float) -> dict[str, Any]:
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
