"""Ending a process with all that it has started."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

SESSION = 3
"""Place in /proc/PID/stat behind the name, which may hold anything (man 5 proc)."""


def kill_session(leader: int) -> None:
    """Kill the leader of a session, its group, and where the system shows them all other groups in it.

    To be called soon after its end: what is left of the session keeps its number from being given away.
    """
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
    for facts in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            if int(facts.read_text(errors="replace").rpartition(")")[2].split()[SESSION]) == leader:
                os.kill(int(facts.parent.name), signal.SIGKILL)
