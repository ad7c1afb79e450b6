"""The ledger: laps land whole or not at all, and a marker says so (formats.md).

    OUT/landings/<leg>/part-<lap>.parquet     rows that were kept
    OUT/landings/<leg>/rejects-<lap>.parquet  rows that were not, with step and reason
    OUT/landings/<leg>/part-<lap>.done        the marker, JSON, written last

A marker carries a digest of what the lap was made from (settings, and the digests of the laps it read) and
one of what it made. A lap whose marker names the wanted inputs is done; any other is run again from its
start: a kill at any moment, a changed setting and a grown corpus are one case. A file without its marker does
not exist.

Nothing is renamed, so the same steps are right in an object store: the old marker goes, tables are made in
scratch space, put and verified, and the marker is written. Two workers at one lap, one of them given up for
dead, put the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Self, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from dataset.names import LANDINGS
from engine.core import Tally
from engine.made_by import made_by
from schemas.arrow import decode, encode, schema_of
from schemas.outcome import Reject
from schemas.version import READABLE, SCHEMA
from storage.place import Place, Where
from storage.scratch import workplace

A = TypeVar("A")
B = TypeVar("B")
T = TypeVar("T")
READERS = 16
"""Files that are read at a time: most of a small file's time is waiting for the disk or the object store."""
AT_ONCE = 1024
"""Files that are asked for together: there may be a hundred thousand, and each that waits takes memory."""
MARKER = re.compile(r"[a-z_]+/part-(?P<lap>[^/]+)\.done")
TABLE = re.compile(r"[a-z_]+/(part|rejects)-(?P<lap>[^/]+)\.parquet")


BATCH_BYTES = 32 * 2**20
"""Rows wait in memory until they weigh this much."""
ROWS_AT_ONCE = 1024
"""Rows of a row group that are records at a time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lap:
    """A set of items that lands whole or not at all."""

    leg: str
    name: str
    inputs: str  # digest of settings and of all that is read
    items: int  # how many items it reads
    read: Callable[[Ledger], Iterable[Any]]  # module-level functions and partials of them: it must travel


@dataclass(frozen=True, kw_only=True, slots=True)
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

    def __init__(self, out: Where) -> None:
        self.place = Place.at(out) / LANDINGS

    def landed(self, leg: str, name: str) -> Landed | None:
        """What the marker of a lap says, None where there is none."""
        try:
            text = self.place.read(marker_of(leg, name))
        except FileNotFoundError:
            return None
        said = json.loads(text)
        if said["schema"] not in READABLE:
            raise ValueError(f"{leg}/{name} was landed with schema {said['schema']}; read are 1 to {SCHEMA}")
        tallies = tuple(tally_of(step) for step in said["steps"])
        known = {field: said[field] for field in ("inputs", "rows", "rejects", "content")}
        return Landed(**known, steps=tallies)

    def all_landed(self, leg: str) -> Iterator[tuple[str, Landed]]:
        """The names of the laps of a leg that have a marker, in order, and what it says."""
        names = self.names(leg)
        for name, landed in zip(names, read_all(partial(self.landed, leg), names), strict=True):
            if landed is not None:
                yield name, landed

    def names(self, leg: str) -> list[str]:
        """Laps of a leg that have a marker, in order."""
        found = (MARKER.fullmatch(entry.name) for entry in self.place.files(leg))
        return [match["lap"] for match in found if match]

    def tallies(self, leg: str) -> list[Tally]:
        """What became of the items of each step of a leg, over all its laps."""
        steps: dict[str, Tally] = {}
        for _, landed in self.all_landed(leg):
            for tally in landed.steps:
                steps.setdefault(tally.step, Tally(step=tally.step)).add(tally)
        return list(steps.values())

    def land(self, lap: Lap, outcomes: Iterable[Any], gives: type, tallies: Sequence[Tally]) -> Landed:
        """Write what a lap gave, read it back, put it in its place, and only then mark it.

        The old marker goes when the lap begins, so that nobody goes on from it if the lap fails, and again
        before the tables: a worker that was given up for dead may find its successor's.

        Raises:
            OSError: the place cannot be written or a disk is full; nothing is marked then.
        """
        marker = marker_of(lap.leg, lap.name)
        self.place.remove(marker)
        with workplace() as folder:
            rows = TableFile(folder / "part.parquet", schema_of(gives))
            rejects = TableFile(folder / "rejects.parquet", reject_schema())
            with rows, rejects:
                for outcome in outcomes:
                    if isinstance(outcome, Reject):
                        rejects.add(encode([outcome], Reject).append_column("leg", pa.array([lap.leg])))
                    else:
                        rows.add(encode([outcome], gives))
            self.place.remove(marker)
            landed = Landed(
                inputs=lap.inputs,
                rows=rows.read_back(),
                rejects=rejects.read_back(),
                content=digest(
                    self.place.put(table_of(lap.leg, "part", lap.name), rows.path),
                    self.place.put(table_of(lap.leg, "rejects", lap.name), rejects.path),
                ),
                steps=tuple(tallies),
            )
        self.place.write(marker, marker_text(lap, landed).encode())
        return landed

    def prune(self, leg: str, names: AbstractSet[str]) -> int:
        """Forget the laps of a leg that are not in its plan any more, their markers first; how many.

        What killed workers left goes too. Only to be called while nobody works at the leg.
        """
        files = [entry.name for entry in self.place.files(leg)]
        gone = [name for name in files if (found := MARKER.fullmatch(name)) and found["lap"] not in names]
        tables = [name for name in files if (found := TABLE.fullmatch(name)) and found["lap"] not in names]
        for name in gone + tables:
            self.place.remove(name)
        self.place.sweep(leg)
        return len(gone)

    def rows(self, leg: str, name: str, cls: type[T], keys: Container[str] | None = None) -> Iterator[T]:
        """The records of a landed lap (those with the keys, where given), a row group in memory at a time."""
        with self._table(leg, "part", name) as file:
            for group in range(file.num_row_groups):
                wanted = None
                if keys is not None:
                    found = file.read_row_group(group, columns=["key"])["key"].to_pylist()
                    wanted = [row for row, key in enumerate(found) if key in keys]
                    if not wanted:
                        continue
                table = file.read_row_group(group)
                table = table if wanted is None else table.take(wanted)
                for start in range(0, table.num_rows, ROWS_AT_ONCE):
                    yield from decode(table.slice(start, ROWS_AT_ONCE), cls)

    def columns(self, leg: str, name: str, columns: Sequence[str]) -> pa.Table:
        """Some columns of a landed lap; nested ones are named with dots."""
        with self._table(leg, "part", name) as file:  # a fifth of the time of pq.read_table
            return file.read(columns=list(columns)).flatten().select(list(columns))

    def rejects(self, leg: str, name: str) -> pa.Table:
        """The rejects of a landed lap."""
        return self.table(leg, "rejects", name)

    def table(self, leg: str, kind: str, name: str) -> pa.Table:
        """A table of a lap, "part" or "rejects", landed or not."""
        with self._table(leg, kind, name) as file:
            return file.read()

    def all_rejects(self, leg: str) -> Iterator[pa.Table]:
        """The rejects of each landed lap of a leg, in order."""
        return (self.rejects(leg, name) for name in self.names(leg))

    @contextmanager
    def _table(self, leg: str, kind: str, name: str) -> Iterator[pq.ParquetFile]:
        with self.place.open(table_of(leg, kind, name)) as file, pq.ParquetFile(file) as table:
            yield table


def marker_of(leg: str, lap: str) -> str:
    """Name of a lap's marker among the landings."""
    return f"{leg}/part-{lap}.done"


