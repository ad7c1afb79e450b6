"""Programs that tests start: none outlives its test, nor does anything that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
MARK = "UNDERSTUDY_TESTS"
"""Name in the environment of whatever the tests start: which process of tests it belongs to."""

CHANGES = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir"}
"""Events of Python that change files."""

LASTING = ("multiprocessing.forkserver", "multiprocessing.resource_tracker", "tests.store_server")
"""Words of the commands of programs that serve a whole session."""
WARM = "tests.warm.server"
"""Word of one that lasts, whose forks do not: they keep its command, and have names of their own."""


@contextmanager
def program(*command: object, **how: Any) -> Iterator[subprocess.Popen[str]]:
    """A program in a group of its own, which is killed when the block ends, however it ends."""
    words = [*map(str, command)]
    with subprocess.Popen(words, cwd=ROOT, text=True, start_new_session=True, **how) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):  # nobody is left in it
                os.killpg(process.pid, signal.SIGKILL)


def execute(*command: object, **how: Any) -> subprocess.CompletedProcess[str]:
    """How a program ended, and all that it said."""
    with program(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how) as process:
        out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def wait_until(met: Callable[[], object], what: str, limit_s: float = 120.0) -> None:
    """Return as soon as `met` holds.

    Raises:
        AssertionError: it never did; the machine may be busy, so the limit is far.
    """
    until = time.monotonic() + limit_s
    while not met():
        assert time.monotonic() < until, f"{what}: not after {limit_s:g} s"
        time.sleep(0.01)


def counting(out: Path, kill_at: int | None) -> Callable[[], int]:
    """Count this process's changes of files below `out`, and die at the one numbered `kill_at`."""
    changes = 0

    def hook(event: str, args: tuple[Any, ...]) -> None:
        nonlocal changes
        if changed(out, event, args):
            changes += 1
            if changes == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return lambda: changes


def changed(out: Path, event: str, args: tuple[Any, ...]) -> bool:
    """Whether an event of Python changes a file below `out`."""
    if event not in CHANGES or not str(args[0]).startswith(str(out)):
        return False
    return event != "open" or bool((args[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def alive(pid: int) -> bool:
    """Whether a process runs: neither gone nor ended and waiting to be asked how."""
    with suppress(psutil.Error):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False


def running_on() -> list[str]:
    """What this process's tests have started and left: the test's name and the command."""
    return [words for process in psutil.process_iter() if (words := description(process))]


def description(process: psutil.Process) -> str:
    """Which test started a process, and what it is; nothing where it is none of ours, or may last."""
    with suppress(psutil.Error, FileNotFoundError):
        found, command = process.environ(), " ".join(process.cmdline())
        if WARM in command:
            name = Path(f"/proc/{process.pid}/comm").read_text().strip()
            ours = name == fork_name(str(os.getpid()))
        else:
            ours = found.get(MARK) == str(os.getpid()) and not any(word in command for word in LASTING)
        if ours and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
            return f"{found.get('PYTEST_CURRENT_TEST')} left {process.pid}: {command[:200]}"
    return ""


def fork_name(mark: str) -> str:
    """The name of a fork of the warm process, by which process of the tests asked for it."""
    return f"us-{mark}"
