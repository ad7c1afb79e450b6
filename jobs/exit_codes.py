"""What the exit code of every command says; the same table stands in docs/exit_codes.md."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended."""

    WHOLE = 0
    """All that was asked for is done."""
    BELOW_THRESHOLD = 1
    """The command ran to its end, and its result is below what was asked of it."""
    CANNOT_RUN = 2
    """The command could not run or go on: a sentence says why, a trace as well where it is a bug."""
    FAILED_ITEMS = 3
    """The command ran to its end without the items that failed in it, which it names."""
    STOPPED = 130
    """Stopped by Ctrl-C or SIGTERM, or by a reader that has gone. The command says what is true of it."""
