"""What is wrong with the files of a data set and with its tars."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from typing import Literal

from dataset.names import (
    DENIED,
    INDEX,
    INDEX_COPIES,
    INDEX_COPY,
    LANDINGS,
    NEXT,
    RUN,
    RUNNING,
    SHARD,
    SHARDS,
    WITHDRAWN,
)
from dataset.tar import StoredSample, read_members, samples_in
from dataset.verify.sample import CheckedSample, Violation, faults_of
from schemas.index import IndexRow
from schemas.outcome import DamagedError
from storage.place import Place

READ_BYTES = 2**20
"""Of a tar, read at a time: headers lie between small members, and in a store each read is a request."""

UNFINISHED = re.compile(r"(^|/)\.[^/]+\.tmp$")
"""What `storage.place` writes before it has its name."""
FILES = {INDEX, RUN, NEXT, RUNNING, WITHDRAWN}
"""Of a set, beside its folders."""
FOLDERS = {SHARDS: ".tar", LANDINGS: "", INDEX_COPIES: ".parquet"}
"""Of a set, and how the names of what lies in them end. What audits measure lies beside the set."""
Kind = Literal["file", "folder", "link", "device"]


def file_faults(place: Place, named: Iterable[str], *, changing: bool) -> Iterator[str]:
    """Files that are missing, and files, links and folders of ours that should not be there.

    What other programs put beside them is passed over. While the data set is `changing`, tars of the next
    index lie beside those of this one.
    """
    wanted = {INDEX, RUN, *named}
    missing = set(wanted)
    for name, kind in all_in(place):
        if not is_ours(name):
            continue
        if kind in {"link", "device"}:
            yield f"{name!r} is a {'link' if kind == 'link' else 'pipe, socket or device'}"
        elif name.startswith(f"{LANDINGS}/"):
            continue  # the landings have a check of their own
        elif changing and is_next(name):
            missing.discard(name)
        elif kind == "folder":
            if name not in FOLDERS:
                yield f"{name!r} does not belong there"
        else:
            if name not in wanted and not is_running(name) and not is_beside(name):
                yield f"{name!r} is in no index"
            missing.discard(name)
    yield from (f"{name} is missing" for name in sorted(missing))


def is_ours(name: str) -> bool:
    """Whether this project writes what has such a path: of a set's own folders, what has their ending."""
    folder, _, below = name.partition("/")
    if below:
        return name.endswith(FOLDERS.get(folder, "\0")) or bool(UNFINISHED.search(name))
    return folder in FOLDERS or folder in FILES or bool(UNFINISHED.search(name))


def is_running(name: str) -> bool:
    """Whether a file is what a run says of itself, or the half of it that a killed one left."""
    return name == RUNNING or (name.startswith(f".{RUNNING}.") and bool(UNFINISHED.search(name)))


def is_beside(name: str) -> bool:
    """Whether a file may lie beside an index: an older one, or what tells who has left or is kept out."""
    return name in {WITHDRAWN, DENIED} or bool(INDEX_COPY.fullmatch(name))


def is_next(name: str) -> bool:
    """Whether a file or folder may be of the next index: a tar, or what a killed writer left."""
    below = name.startswith(f"{SHARDS}/") and name.count("/") == 1
    return name == NEXT or below or bool(SHARD.fullmatch(name)) or bool(UNFINISHED.search(name))


def all_in(place: Place) -> Iterator[tuple[str, Kind]]:
    """All that lies in a place, in order; on disk through no link. A store has only files."""
    if place.folder is None:
        yield from ((entry.name, "file") for entry in place.files())
    elif place.folder.is_dir():
        yield from walk(place.folder)


def walk(folder: Path) -> Iterator[tuple[str, Kind]]:
    """All that lies below a folder, in order; however deep, and not into what may not be looked into."""
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        if path != folder:
            yield path.relative_to(folder).as_posix(), kind_of(path)
        if path == folder or kind_of(path) == "folder":
            with suppress(PermissionError):  # what should be there is missing then
                waiting += sorted(path.iterdir(), reverse=True)


def kind_of(path: Path) -> Kind:
    """What a path is; pipes, sockets and devices are of one kind."""
    if path.is_symlink():
        return "link"
    if path.is_dir():
        return "folder"
    return "file" if path.is_file() else "device"


def is_plain_file(place: Place, name: str) -> bool:
    """Whether there is a file of this name, and no link."""
    exists = place.size(name) is not None
    return exists and not (place.folder is not None and (place.folder / name).is_symlink())


def shard_faults(
    place: Place, by_shard: Mapping[str, Sequence[IndexRow]], shard: str, *, quick: bool
) -> tuple[list[Violation], list[str]]:
    """What is wrong with a tar and its samples, and the keys of those that were looked into.

    A quick look is one at the headers.
    """
    rows = {row.key: row for row in by_shard[shard]}
    faults: list[Violation] = []
    seen: list[str] = []
    try:
        with place.open(shard) as opened, BufferedReader(opened, READ_BYTES) as file:
            stored = samples_in(file)
            faults += [Violation("shards", detail) for detail in place_faults(rows, stored)]
            for sample in stored:
                if sample.key in rows:
                    if not quick:
                        faults += sample_faults(rows[sample.key], read_members(file, sample))
                    seen.append(sample.key)
    except (DamagedError, OSError) as error:
        faults.append(Violation("shards", str(error)))
    return faults, seen


def sample_faults(row: IndexRow, members: Mapping[str, bytes]) -> Iterator[Violation]:
    """What is wrong with a sample."""
    for fault in faults_of(CheckedSample(row, members, decode=True)):
        yield Violation(fault.check, f"{row.key}: {fault.detail}")


def place_faults(rows: Mapping[str, IndexRow], stored: Sequence[StoredSample]) -> Iterator[str]:
    """Samples that are not where the index says, not there, or not in the index."""
    for sample in stored:
        row = rows.get(sample.key)
        if row is None:
            yield f"{sample.key} is in no index"
        elif (sample.offset, sample.size) != (row.offset, row.size):
            yield (
                f"{sample.key}: {sample.size} bytes at {sample.offset}, "
                f"the index says {row.size} at {row.offset}"
            )
    yield from (f"{key} is missing" for key in sorted(rows.keys() - {sample.key for sample in stored}))
