"""The ledger: laps land whole or not at all, and a marker says so (formats.md; house.md 4.6).

    OUT/landings/<leg>/part-<lap>.parquet     rows that were kept
    OUT/landings/<leg>/rejects-<lap>.parquet  rows that were not, with step and reason
    OUT/landings/<leg>/part-<lap>.done        the marker, JSON, written last

A marker carries a digest of what the lap was made from (settings, and the digests of the laps it read) and
one of what it made. A lap whose marker names the wanted inputs is done; any other is run again from its
start: a kill at any moment, a changed setting and a grown corpus are one case. A file without its marker does
not exist.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.core import Tally
from schemas.arrow import decode, encode, schema_of
from schemas.outcome import Reject
from schemas.version import SCHEMA

A = TypeVar("A")
B = TypeVar("B")
T = TypeVar("T")
READERS = 16
"""Files that are read at a time: most of a small file's time is waiting for the disk or the object store."""
BATCH_BYTES = 32 * 2**20
"""Rows wait in memory until they weigh this much."""


@dataclass(frozen=True, kw_only=True)
class Lap:
    """A set of items that lands whole or not at all."""

    leg: str
    name: str
    inputs: str  # digest of settings and of all that is read
    items: int  # how many items it reads
    read: Callable[[Ledger], Iterable[Any]]  # module-level functions and partials of them: it must travel


@dataclass(frozen=True, kw_only=True)
class Landed:
    """What a marker says of a finished lap."""

    inputs: str
    rows: int
    rejects: int
    content: str  # sha256 of the two tables: what laps downstream depend on
    steps: tuple[Tally, ...]


