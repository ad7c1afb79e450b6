"""Videos on this machine's disk: where they lie, or as copies that are checked, shared and bounded.

Copies are named by their content in one folder for all processes of the machine. A reader holds a lock on the
copy that it reads; the one unused for longest goes when room is wanted, and all that nobody reads when a
process ends.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO

from media.content import sha256_of_file, state_of
from schemas.media import Source
from schemas.outcome import Rejected
from schemas.reasons import reason_of
from storage.address import is_uri, stored_path
from storage.place import Place, suffix_of
from storage.scratch import locked, scratch, take
from storage.space import reporting_no_space
from storage.store import Unreached


@contextmanager
def at_hand(source: Source) -> Iterator[Path]:
    """The source's file on a local disk, for as long as the block lasts.

    Raises:
        Rejected: "changed": its content is not what was listed, at the beginning or the end of the block (a
            file on disk is read again where its size, times or inode are not those it was last read with);
            "gone": it is there no more; "not_a_file"; "denied" or "unreachable": its store says so.
        OSError: there is no room for a copy.
    """
    if not is_uri(source.uri):
        path = stored_path(source.uri)
        refuse_changed(source, path)
        yield path
        refuse_changed(source, path)
        return
    handle = held(source)
    try:
        yield copy_of(source)
    finally:
        os.close(handle)


def refuse_changed(source: Source, path: Path) -> None:
    """Reject a file that does not hold what the source did when it was hashed."""
    with suppress(OSError):  # whoever opens it says what is wrong
        try:
            state = state_of(path)
        except FileNotFoundError as error:
            raise Rejected("gone", str(error)) from error
        if state.num_bytes != source.num_bytes:
            raise Rejected("changed", f"{state.num_bytes} bytes, {source.num_bytes} when it was listed")
        if sha256_of_file(path, state) != source.sha256:
            raise Rejected("changed", "its content is not what was listed")


def copy_of(source: Source) -> Path:
    """Where a copy lies; it keeps its suffix, by which FFmpeg tells some containers."""
    return copies() / f"{source.sha256}{suffix_of(source.uri)}"


def held(source: Source) -> int:
    """A handle that holds the copy; it is fetched where it is not there (any more)."""
    path = copy_of(source)
    while True:
        with suppress(FileNotFoundError):
            handle = take(path, fcntl.LOCK_SH)
            if os.fstat(handle).st_nlink:  # not removed between opening and locking
                os.utime(path)
                return handle
            os.close(handle)
        fetch(source, path)


def fetch(source: Source, path: Path) -> None:
    """Fetch a source to `path`, where it appears whole and verified or not at all."""
    aside = path.with_name(f".{secrets.token_hex(8)}.tmp")
    with locked(copies(), fcntl.LOCK_EX):  # nobody takes the new file for one that a killed process left
        make_room(source.num_bytes)
        file = aside.open("xb")
        fcntl.flock(file, fcntl.LOCK_EX)
    with file, reporting_no_space(copies()):
        try:
            pour(source, file)
            aside.replace(path)
        except BaseException:
            aside.unlink()
            raise


def pour(source: Source, file: BinaryIO) -> None:
    """Write a source's bytes to an open file, no more than it had when it was listed."""
    place, name = Place.holding(source.uri)
    digest = hashlib.sha256()
    try:
        for chunk in place.chunks(name):
            digest.update(chunk)
            file.write(chunk)
            if file.tell() > source.num_bytes:
                break
    except FileNotFoundError as error:
        raise Rejected("gone", str(error)) from error
    except Unreached as error:
        raise Rejected(reason_of(error.reason), str(error)) from error
    file.flush()
    if digest.hexdigest() != source.sha256:
        raise Rejected("changed", "its content is not what was listed")


def make_room(num_bytes: int) -> None:
    """Remove what killed processes left half fetched, and the longest unused copies until a file fits in.

    Raises:
        OSError: it does not fit.
    """
    files = dict(facts_of(copies()))
    used = sum(facts.st_size for facts in files.values())
    most = allowance(copies(), used)
    for path in sorted(files, key=lambda path: files[path].st_mtime):
        if (path.suffix == ".tmp" or used + num_bytes > most) and let_go(path):
            used -= files[path].st_size
    if used + num_bytes > most:
        raise OSError(f"{copies()}: no room for a video of {num_bytes} bytes; set TMPDIR to a larger disk")


def facts_of(home: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The files in a folder from which others are being removed."""
    for path in home.iterdir():
        with suppress(FileNotFoundError):
            yield path, path.stat()


def allowance(home: Path, used: int) -> int:
    """Bytes that copies may take: half of what the disk has beside other things."""
    return (shutil.disk_usage(home).free + used) // 2


def let_go(path: Path) -> bool:
    """Remove a copy that nobody holds."""
    try:
        with locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB):
            path.unlink()
    except (BlockingIOError, FileNotFoundError):
        return False
    return True


@cache
def copies() -> Path:
    """The folder of all copies; those that nobody reads go when this process ends."""
    home = scratch("videos")
    atexit.register(lambda: [let_go(path) for path in home.iterdir()])
    return home
