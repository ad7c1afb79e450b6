"""Commands in processes of their own, within limits of time and memory, measured."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES = 8 * 2**30
"""Of memory that a process may ask for: far above what is allowed, far below what a machine has."""
GRACE_S = 10.0
"""So long may what a killed process has started take to end."""
MARK = "UNDERSTUDY_FAULTS"
"""In the environment of a command and of all that it starts."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended."""

    code: int
    """Its exit code, or minus the signal that killed it."""
    text: str
    """All that it said."""
    seconds: float
    cpu_s: float
    peak_mib: float
    """Most memory of it, or of any process that it started and waited for; never less than its starter had,
    which Linux counts as its own until its program is there: measure from a small process."""
    timed_out: bool


def run(
    command: Sequence[str],
    *,
    limit_s: float,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    mark: str = "",
) -> Ended:
    """Run a command to its end, or kill it with all its group after so many seconds."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as result:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **(env or {}), MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=result,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        bound(process.pid)
        late = threading.Event()

        def kill() -> None:
            late.set()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(limit_s, kill)
        timer.start()
        _, status, used = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        result.seek(0)
        text = result.read().decode(errors="replace")
    return Ended(
        code=process.returncode,
        text=text,
        seconds=time.monotonic() - began,
        cpu_s=used.ru_utime + used.ru_stime,
        peak_mib=used.ru_maxrss / 1024,
        timed_out=late.is_set(),
    )


def bound(process: int) -> None:
    """Limit a process's memory, and let it leave no core."""
    with suppress(ProcessLookupError):
        resource.prlimit(process, resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
        resource.prlimit(process, resource.RLIMIT_CORE, (0, 0))


def lingering(mark: str) -> list[str]:
    """Command lines of the processes that commands with this mark have left, and that do not end."""
    until = time.monotonic() + GRACE_S
    while (left := alive(mark)) and time.monotonic() < until:
        time.sleep(0.1)
    return left


def alive(mark: str) -> list[str]:
    """Command lines of the processes of commands with this mark."""
    found = []
    wanted = f"{MARK}={mark}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int(folder.name) != os.getpid() and wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return found


def last_line(text: str) -> str:
    """What a command said last, as text that a table can hold."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "".join(c if c.isprintable() else "?" for c in lines[-1])[:200] if lines else ""
