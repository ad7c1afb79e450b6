"""ffmpeg as a child process: it inherits no input, has a limit of time, and is killed with its group."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

ORPHAN = 2
"""A child whose parent was killed may still compute for so many times its limit."""


class ChildTimeout(RuntimeError):
    """A child has not come to an end within its limit of time, and was killed."""


@contextmanager
def started(
    command: list[str], *, stdin: int, stdout: int, stderr: int | IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    """A child in a process group of its own, killed with all that it has started when the block ends."""
    process = subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr, process_group=0)
    try:
        yield process
    finally:
        kill(process)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a child that nobody has waited for, with its group: until then the number is theirs."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def run(command: list[str], limit_s: float, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """What ffmpeg gave, with its exit code; `data` is its input.

    Raises:
        ChildTimeout: it has not come to an end within the limit.
    """
    bounded = [*command, "-timelimit", str(int(ORPHAN * limit_s) + 1)]
    stdin = subprocess.DEVNULL if data is None else subprocess.PIPE
    with started(bounded, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            stdout, stderr = process.communicate(data, timeout=limit_s)
        except subprocess.TimeoutExpired:
            raise ChildTimeout(f"ffmpeg has not come to an end in {limit_s:g} s") from None
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)
