"""A connection to a Ray cluster, or to a Ray of this machine alone: made within a minute, or given up.

All that Ray does as it starts is done by a thread that lives as long as the connection: the others can give
up on it, and the kernel ends Ray's processes with the thread that started them.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import ray

from engine.core import CannotRun
from storage.scratch import locked, take

OBJECT_STORE_BYTES = 128 * 2**20
"""Ray's shared memory where it runs on this machine alone: nothing large travels."""
START_S = 55.0
"""A Ray that has not started, or answered, after so long does not."""
STOP_S = 30.0
"""It is not waited for longer than this as it ends."""
TRIES = 2
BEGIN = {"worker_process_setup_hook": "understudy.claim"}
"""What Ray's workers do first: they look into the driver's working folder before all others, and our packages
are not the files of those names there."""
OURS = ".understudy"
"""A file in the folder of a Ray that was started here."""


class NoRay(CannotRun):
    """Ray does not start, or there is none that answers."""


class Connection(Thread):
    """Keeps a connection from its start until it is told that it is over."""

    def __init__(self, where: Mapping[str, Any]) -> None:
        super().__init__(name="ray", daemon=True)
        self.where = where
        self.begun, self.over = Event(), Event()
        self.session: Path | None = None
        self.trouble: BaseException | None = None

    def run(self) -> None:
        """Connect, wait, and disconnect."""
        try:
            found = ray.init(
                logging_level="error", log_to_driver=False, runtime_env=dict(BEGIN), **self.where
            )
            self.session = Path(found.address_info["session_dir"])
        except BaseException as trouble:  # noqa: BLE001  whatever it is, another thread tells it
            self.trouble = trouble
        self.begun.set()
        if self.trouble is None:
            self.over.wait()
        ray.shutdown()

    def close(self) -> None:
        """Disconnect."""
        self.over.set()
        self.join(STOP_S)


@contextmanager
def connected(address: str | None, limit_s: float = START_S) -> Iterator[None]:
    """A connection to the cluster at an address, or to a Ray of this machine, where there is none yet.

    Raises:
        NoRay: it does not start, or does not answer.
    """
    if ray.is_initialized():
        yield
        return
    alone = address is None and "RAY_ADDRESS" not in os.environ
    place: dict[str, Any] = {"address": address}
    if alone:
        place = {"address": "local", "object_store_memory": OBJECT_STORE_BYTES, "include_dashboard": False}
    connection = connect(place, limit_s)
    with ExitStack() as stack:
        if alone and connection.session is not None:
            stack.enter_context(swept(connection.session))
        stack.callback(connection.close)
        yield


def connect(place: Mapping[str, Any], limit_s: float) -> Connection:
    """A connection, made in a second try where the first one fails."""
    until = time.monotonic() + limit_s
    trouble = f"nothing has come of it in {limit_s:.0f} s"
    for _ in range(TRIES):
        connection = Connection(place)
        connection.start()
        if not connection.begun.wait(max(0.0, until - time.monotonic())):
            break
        if connection.trouble is None:
            return connection
        connection.join()
        trouble = (str(connection.trouble).strip() or type(connection.trouble).__name__).splitlines()[0]
    if place["address"] == "local":
        raise NoRay(f"Ray does not start on this machine: {trouble}")
    where = place["address"] or os.environ.get("RAY_ADDRESS", "")
    raise NoRay(f"no Ray cluster answers at {where}: {trouble}")


@contextmanager
def swept(session: Path) -> Iterator[None]:
    """Remove the folder of a Ray that was started here after the block, and those of Rays that were killed.

    Ray itself leaves them. A lock on a file in it says that the one who started it lives.
    """
    (session / OURS).touch()
    handle = take(session / OURS, fcntl.LOCK_EX)
    try:
        sweep(session.parent)
        yield
    finally:
        os.close(handle)
        sweep(session.parent)


def sweep(home: Path) -> None:
    """Remove the folders of every Ray that was started here by this user and has ended."""
    for folder in home.glob("session_*"):
        with suppress(OSError):  # gone, in use, or none of ours
            facts = folder.lstat()
            if stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid():
                with locked(folder / OURS, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    shutil.rmtree(folder, ignore_errors=True)
    latest = home / "session_latest"
    if latest.is_symlink() and not latest.exists():
        latest.unlink(missing_ok=True)
