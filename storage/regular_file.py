"""Opening a file on this machine that a stranger may have put there: a regular file, or nothing at all.

A FIFO would block whoever opens it, a device may do anything when it is opened, and both may never end.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from io import FileIO
from pathlib import Path

KINDS: dict[str, Callable[[int], bool]] = {
    "a folder": stat.S_ISDIR,
    "a FIFO": stat.S_ISFIFO,
    "a socket": stat.S_ISSOCK,
    "a device": lambda mode: stat.S_ISCHR(mode) or stat.S_ISBLK(mode),
}


class NotAFileError(OSError):
    """What stands at a path is no regular file; it was not opened."""


def open_regular(path: Path) -> FileIO:
    """The regular file at `path`, through links, opened for reading without a buffer.

    Raises:
        NotAFileError: something else stands there. It is looked at before it is opened, and again afterwards.
        OSError: it is missing or may not be read.
    """
    refuse_irregular(path, path.stat())
    file = FileIO(str(path), opener=open_without_waiting)
    try:
        refuse_irregular(path, os.fstat(file.fileno()))
    except NotAFileError:
        file.close()
        raise
    return file


def open_without_waiting(path: str, flags: int) -> int:
    """Opens as `open` does, but waits for nobody at the other end, should one have been put there."""
    return os.open(path, flags | os.O_NONBLOCK)


def refuse_irregular(path: Path | int, facts: os.stat_result) -> None:
    """Raise NotAFileError unless `facts`, of what stands there, are those of a regular file."""
    if not stat.S_ISREG(facts.st_mode):
        kind = next((name for name, is_kind in KINDS.items() if is_kind(facts.st_mode)), "no regular file")
        raise NotAFileError(f"{path}: {kind}; only regular files are read")
