"""The corpus: which files there are, what is in them, and which of them are copies."""

from __future__ import annotations

import csv
import errno
import hashlib
import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.media import Copies, Listed, Source
from schemas.outcome import Reject, Rejected
from storage.place import Place, Where
from storage.store import OPTIONS, is_uri

VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".3gp", ".3g2", ".mkv", ".webm", ".avi", ".gif", ".flv", ".ogv"),
    *(".mpg", ".mpeg", ".vob", ".ts", ".mts", ".m2ts", ".asf", ".wmv"),
)
"""What the names of a folder's videos end in, in any case. Other files are counted by `passed_over`; a
manifest may name them all the same."""

MANIFESTS = (".csv", ".parquet")
UNKNOWN = "unknown"


def list_corpus(videos: Where) -> list[Listed]:
    """Every video of a folder tree or of a prefix in a store, or every row of a manifest, by their addresses.

    Links are followed; what several names lead to is listed once, under its own name. A folder that cannot be
    opened is listed itself, so that the next step rejects it. A name that is not UTF-8 is listed with its odd
    bytes written as backslash escapes, and will not be found.

    A manifest is a CSV or Parquet table with a column `uri`, absolute or relative to the manifest's folder,
    and perhaps `licence` and `domain`. Manifest and files may lie anywhere, some here and some there.

    Raises:
        ValueError: neither a folder nor a manifest, or a manifest that cannot be used.
        OSError: the store denies it or does not answer.
    """
    place = Place.at(videos)
    if is_manifest(place):
        facts = read_manifest(*Place.holding(place.uri))
    else:
        facts = {uri: (UNKNOWN, UNKNOWN) for uri in addresses(place) if is_video(uri)}
        if not facts and not (place.folder and place.folder.is_dir()):
            raise ValueError(f"{videos}: expected a folder of videos or a manifest, .csv or .parquet")
    return [
        Listed(key=short_sha256(uri.encode()), uri=uri, licence=facts[uri][0], domain=facts[uri][1])
        for uri in sorted(facts)
    ]


def passed_over(videos: Where) -> Counter[str]:
    """How many files of a folder `list_corpus` does not take for videos, by suffix; none for a manifest."""
    place = Place.at(videos)
    if is_manifest(place):
        return Counter()
    return Counter(suffix(uri) for uri in addresses(place) if not is_video(uri))


def is_manifest(place: Place) -> bool:
    """Whether a place is really a file, and one that names videos."""
    if suffix(place.uri) not in MANIFESTS:
        return False
    holder, name = Place.holding(place.uri)
    return holder.size(name) is not None


def addresses(place: Place) -> set[str]:
    """Of all files below a place; on disk also of folders that cannot be opened."""
    if place.folder is not None:
        return walk(place.folder) if place.folder.is_dir() else set()
    return {place.address(entry.name) for entry in place.files()}


def suffix(uri: str) -> str:
    """How the file's name ends, in small letters."""
    return PurePosixPath(uri.partition("?")[0] if is_uri(uri) else uri).suffix.lower()


def is_video(uri: str) -> bool:
    """Whether a folder's entry is listed: by its suffix, or because it is a folder that cannot be opened."""
    return suffix(uri) in VIDEO_SUFFIXES or (not is_uri(uri) and Path(uri).is_dir())


def walk(folder: Path) -> set[str]:
    """Real paths of all files below a folder, and of the folders that cannot be opened."""
    found: set[str] = set()
    seen: set[Path] = set()
    waiting = [real(folder)]
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        try:
            entries = [real(path) for path in here.iterdir()]
        except OSError:
            found.add(printable(here))
            continue
        waiting += [path for path in entries if path.is_dir()]
        found |= {printable(path) for path in entries if not path.is_dir()}
    return found


def real(path: Path) -> Path:
    """The path with all links followed; a link that leads to itself stays as it is."""
    return Path(os.path.realpath(path))


