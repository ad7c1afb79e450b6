"""Counts the changes of files below a place in a job and in what it starts, and kills at one of them."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from storage import place
from storage.address import is_uri
from storage.place import Place
from storage.store import upload
from tests.processes import changed

VARIABLE = "UNDERSTUDY_TEST_CHANGES"
SITE = Path(__file__).parent / "site"


@dataclass(frozen=True, kw_only=True)
class Counting:
    """What is counted, and when a process kills itself, and the job with it."""

    out: str  # a folder, or an address in a store
    counter: str  # a file of as many bytes as there were changes
    kill_at: int | None
    job: int | None  # its process; None where only the one that makes the change is to die


def begin(counting: Counting) -> None:
    """Count from now on, here and in processes that are started from here."""
    os.environ[VARIABLE] = json.dumps(asdict(counting))
    sys.path.insert(0, str(SITE))
    count()


def count() -> None:
    """Count from now on, in this process."""
    if VARIABLE not in os.environ:
        return
    counting = Counting(**json.loads(os.environ[VARIABLE]))
    handle = os.open(counting.counter, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def change() -> None:
        os.write(handle, b".")
        if os.lseek(handle, 0, os.SEEK_CUR) == counting.kill_at:  # where this one change has been written
            for process in filter(None, (counting.job, os.getpid())):
                os.kill(process, signal.SIGKILL)

    if is_uri(counting.out):
        count_in_store(change)
        return

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if changed(Path(counting.out), event, args):
            change()

    sys.addaudithook(hook)


def count_in_store(change: Callable[[], None]) -> None:
    """Count before each part of a file goes on its way, once it is there whole, and before one is removed."""
    remove = Place.remove

    def uploading(store: Any, path: str, chunks: Iterable[bytes]) -> None:
        upload(store, path, (change() or chunk for chunk in chunks))  # type: ignore[func-returns-value]
        change()

    def removing(self: Place, name: str) -> None:
        change()
        remove(self, name)

    place.upload, Place.remove = uploading, removing  # type: ignore[attr-defined, method-assign]
