"""A place that one run at a time works on, on a disk or in an object store.

A file there says who works on it, and is written anew every few seconds. Whether the process that it names
lives is asked of the system where that can answer. Elsewhere (another machine, a container that is gone) the
file is watched: a run that lives changes it. So no two clocks need agree.
"""

from __future__ import annotations

import fcntl
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from threading import Event, Thread
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from dataset.names import RUNNING
from engine.core import CannotRun
from jobs.console.holder import Holder, lives, this_process
from storage.place import Place
from storage.scratch import locked

BEAT_S = 5.0
"""Seconds between two signs of life."""
SILENT_S = 60.0
"""A run elsewhere is taken for dead whose last sign of life is so old, and that gives none,"""
WATCHED_S = 3 * BEAT_S
"""while it is watched for so long: clocks differ."""
CERTAIN_S = 3600.0
"""No clock is so far off: such a run is not watched."""
POLL_S = 1.0
"""Seconds between two looks at the file."""
SETTLE_S = 2.0
"""Where nothing keeps two from writing at once, what was written is read back after so long."""
MAX_BYTES = 2**26
"""Most that is read of the file."""
AT_WORK = "running"


class AtWork(CannotRun):
    """Another run is at work on the same place."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Who works on a place, or last did. Times are seconds since 1970, by that machine's clock."""

    holder: Holder
    began: float
    told: float
    state: str
    """`AT_WORK`, "done", or why it ended."""

    def is_alive(self, now: float) -> bool:
        """Whether the run goes on, as far as can be told at once."""
        if self.state != AT_WORK:
            return False
        alive = lives(self.holder)
        return abs(now - self.told) <= SILENT_S if alive is None else alive


def read_claim(place: Place) -> Claim | None:
    """Who last claimed a place; None where nobody did, or nobody can read what was written.

    Raises:
        OSError: the place does not answer.
    """
    try:
        return TypeAdapter(Claim).validate_python(json.loads(place.read(RUNNING, 0, MAX_BYTES))["claim"])
    except (FileNotFoundError, ValueError, LookupError, TypeError, RecursionError, ValidationError):
        return None


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a place is taken."""

    wall: Callable[[], float]
    sleep: Callable[[float], None]
    say: Callable[[str], None]
    """Told why it takes long."""
    force: bool = False
    """Take it over, whoever works on it."""


def manner(console: Console, *, force: bool) -> Manner:
    """As a command takes a place."""

    def say(sentence: str) -> None:
        console.print(sentence, highlight=False, markup=False)

    return Manner(wall=time.time, sleep=time.sleep, say=say, force=force)


class Lock:
    """Holds a place while a block lasts. `content` gives what else its file says.

    Raises:
        AtWork: on entry, another run is at work there.
        OSError: the place does not answer, or cannot be written.
    """

    def __init__(self, place: Place, content: Callable[[], Mapping[str, Any]], manner: Manner) -> None:
        self.place, self.content, self.manner = place, content, manner
        now = manner.wall()
        self.claim = Claim(holder=this_process(), began=now, told=now, state=AT_WORK)
        self.lost: Claim | None = None
        self.over = Event()
        self.thread = Thread(target=self.beat, name="lock", daemon=True)

    def __enter__(self) -> Self:
        self.take()
        self.thread.start()
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self.over.set()
        self.thread.join()
        with suppress(OSError):  # what ended the run says more
            self.tell(how_ended(error)[:500])

    def take(self) -> None:
        """Claim the place."""
        other = read_claim(self.place)
        if not self.manner.force and other is not None and not self.is_free(other):
            raise at_work(self.place, other, self.manner.wall())
        with alone(self.place) as certain:
            found = read_claim(self.place)
            if not self.manner.force and found not in (None, other) and found.state == AT_WORK:
                raise at_work(self.place, found, self.manner.wall())
            self.tell(AT_WORK, certain=True)
        if not certain:
            self.manner.sleep(SETTLE_S)
            self.poll()
            self.check()

    def is_free(self, other: Claim) -> bool:
        """Whether the run that claimed the place has ended; may take a minute."""
        if other.state != AT_WORK:
            return True
        alive = lives(other.holder)
        age_s = abs(self.manner.wall() - other.told)
        if alive is not None or age_s > CERTAIN_S:
            return not alive
        wait_s = max(WATCHED_S, SILENT_S - age_s)
        self.manner.say(f"{self.place}: waiting {wait_s:.0f} s for a sign of life of {other.holder}")
        for _ in range(math.ceil(wait_s / POLL_S)):
            self.manner.sleep(POLL_S)
            found = read_claim(self.place)
            if found != other:
                return found is None or found.state != AT_WORK
        return True

    def beat(self) -> None:
        """Give signs of life until the block ends."""
        while not self.over.wait(BEAT_S):
            with suppress(OSError):  # the next may be heard
                self.tell(AT_WORK)

    def tell(self, state: str, *, certain: bool = False) -> None:
        """Write the file, unless the place was taken over."""
        if not certain:
            self.poll()
        if self.lost is None:
            self.claim = replace(self.claim, told=self.manner.wall(), state=state)
            result = {"claim": asdict(self.claim), **self.content()}
            self.place.write(RUNNING, (json.dumps(result, indent=1) + "\n").encode())

    def poll(self) -> None:
        """See whether another run has taken the place."""
        found = read_claim(self.place)
        if found is not None and (found.holder, found.began) != (self.claim.holder, self.claim.began):
            self.lost = found

    def check(self) -> None:
        """Return while the place is held.

        Raises:
            AtWork: another run has taken it over.
        """
        if self.lost is not None:
            raise AtWork(f"{self.place}: was taken over by {self.lost.holder}; this run ends")


def how_ended(error: BaseException | None) -> str:
    """How a run ended, in words."""
    if error is None:
        return "done"
    if isinstance(error, KeyboardInterrupt):
        return "stopped by Ctrl-C or SIGTERM"
    return f"ended by {type(error).__name__}: {error}"


def at_work(place: Place, other: Claim, now: float) -> AtWork:
    """Why a place cannot be had."""
    return AtWork(
        f"{place}: another run is at work on it ({other.holder}, last sign of life "
        f"{abs(now - other.told):.0f} s ago); stop it first, or take the place over with --force "
        "where you know that it has ended"
    )


@contextmanager
def alone(place: Place) -> Iterator[bool]:
    """Whether no other process can be in such a block of the same place at the same time."""
    with ExitStack() as stack:
        certain = False
        if place.folder is not None:
            place.folder.mkdir(parents=True, exist_ok=True)
            with suppress(OSError):  # network file systems may know no locks
                stack.enter_context(locked(place.folder, fcntl.LOCK_EX))
                certain = True
        yield certain
