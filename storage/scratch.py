"""Scratch space on this machine's disk, below TMPDIR: it goes with the process that asked for it.

What a killed process left is removed by the next one that asks. A lock on the folder itself says that its
process lives: the kernel lets go of it, whatever ended the process.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from storage.space import reporting_no_space


def scratch(name: str) -> Path:
    """A folder for all processes of this user on this machine.

    Raises:
        PermissionError: somebody else has made one of that name.
        OSError: TMPDIR is none where anything can be written.
    """
    refuse_lost_tmpdir()
    folder = Path(tempfile.gettempdir()) / f"understudy-{os.getuid()}" / name
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.parent.is_symlink() or folder.parent.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder.parent} is another user's: set TMPDIR to a folder of your own")
    folder.mkdir(exist_ok=True)
    return folder


def refuse_lost_tmpdir() -> None:
    """Raise OSError where the environment names a folder for temporary files that is none.

    Python would silently take another, on a disk that nobody chose.
    """
    for name in ("TMPDIR", "TEMP", "TMP"):
        if result := os.environ.get(name):
            if not Path(result).is_dir() or not os.access(result, os.W_OK | os.X_OK):
                raise OSError(f"{name} is {result!r}, no folder that can be written: make it, or set another")
            return


@contextmanager
def workplace() -> Iterator[Path]:
    """An empty folder, gone afterwards.

    Raises:
        OSError: the disk is full, or the folder cannot be made.
    """
    home = scratch("work")
    with locked(home, fcntl.LOCK_EX):
        sweep(home)
        folder = Path(tempfile.mkdtemp(dir=home))
        handle = take(folder, fcntl.LOCK_EX)
    try:
        with reporting_no_space(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def sweep(home: Path) -> None:
    """Remove the folders whose processes have ended; others remove theirs at the same time."""
    for folder in home.iterdir():
        with suppress(BlockingIOError, FileNotFoundError), locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def locked(path: Path, how: int) -> Iterator[int]:
    """The file or folder, opened for reading and locked.

    Raises:
        BlockingIOError: somebody else holds it, and `how` is not to wait.
    """
    handle = take(path, how)
    try:
        yield handle
    finally:
        os.close(handle)


def take(path: Path, how: int) -> int:
    """A handle of a file or folder that holds a lock on it until it is closed."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, how)
    except BaseException:
        os.close(handle)
        raise
    return handle