def printable(path: Path) -> str:
    """The path as text that can be stored: bytes that are not UTF-8 become backslash escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def read_manifest(place: Place, name: str) -> dict[str, tuple[str, str]]:
    """Licence and domain by address.

    Raises:
        ValueError: it cannot be read, has no column `uri`, lacks an address, or contradicts itself.
    """
    facts: dict[str, tuple[str, str]] = {}
    manifest = place.uri_of(name)
    for number, row in enumerate(read_rows(place, name), start=1):
        try:
            uri = address(place, str(row["uri"] or ""))
        except ValueError as error:
            raise ValueError(f"{manifest}: row {number} has no usable uri ({error})") from None
        fact = (str(row.get("licence") or UNKNOWN), str(row.get("domain") or UNKNOWN))
        if facts.setdefault(uri, fact) != fact:
            raise ValueError(f"{manifest}: row {number} contradicts an earlier row on {uri}")
    return facts


def address(place: Place, said: str) -> str:
    """The full address of a file that a manifest in this place names.

    Raises:
        ValueError: there is none, it leads out of a store, or it holds what may be a key: it would be stored.
    """
    if not said or "\0" in said:
        raise ValueError("it is empty or holds a zero byte")
    if is_uri(said):
        if said.partition("://")[0].lower() in OPTIONS:
            return Place.at(said).uri
        if set("@?") & set(said):
            raise ValueError("a password or option in an address of no store")
        return said  # rejected by the next step
    if place.folder is not None or Path(said).is_absolute():
        return printable(real((place.folder or Path()) / said))
    return place.uri_of(said)


def read_rows(place: Place, name: str) -> list[Mapping[str, Any]]:
    """Rows of a CSV or Parquet table by column.

    Raises:
        ValueError: it cannot be read or its columns are not ours.
    """
    manifest = place.uri_of(name)
    try:
        columns: list[str]
        rows: list[Mapping[str, Any]]
        data = place.read(name)
        if suffix(name) == ".parquet":
            table = pq.ParquetFile(pa.BufferReader(data)).read()
            columns, rows = table.column_names, table.to_pylist()
        else:
            reader = csv.DictReader(StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
            columns, rows = list(reader.fieldnames or ()), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
        raise ValueError(f"{manifest}: the manifest cannot be read ({error})") from error
    if "uri" not in columns:
        raise ValueError(
            f"{manifest}: a manifest needs a column uri, this one has {', '.join(columns) or 'none'}"
        )
    if "license" in columns:
        raise ValueError(f"{manifest}: the column license is called licence here")
    return rows


def short_sha256(data: bytes) -> str:
    """First 12 hex digits: a key."""
    return hashlib.sha256(data).hexdigest()[:12]


class Corpus:
    """Listed -> Source: a file that can be read, and the hash of its content, in bounded memory."""

    def __call__(self, item: Listed) -> Iterator[Source]:
        """The source.

        Raises:
            Rejected: "unsupported_uri", "missing", "unreadable", "empty", or "not_a_file": a folder, a device
                or pipe, or a link that leads to itself. Nothing is opened that could block.
            OSError: its store denies it or does not answer.
        """
        sha256, num_bytes = hash_object(item.uri) if is_uri(item.uri) else hash_file(Path(item.uri))
        if num_bytes == 0:
            raise Rejected("empty", "0 bytes")
        yield Source(
            key=sha256[:12],
            uri=item.uri,
            sha256=sha256,
            num_bytes=num_bytes,
            licence=item.licence,
            domain=item.domain,
        )


def hash_file(path: Path) -> tuple[str, int]:
    """Sha256 and length of a regular file."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Rejected("not_a_file", "a folder, pipe or device")
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            num_bytes = file.tell()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Rejected("missing", str(error)) from error
    except OSError as error:
        loop = error.errno == errno.ELOOP
        raise Rejected("not_a_file" if loop else "unreadable", str(error)) from error
    return sha256, num_bytes


def hash_object(uri: str) -> tuple[str, int]:
    """Sha256 and length of a file in a store, as it streams by."""
    try:
        place, name = Place.holding(uri)
    except ValueError as error:
        raise Rejected("unsupported_uri", str(error)) from error
    digest, num_bytes = hashlib.sha256(), 0
    try:
        for chunk in place.chunks(name):
            digest.update(chunk)
            num_bytes += len(chunk)
    except FileNotFoundError as error:
        raise Rejected("missing", str(error)) from error
    return digest.hexdigest(), num_bytes


def copies(sources: Sequence[Source]) -> list[Copies]:
    """Sources of one content together, groups and members in the order of their first appearance."""
    groups: dict[str, list[Source]] = {}
    for source in sources:
        groups.setdefault(source.sha256, []).append(source)
    return [Copies(key=members[0].key, members=tuple(members)) for members in groups.values()]


class First:
    """Copies -> Source: the first copy, and a reject that names it for each of the others."""

    def __call__(self, item: Copies) -> Iterator[Source | Reject]:
        """The first member, then the rejects of the others, "duplicate"."""
        first, *others = item.members
        yield first
        for other in others:
            yield Reject(key=other.key, step="first", reason="duplicate", detail=first.uri, uri=other.uri)