def table_of(leg: str, kind: str, lap: str) -> str:
    """Name of a lap's table, "part" or "rejects", among the landings."""
    return f"{leg}/{kind}-{lap}.parquet"


def read_all(read: Callable[[A], B], names: Iterable[A]) -> Iterator[B]:
    """`read` of each name, in order, many at a time."""
    waiting = iter(names)
    with ThreadPoolExecutor(READERS) as pool:
        while some := list(islice(waiting, AT_ONCE)):
            yield from pool.map(read, some)


class TableFile:
    """A Parquet file that grows on this machine's disk."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self.schema = schema
        self.waiting: list[pa.Table] = []
        self.waiting_bytes = 0
        self.written = 0

    def __enter__(self) -> Self:
        self.writer = pq.ParquetWriter(self.path, self.schema, compression="zstd")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.flush()
        self.writer.close()

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

    def read_back(self) -> int:
        """Number of rows in the finished file, all read again.

        Raises:
            OSError: they are not those that were written.
        """
        with pq.ParquetFile(self.path) as file:
            found: int = sum(batch.num_rows for batch in file.iter_batches())
        if found != self.written:
            raise OSError(f"{self.path}: wrote {self.written} rows, read back {found}")
        return found


def reject_schema() -> pa.Schema:
    """Columns of a table of rejects: the record's, and the leg."""
    return schema_of(Reject).append(pa.field("leg", pa.string()))


def marker_text(lap: Lap, landed: Landed) -> str:
    """The marker of a landed lap."""
    said: dict[str, Any] = {"schema": SCHEMA, "leg": lap.leg, "lap": lap.name}
    said |= {fact.name: getattr(landed, fact.name) for fact in fields(landed)}
    said["steps"] = [
        {name: value for name, value in vars(tally).items() if name != "traces" or value}
        for tally in landed.steps
    ]
    said["made_by"] = made_by()  # to be read by people: a lap made elsewhere is as done as any
    return json.dumps(said, indent=1)


def tally_of(said: dict[str, Any]) -> Tally:
    """A step's tally from its marker."""
    tally = Tally(**{name: value for name, value in said.items() if name != "reasons"})
    tally.reasons.update(said["reasons"])
    return tally
