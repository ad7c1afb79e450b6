"""Where files lie: a folder on disk, or a prefix of an object store."""

from __future__ import annotations

import errno
import glob
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple
from urllib.parse import unquote, urlsplit

import pyarrow as pa

from storage.address import encoded, is_uri, normalised, refuse_odd
from storage.disk import chunks_of, copy_to, on_disk, replacing, sha256_of, writing
from storage.store import connect, in_store, store_errors, upload


class Entry(NamedTuple):
    """A file of a place."""

    name: str  # from the place down, parts joined by slashes
    size: int  # bytes
    mtime_s: float  # seconds since 1970


@dataclass(frozen=True)
class Place:
    """A folder on disk, or a prefix of an object store; made by `Place.at`.

    Files appear whole or not at all. Requests to a store that fail for the moment (5xx, SlowDown, resets,
    silence) are tried again, `ATTEMPTS` times in all. Credentials come from the environment or the machine's
    role, never from a uri. AWS_ENDPOINT_URL or `?endpoint_override=host:port` names another S3 server; it is
    spoken to in plain http only on this machine or where the uri says `scheme=http`.

    Methods raise OSError, one sentence with place and action, where access is denied, a bucket is missing or
    a store does not answer; FileNotFoundError for a missing file; ValueError for a name that is not plain.
    """

    uri: str
    """An absolute path, or `scheme://bucket/prefix?options` with odd characters percent-encoded."""

    @classmethod
    def at(cls, where: Where) -> Place:
        """The place at a path, a `file://` address or the address of a store; a place is where it is.

        Raises:
            ValueError: an unknown scheme, another machine's file, a password or an unknown option in it, or a
                path that is not plain.
        """
        if isinstance(where, Place):
            return where
        if isinstance(where, Path) or not is_uri(where):
            return cls(str(Path(where).absolute()))
        parts = urlsplit(where, allow_fragments=False)
        if parts.scheme == "file":
            if parts.netloc not in {"", "localhost"}:
                raise ValueError(f"file://{parts.netloc}: files of another machine are not opened")
            if parts.query:
                raise ValueError("file:// has no options: a question mark of a name is written %3F")
            return cls(str(Path(unquote(parts.path)).absolute()))
        return cls(normalised(parts))

    @classmethod
    def holding(cls, file: str) -> tuple[Place, str]:
        """The place that holds the file at a path or address, and the file's name there.

        Raises:
            ValueError: as `at`, or the address names no file.
        """
        whole = cls.at(file)
        if whole.folder is not None:
            return cls(str(whole.folder.parent)), whole.folder.name
        parts = urlsplit(whole.uri)
        head, _, name = parts.path.rpartition("/")
        if not name:
            raise ValueError(f"{whole.uri}: names no file")
        return cls(parts._replace(path=head).geturl()), unquote(name)

    @property
    def folder(self) -> Path | None:
        """The folder on disk, None for an object store."""
        return None if is_uri(self.uri) else Path(self.uri)

    def __truediv__(self, name: str) -> Place:
        return Place(self.uri_of(name))

    def __str__(self) -> str:
        return self.uri

    def uri_of(self, name: str) -> str:
        """Path or address of a file in the place.

        Raises:
            ValueError: a part of the name is empty, "." or "..", or holds a backslash or control character.
        """
        refuse_odd(name)
        return str(self.folder / name) if self.folder is not None else self.address(name)

    def address(self, name: str) -> str:
        """The address of an object in a store, by whatever name it was found there."""
        parts = urlsplit(self.uri)
        return parts._replace(path=f"{parts.path.rstrip('/')}/{encoded(name)}").geturl()

    def open(self, name: str) -> pa.NativeFile:
        """A file for reading at any offset."""
        uri = self.uri_of(name)
        with store_errors("read", uri):
            if self.folder is not None:
                if not stat.S_ISREG(Path(uri).stat().st_mode):  # a pipe would be waited for, without end
                    raise OSError(errno.EINVAL, "No plain file", uri)
                return pa.OSFile(os.fsencode(uri))  # a name on disk need not be text
            store, path = connect(uri)
            return store.open_input_file(path)

    def read(self, name: str, offset: int = 0, size: int | None = None) -> bytes:
        """A file's bytes from `offset`, `size` of them or fewer where it ends before."""
        with self.open(name) as file, store_errors("read", self.uri_of(name)):
            start = min(offset, file.size())
            wanted = file.size() - start
            data: bytes = file.read_at(wanted if size is None else min(size, wanted), start)
            return data

    def chunks(self, name: str) -> Iterator[bytes]:
        """A file's bytes from its start, in pieces of at most `CHUNK_BYTES`."""
        with self.open(name) as file, store_errors("read", self.uri_of(name)):
            yield from chunks_of(file)

    def size(self, name: str) -> int | None:
        """Bytes of a file, None where there is none."""
        uri = self.uri_of(name)
        if self.folder is not None:
            return Path(uri).stat().st_size if Path(uri).is_file() else None
        with store_errors("look at", uri):
            store, path = connect(uri)
            info = store.get_file_info(path)
        return int(info.size) if info.is_file else None

    def files(self, under: str = "") -> list[Entry]:
        """All files below the place, or below a name in it, in the order of their names; maybe none.

        On disk the unfinished files of running or killed writers are among them: see `aside`.
        """
        top = self / under if under else self
        found = on_disk(top.folder) if top.folder is not None else in_store(top.uri)
        prefix = f"{under}/" if under else ""
        return sorted(Entry(prefix + name, size, mtime_s) for name, size, mtime_s in found)

    def write(self, name: str, data: bytes) -> None:
        """Write a small file."""
        uri = self.uri_of(name)
        if self.folder is not None:
            with writing(), replacing(Path(uri)) as file:
                file.write(data)
            return
        with store_errors("write", uri):
            store, path = connect(uri)
            upload(store, path, [data])

    def put(self, name: str, file: Path) -> str:
        """Copy a file from disk into the place; its sha256.

        What arrived is read back from the place and its sha256 compared with the file's. On disk that happens
        before the file has its name; in a store after, and a file that differs is removed.

        Raises:
            OSError: it cannot be written, or other bytes came back.
        """
        with file.open("rb") as source:
            sha256 = sha256_of(chunks_of(source))
            source.seek(0)
            if self.folder is not None:
                with writing():
                    copy_to(Path(self.uri_of(name)), source, sha256)
            else:
                self._send(name, source, sha256)
        return sha256

    def _send(self, name: str, source: BinaryIO, sha256: str) -> None:
        uri = self.uri_of(name)
        with store_errors("write", uri):
            store, path = connect(uri)
            upload(store, path, chunks_of(source))
        if sha256_of(self.chunks(name)) != sha256:
            self.remove(name)
            raise OSError(f"{uri}: other bytes came back than were written")

    def remove(self, name: str) -> None:
        """Remove a file; one that is not there is gone already."""
        uri = self.uri_of(name)
        if self.folder is not None:
            Path(uri).unlink(missing_ok=True)
            return
        with suppress(FileNotFoundError), store_errors("remove", uri):
            store, path = connect(uri)
            store.delete_file(path)

    def sweep(self, under: str = "", *, of: str = "") -> None:
        """Remove what killed writers left in a folder on disk, not below it; never while others write there.

        `of` names the one file that is written, where others may be written beside it. A store has nothing to
        sweep: what was not uploaded to its end is no file.
        """
        top = self / under if under else self
        if top.folder is not None:
            for left in top.folder.glob(f".{glob.escape(of) or '*'}.*.tmp"):
                left.unlink(missing_ok=True)


Where = Place | str | Path
"""What a caller may name a place by."""

SUFFIX = re.compile(r"\.(?=[0-9]*[A-Za-z])[0-9A-Za-z]{1,10}")


def suffix_of(uri: str) -> str:
    """How the name of a file ends, in small letters; empty where that is no suffix.

    One is a dot and up to ten letters and digits, not digits alone: not "vs. Jones, live" nor "take.0001".
    """
    suffix = PurePosixPath(uri.partition("?")[0] if is_uri(uri) else uri).suffix
    return suffix.lower() if SUFFIX.fullmatch(suffix) else ""
