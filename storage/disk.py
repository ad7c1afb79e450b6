"""Files on disk that appear whole or not at all."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from storage.space import reporting_no_space
from storage.store import CHUNK_BYTES


class Unwritable(OSError):
    """A folder on disk did not take a file."""


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where this user's caches lie: `understudy` in XDG_CACHE_HOME or ~/.cache."""
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "understudy"


@contextmanager
def writing() -> Iterator[None]:
    """Tells an error of a place on disk from those of files that are read.

    Raises:
        Unwritable: in place of any other OSError, with its words.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise Unwritable(str(error)) from error
        files = (error.filename, None, error.filename2)  # of a rename the second is what was to be written
        raise Unwritable(error.errno, error.strerror, *files) from error


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file, for writing and reading, that takes its place when the block ends well, on disk for good."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = aside(path)
    try:
        with reporting_no_space(path.parent), unfinished.open("xb+") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync(path.parent)


def aside(path: Path) -> Path:
    """A name beside `path` that no other writer has: `.<name>.<random>.tmp`."""
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")


def sync(folder: Path) -> None:
    """Make renames in a folder last."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def copy_to(path: Path, source: BinaryIO, sha256: str) -> None:
    """A copy of an open file at `path`, read back before it has that name."""
    with replacing(path) as copy:
        shutil.copyfileobj(source, copy, CHUNK_BYTES)
        copy.flush()
        copy.seek(0)
        if sha256_of(chunks_of(copy)) != sha256:
            raise OSError(f"{path}: other bytes came back than were written")


def sha256_of(chunks: Iterable[bytes]) -> str:
    """Digest of a file that comes in pieces."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def chunks_of(file: BinaryIO) -> Iterator[bytes]:
    """What is left of a file, piece by piece; large ones, for each is a request where it lies in a store."""
    return iter(lambda: file.read(CHUNK_BYTES), b"")


def on_disk(folder: Path) -> Iterator[tuple[str, int, float]]:
    """Name, size and time of every file below a folder, the fastest way: there may be half a million."""
    waiting = [(str(folder), "")] if folder.is_dir() else []
    while waiting:
        folder_path, prefix = waiting.pop()
        with os.scandir(folder_path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, f"{prefix}{entry.name}/"))
                elif entry.is_file():
                    facts = entry.stat()
                    yield prefix + entry.name, facts.st_size, facts.st_mtime
