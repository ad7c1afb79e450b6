"""Traces of sources that have left a data set: keys and digests in rows, rejects and markers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq

from dataset.deny import kept_out
from dataset.index import Index, read_index
from dataset.names import DENIED, INDEX, INDEX_COPIES, INDEX_COPY, LANDINGS
from dataset.tombstones import Tombstones
from storage.json_files import json_at
from storage.place import Place

AT_ONCE = 2**16
"""Keys in memory."""


def traces(out: Place, stones: Tombstones) -> Iterator[str]:
    """A sentence for each file that tells of a source that has a tombstone."""
    yield from of_index(out, INDEX, "", stones)
    with suppress(OSError, ValueError):  # who reads that list next is told
        yield from of_keys(DENIED, kept_out(out), stones)
    for entry in out.files(INDEX_COPIES):
        if found := INDEX_COPY.fullmatch(entry.name):
            yield from of_index(out, entry.name, found["digest"], stones)
    for entry in out.files(LANDINGS):
        if entry.name.endswith(".parquet"):
            yield from of_keys(entry.name, keys_of(out, entry.name), stones)
            yield from of_subjects(entry.name, subjects_of(out, entry.name), stones)
        elif entry.name.endswith(".done"):
            yield from of_keys(entry.name, traced(out, entry.name), stones)


def of_index(out: Place, name: str, digest: str, stones: Tombstones) -> Iterator[str]:
    """What an index tells, the newest or the one of a digest."""
    try:
        index = read_index(out, trusted=False, digest=digest)
    except (OSError, ValueError):
        return  # not to be read by anybody
    yield from of_keys(name, index.values("key").tolist(), stones)
    yield from of_sources(name, index, stones)
    yield from of_subjects(name, index.codes("subject")[1], stones)


def of_sources(name: str, index: Index, stones: Tombstones) -> Iterator[str]:
    """What the digests of sources in an index tell."""
    if any(stones.hold(sha256) for sha256 in index.codes("source_sha256")[1]):
        yield f"{name}: a source that has left is in it"


def of_keys(name: str, keys: Iterable[str], stones: Tombstones) -> Iterator[str]:
    """What keys tell; a file is named once."""
    if any(stones.hold_key(key) for key in keys):
        yield f"{name}: an item of a source that has left is in it"


def of_subjects(name: str, subjects: Iterable[str], stones: Tombstones) -> Iterator[str]:
    """What names of people tell."""
    if stones.subjects and any(stones.hold_subject(subject) for subject in subjects):
        yield f"{name}: a person who has left is named in it"


def subjects_of(out: Place, name: str) -> Iterator[str]:
    """The names of people in a landed table whose rows are files."""
    try:
        with out.open(name) as opened, pq.ParquetFile(opened) as file:
            if "origin" in file.schema_arrow.names:
                yield from file.read(columns=["origin.subject"]).flatten().column(0).unique().to_pylist()
    except (OSError, pa.ArrowException):
        return  # a check of its own tells of that


def keys_of(out: Place, name: str) -> Iterator[str]:
    """The keys of a landed table, as far as it can be read."""
    try:
        with out.open(name) as opened, pq.ParquetFile(opened) as file:
            for batch in file.iter_batches(batch_size=AT_ONCE, columns=["key"]):
                yield from batch["key"].to_pylist()
    except (OSError, KeyError, pa.ArrowException):
        return  # a check of its own tells of that


def traced(out: Place, name: str) -> Iterator[str]:
    """The keys of items of whose failure a marker tells."""
    try:
        steps = json_at(out, name)["steps"]
        yield from (key for step in steps for key in step.get("traces", ()))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return
