"""What a file on this machine's disk holds, by its digest: taken once as long as nobody writes it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from schemas.outcome import Rejected
from storage.regular_file import NotAFileError, open_regular, refuse_irregular

KNOWN = 2**16
"""Digests that a process remembers: some 300 bytes each."""


class FileState(NamedTuple):
    """What changes when a file is written, or another takes its place."""

    num_bytes: int
    mtime_ns: int
    ctime_ns: int  # whoever sets the time back cannot set this one
    device: int
    inode: int


def state_of(file: Path | int) -> FileState:
    """The state of a regular file, by its path or an open handle.

    Raises:
        Rejected: "not_a_file": a folder, pipe or device.
        OSError: it is not there, or may not be looked at.
    """
    facts = os.fstat(file) if isinstance(file, int) else file.stat()
    with irregular_rejected():
        refuse_irregular(file, facts)
    return FileState(facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_dev, facts.st_ino)


@contextmanager
def irregular_rejected() -> Iterator[None]:
    """What is no regular file becomes the reject "not_a_file"."""
    try:
        yield
    except NotAFileError as error:
        raise Rejected("not_a_file", str(error)) from error


@lru_cache(maxsize=KNOWN)
def sha256_of_file(path: Path, state: FileState) -> str:
    """The sha256 of a file in a state; read only where this process has not read it in that state.

    Raises:
        Rejected: "changed": it is not in that state, or not any more when it has been read; "not_a_file".
        OSError: it cannot be read.
    """
    with irregular_rejected():
        file = open_regular(path)
    with file:
        if state_of(file.fileno()) != state:
            raise Rejected("changed", "another file has taken its place")
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if state_of(path) != state:
        raise Rejected("changed", "it was written while it was read")
    return sha256
