"""Workers of jobs, forked from a process that has read the heavy libraries."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.warm.ask import Asked

WORKER = "worker"
"""Word of a request for one."""


class WarmWorker(subprocess.Popen[bytes]):
    """What `engine.runners.supervisor.start_worker` gives, of a process that another one has forked."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.pid = asked.process
        self.args = [WORKER]
        self.returncode = None  # as of any that still runs

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code.

        Raises:
            subprocess.TimeoutExpired: it has not ended by then.
        """
        if self.returncode is None:
            if not self.asked.ends_within(timeout):
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
            self.returncode = self.asked.wait()
            self.asked.close()
        return self.returncode


class WarmStart:
    """Stands in for `engine.runners.supervisor.start_worker`."""

    def __init__(self, path: Callable[[], str]) -> None:
        """`path` gives the socket of a warm process, which may have to be started."""
        self.path = path

    def __call__(self, descriptor: int, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """A process that runs laps until the other end of the pipe behind the descriptor is closed."""
        found = {**environment, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with Path(os.devnull).open() as nothing:
            given = [nothing.fileno(), 1, 2, descriptor]
            return WarmWorker(
                Asked(self.path(), [WORKER], environment=found, folder=str(Path.cwd()), descriptors=given)
            )
