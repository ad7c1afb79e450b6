"""Which process holds something, told so that no later process is taken for it.

A number of a process says little: in a container it is the same after every restart. So the time at which the
process started goes with it, and the two are compared only within one boot of one machine and one namespace
of process numbers.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
STATE, STARTED = 0, 19
"""Places in /proc/PID/stat behind the name, which may hold anything (man 5 proc)."""
ENDED = {"Z", "X"}


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A process of some machine. Empty text and 0 stand for what a system does not tell."""

    host: str
    boot: str
    """Identity of the machine's boot."""
    namespace: str
    """Identity of the namespace in which the number of the process means something."""
    process: int
    started: int
    """When the process started, in ticks since the boot."""

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}"


def this_process(proc: Path = PROC) -> Holder:
    """The process that asks."""
    process = os.getpid()
    boot, namespace = scope(proc)
    return Holder(
        host=socket.gethostname(),
        boot=boot,
        namespace=namespace,
        process=process,
        started=started(process, proc) or 0,
    )


def lives(holder: Holder, proc: Path = PROC) -> bool | None:
    """Whether the process goes on; None where that cannot be told from here."""
    local = scope(proc)
    if "" in local or (holder.boot, holder.namespace) != local:
        return None
    try:
        return started(holder.process, proc) == holder.started
    except PermissionError:
        return None


def scope(proc: Path) -> tuple[str, str]:
    """Boot and namespace of this process; empty text where the system does not tell."""
    try:
        boot = (proc / "sys/kernel/random/boot_id").read_text().strip()
        return boot, str((proc / "self/ns/pid").readlink())
    except OSError:
        return "", ""


def started(process: int, proc: Path) -> int | None:
    """When a process started, in ticks since the boot; None where there is none, or it has ended.

    Raises:
        PermissionError: it is hidden from this one.
    """
    try:
        facts = (proc / str(process) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        refuse_hidden(process)
        return None
    except OSError:
        return None
    return None if facts[STATE] in ENDED else int(facts[STARTED])


def refuse_hidden(process: int) -> None:
    """Raise PermissionError where there is such a process, of another user, though it is not shown."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return
