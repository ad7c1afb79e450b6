"""Ranks that hear of each other's end: a fault of one, or its silence, ends all within a minute.

A rank that waits in a collective for one that is gone would wait until the network's own limit. So beside the
training a thread of each rank gives signs of life in the store that the ranks met by, and reads those of the
others: the first rank everybody's, the others the first's. The first rank speaks; where it is the one that
is gone, the second does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Protocol

from schemas.visible import visible

BEAT_S = 2.0
"""Between two signs of life."""
SILENT_S = 45.0
"""So long without one, and a rank is gone."""
HEARD_S = 10.0
"""A rank with a fault waits so long at most until the first has heard of it."""
FAULT, HEARD, DONE = "fault", "heard", "done"
CANNOT_RUN = 2
ALL_END = "all ranks end; the same command goes on from the last checkpoint"


class NoteBoard(Protocol):
    """Where ranks leave each other notes: a store of torch.distributed."""

    def set(self, key: str, value: str, /) -> None:
        """Leave a note."""
        ...

    def get(self, key: str, /) -> bytes:
        """Read a note that is there."""
        ...

    def check(self, keys: list[str], /) -> bool:
        """Whether notes are there."""
        ...


class Lifeline:
    """One rank among others. `end` ends the process with a code, wherever it stands; `say` tells a person."""

    def __init__(
        self,
        board: NoteBoard,
        rank: int,
        world_size: int,
        *,
        say: Callable[[str], None],
        end: Callable[[int], None],
    ) -> None:
        self.board, self.rank, self.world_size, self.say, self.end = board, rank, world_size, say, end
        self.others = range(1, world_size) if rank == 0 else range(1)
        self.beats = 0
        self.seen: dict[int, tuple[bytes, float]] = {}
        """The last sign of life of each rank that is watched, and how long ago it came."""

    def beat(self, since_s: float) -> None:
        """Give a sign of life and look for the others'; `since_s` have passed since the last look."""
        self.beats += 1
        self.board.set(self.name(self.rank), str(self.beats))
        if self.board.check([FAULT]):
            self.heard(self.board.get(FAULT).decode())
            return
        for other in self.others:
            if self.silent_s(other, since_s) > SILENT_S:
                self.lost(other)
                return

    def name(self, rank: int) -> str:
        """The note of a rank's signs of life."""
        return f"beat {rank}"

    def silent_s(self, other: int, since_s: float) -> float:
        """For how long a rank gave no sign of life."""
        name = self.name(other)
        beat = self.board.get(name) if self.board.check([name]) else b""
        before, ago = self.seen.get(other, (b"", 0.0))
        self.seen[other] = (beat, ago + since_s if beat == before and beat != DONE.encode() else 0.0)
        return self.seen[other][1]

    def heard(self, sentence: str) -> None:
        """Another rank's fault ends this one."""
        if self.rank == 0:
            self.say(sentence)
            self.board.set(HEARD, "")
        self.end(CANNOT_RUN)

    def lost(self, other: int) -> None:
        """A rank that is gone ends all."""
        sentence = (
            f"rank {other} of {self.world_size} has given no sign of life for {SILENT_S:.0f} s: {ALL_END}"
        )
        if not self.board.check([FAULT]):
            self.board.set(FAULT, sentence)
        if self.rank == min(1, self.world_size - 1) or self.rank == 0:
            self.say(sentence)
        self.end(CANNOT_RUN)

    def tell(self, trouble: BaseException, over: Event) -> bool:
        """Leave a fault of this rank for the others; whether the first, which says it, has heard of it."""
        if not self.board.check([FAULT]):
            self.board.set(FAULT, f"rank {self.rank} of {self.world_size}: {trouble}")
        if self.rank == 0:
            over.wait(2 * BEAT_S)  # the others hear of it before the store goes with this process
            return False
        for _ in range(int(HEARD_S)):
            if self.board.check([HEARD]):
                return True
            over.wait(1.0)
        return False


@contextmanager
def held(line: Lifeline | None) -> Iterator[None]:
    """Hold on to the other ranks while the block lasts; where there are none, there is nothing to hold.

    What the block raises is told to them. Where the first rank has told it to the user, this one ends in
    silence.
    """
    if line is None:
        yield
        return
    over = Event()
    thread = Thread(target=beating, args=(line, over), name="lifeline", daemon=True)
    thread.start()
    try:
        yield
    except Exception as trouble:
        over.set()
        thread.join()  # it would end this rank by its own fault
        if line.tell(trouble, Event()):
            raise SystemExit(CANNOT_RUN) from trouble
        raise
    finally:
        over.set()
        thread.join()
        with suppress(RuntimeError):  # the store may be gone with the first rank
            line.board.set(line.name(line.rank), DONE)


def beating(line: Lifeline, over: Event) -> None:
    """Look at the others until the block is over, or the store that all met by is gone."""
    while not over.wait(BEAT_S):
        try:
            line.beat(BEAT_S)
        except RuntimeError:  # torch's, of a store that does not answer
            line.say(f"the first rank is gone: {ALL_END}")
            line.end(CANNOT_RUN)


def speak(sentence: str) -> None:
    """Tell a person, from any thread."""
    os.write(sys.stderr.fileno(), f"understudy: {visible(sentence)}\n".encode())
