"""Full disks, told by their place."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FULL = {errno.ENOSPC, errno.EDQUOT}
MIB = 2**20


class NoSpace(OSError):
    """A disk is full: says which folder, and how much is free there."""


@contextmanager
def reporting_no_space(folder: Path) -> Iterator[None]:
    """Say that the disk of a folder is full, in place of errors that name no file, or one in it.

    Raises:
        NoSpace: in place of an OSError that says that no space is left.
    """
    try:
        yield
    except OSError as error:
        name = error.filename
        elsewhere = name is not None and not Path(os.fsdecode(name)).is_relative_to(folder)
        if error.errno not in FULL or elsewhere or isinstance(error, NoSpace):
            raise
        message = no_space(folder, error.errno)
        for note in getattr(error, "__notes__", ()):  # the step and the item, where there was one
            message.add_note(note)
        raise message from error


def no_space(folder: Path, code: int = errno.ENOSPC) -> NoSpace:
    """The error of a full disk."""
    message = os.strerror(code)
    with suppress(OSError):
        disk = shutil.disk_usage(folder)
        message = f"{message}, {disk.free // MIB} MiB of {disk.total // MIB} MiB are free"
    return NoSpace(code, message, str(folder))