def digest(*parts: str) -> str:
    """sha256 over the parts, in order, each closed off from the next."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class Ledger:
    """The landings of one data set, below `OUT/landings`."""

    def __init__(self, out: Path) -> None:
        self.folder = out / "landings"

    def landed(self, leg: str, name: str) -> Landed | None:
        """What the marker of a lap says, None where there is none."""
        try:
            text = self._path(leg, "part", name, "done").read_text()
        except FileNotFoundError:
            return None
        said = json.loads(text)
        if said["schema"] != SCHEMA:
            raise ValueError(f"{leg}/{name} was landed with schema {said['schema']}; this is schema {SCHEMA}")
        tallies = tuple(tally_of(step) for step in said["steps"])
        known = {field: said[field] for field in ("inputs", "rows", "rejects", "content")}
        return Landed(**known, steps=tallies)

    def all_landed(self, leg: str) -> dict[str, Landed]:
        """What the markers of a leg say, by the names of their laps, in order."""
        names = self.names(leg)
        landed = read_all(partial(self.landed, leg), names)
        return {name: lap for name, lap in zip(names, landed, strict=True) if lap is not None}

    def names(self, leg: str) -> list[str]:
        """Laps of a leg that have a marker, in order."""
        return sorted(
            path.name[len("part-") : -len(".done")] for path in (self.folder / leg).glob("part-*.done")
        )

    def tallies(self, leg: str) -> list[Tally]:
        """What became of the items of each step of a leg, over all its laps."""
        steps: dict[str, Tally] = {}
        for landed in self.all_landed(leg).values():
            for tally in landed.steps:
                steps.setdefault(tally.step, Tally(step=tally.step)).add(tally)
        return list(steps.values())

    def land(self, lap: Lap, outcomes: Iterable[Any], gives: type, tallies: Sequence[Tally]) -> Landed:
        """Write what a lap gave, read it back, put it in its place, and only then mark it.

        Raises:
            OSError: the folder cannot be written or the disk is full; nothing is marked then.
        """
        marker = self._path(lap.leg, "part", lap.name, "done")
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.unlink(missing_ok=True)
        rows = TableFile(self._path(lap.leg, "part", lap.name, "parquet"), schema_of(gives))
        rejects = TableFile(self._path(lap.leg, "rejects", lap.name, "parquet"), reject_schema())
        with rows, rejects:
            for outcome in outcomes:
                if isinstance(outcome, Reject):
                    rejects.add(encode([outcome], Reject).append_column("leg", pa.array([lap.leg])))
                else:
                    rows.add(encode([outcome], gives))
        landed = Landed(
            inputs=lap.inputs,
            rows=rows.commit(),
            rejects=rejects.commit(),
            content=digest(rows.sha256, rejects.sha256),
            steps=tuple(tallies),
        )
        write_text(marker, marker_text(lap, landed))
        return landed

    def prune(self, leg: str, names: AbstractSet[str]) -> int:
        """Forget the laps of a leg that are not in its plan any more, their markers first; how many.

        Tables that a kill left without a marker go too.
        """
        gone = [name for name in self.names(leg) if name not in names]
        for name in gone:
            self._path(leg, "part", name, "done").unlink()
        for path in (self.folder / leg).glob("*-*.parquet"):
            if path.stem.partition("-")[2] not in names:
                path.unlink()
        return len(gone)

    def rows(self, leg: str, name: str, cls: type[T], keys: Container[str] | None = None) -> Iterator[T]:
        """The records of a landed lap (those with the keys, where given), a row group in memory at a time."""
        with pq.ParquetFile(self._path(leg, "part", name, "parquet")) as file:
            for group in range(file.num_row_groups):
                wanted = None
                if keys is not None:
                    found = file.read_row_group(group, columns=["key"])["key"].to_pylist()
                    wanted = [row for row, key in enumerate(found) if key in keys]
                    if not wanted:
                        continue
                table = file.read_row_group(group)
                yield from decode(table if wanted is None else table.take(wanted), cls)

    def columns(self, leg: str, name: str, columns: Sequence[str]) -> pa.Table:
        """Some columns of a landed lap; nested ones are named with dots."""
        with pq.ParquetFile(self._path(leg, "part", name, "parquet")) as file:  # a fifth of read_table's time
            return file.read(columns=list(columns)).flatten().select(list(columns))

    def rejects(self, leg: str, name: str) -> pa.Table:
        """The rejects of a landed lap."""
        return pq.read_table(self._path(leg, "rejects", name, "parquet"))

    def _path(self, leg: str, kind: str, name: str, suffix: str) -> Path:
        return self.folder / leg / f"{kind}-{name}.{suffix}"


def read_all(read: Callable[[A], B], names: Iterable[A]) -> list[B]:
    """`read` of each name, in order, many at a time."""
    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(read, names))


class TableFile:
    """A Parquet file that appears in its place complete, or not at all."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self.aside = path.with_name(f".{path.name}.tmp")
        self.schema = schema
        self.waiting: list[pa.Table] = []
        self.waiting_bytes = 0
        self.written = 0
        self.sha256 = ""

    def __enter__(self) -> Self:
        self.writer = pq.ParquetWriter(self.aside, self.schema, compression="zstd")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.flush()
        self.writer.close()
        if kind is not None:
            self.aside.unlink(missing_ok=True)

    def add(self, table: pa.Table) -> None:
        """Add rows."""
        self.waiting.append(table)
        self.waiting_bytes += table.nbytes
        if self.waiting_bytes >= BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write the waiting rows as one row group."""
        if self.waiting:
            table = pa.concat_tables(self.waiting)
            self.writer.write_table(table, row_group_size=max(1, table.num_rows))
            self.written += table.num_rows
        self.waiting, self.waiting_bytes = [], 0

    def commit(self) -> int:
        """Read the finished file back and put it in its place; returns its number of rows."""
        with pq.ParquetFile(self.aside) as file:
            found: int = sum(batch.num_rows for batch in file.iter_batches())
        if found != self.written:
            raise OSError(f"{self.path}: wrote {self.written} rows, read back {found}")
        with open(self.aside, "rb+") as file:
            self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        os.replace(self.aside, self.path)
        return found


def write_text(path: Path, text: str) -> None:
    """Write a small file aside and rename it into its place."""
    aside = path.with_name(f".{path.name}.tmp")
    with open(aside, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


def reject_schema() -> pa.Schema:
    """Columns of a table of rejects: the record's, and the leg."""
    return schema_of(Reject).append(pa.field("leg", pa.string()))


def marker_text(lap: Lap, landed: Landed) -> str:
    """The marker of a landed lap."""
    said = {"schema": SCHEMA, "leg": lap.leg, "lap": lap.name, **vars(landed)}
    said["steps"] = [vars(tally) for tally in landed.steps]
    return json.dumps(said, indent=1)


def tally_of(said: dict[str, Any]) -> Tally:
    """A step's tally from its marker."""
    tally = Tally(**{name: value for name, value in said.items() if name != "reasons"})
    tally.reasons.update(said["reasons"])
    return tally
