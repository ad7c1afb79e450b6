"""The tables of a lap: rows, each facet of them in a table of its own, and rejects.

A facet is a field of the rows. Its table has their keys and that field, and row groups like those of the
table of all other fields, which names the facets in its footer: so they are one table again when read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.arrow import decode_fields, schema_of
from schemas.outcome import DamagedError, Reject
from storage.place import Place

BATCH_BYTES = 32 * 2**20
"""Rows wait in memory until they weigh this much."""
ROWS_AT_ONCE = 1024
"""Rows of a row group that are records at a time."""
FACETS = b"facets"
"""Where the footer of a table names those that its other fields lie in."""
NAME = re.compile(r"[a-z_]+")
TABLE = re.compile(r"[a-z_]+/(part|rejects)-(?P<lap>[^/.]+)(\.(?P<facet>[a-z_]+))?\.parquet")


@dataclass(frozen=True, kw_only=True, slots=True)
class LandedFacet:
    """What a marker says of a facet."""

    inputs: str  # digest of all that it was made from
    content: str  # sha256 of its table


@dataclass(kw_only=True)
class Known:
    """What is known of a lap that begins: its facets that landed before, made from what they would be now."""

    inputs: Mapping[str, str] = field(default_factory=dict)
    """Of all facets, what they are to be made from."""
    kept: Mapping[str, LandedFacet] = field(default_factory=dict)
    spent_s: Mapping[str, float] = field(default_factory=dict)
    """Seconds that each of these took."""
    rows: Iterator[dict[str, Any]] = field(default_factory=lambda: iter(()))
    """The fields of the rows in them, and those that are no facets, in the order of the items."""
    ahead: dict[str, Any] | None = None

    def of(self, key: str) -> dict[str, Any]:
        """The fields that are known of an item, by their names; to be asked for in the order of the items."""
        if self.ahead is None:
            self.ahead = next(self.rows, None)
        if self.ahead is None or self.ahead["key"] != key:
            return {}
        found, self.ahead = self.ahead, None
        return found


def unchanged(landed: Mapping[str, LandedFacet], inputs: Mapping[str, str]) -> dict[str, LandedFacet]:
    """Landed facets that were made from these inputs."""
    return {facet: before for facet, before in landed.items() if before.inputs == inputs.get(facet)}


def table_of(leg: str, kind: str, lap: str, facet: str = "") -> str:
    """Name of a lap's table, "part" or "rejects", or of a facet's, among the landings."""
    return f"{leg}/{kind}-{lap}{facet and '.'}{facet}.parquet"


def reject_schema() -> pa.Schema:
    """Columns of a table of rejects: the record's, and the leg."""
    return schema_of(Reject).append(pa.field("leg", pa.string()))


class TableFile:
    """A table that grows on this machine's disk, as a Parquet file and one for each of its facets."""

    def __init__(self, path: Path, schema: pa.Schema, facets: Sequence[str] = ()) -> None:
        own = [name for name in schema.names if name not in facets]
        self.columns = {"": own, **{facet: ["key", facet] for facet in facets}}
        self.paths = {facet: path.with_suffix(f".{facet or 'parquet'}") for facet in self.columns}
        metadata = {FACETS: " ".join(facets).encode()} if facets else None
        self.schemas = {
            facet: pa.schema([schema.field(name) for name in names], metadata if facet == "" else None)
            for facet, names in self.columns.items()
        }
        self.waiting: list[pa.Table] = []
        self.waiting_bytes = 0
        self.written = 0

    def __enter__(self) -> Self:
        self.writers = {
            facet: pq.ParquetWriter(path, self.schemas[facet], compression="zstd")
            for facet, path in self.paths.items()
        }
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.flush()
        for writer in self.writers.values():
            writer.close()

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
            for facet, writer in self.writers.items():
                writer.write_table(table.select(self.columns[facet]), row_group_size=max(1, table.num_rows))
            self.written += table.num_rows
        self.waiting, self.waiting_bytes = [], 0

    def read_back(self) -> int:
        """Number of rows in the finished files, all read again.

        Raises:
            OSError: they are not those that were written.
        """
        for path in self.paths.values():
            with pq.ParquetFile(path) as file:
                found: int = sum(batch.num_rows for batch in file.iter_batches())
            if found != self.written:
                raise OSError(f"{path}: wrote {self.written} rows, read back {found}")
        return self.written

    def put(self, place: Place, leg: str, kind: str, lap: str) -> dict[str, str]:
        """Put the files into their places; their sha256, by facet, that of the other fields under ""."""
        return {facet: place.put(table_of(leg, kind, lap, facet), path) for facet, path in self.paths.items()}


@dataclass(frozen=True, kw_only=True)
class LapTable:
    """A landed table, its facets' columns among its own."""

    file: pq.ParquetFile
    facets: Mapping[str, pq.ParquetFile]

    @property
    def num_groups(self) -> int:
        """How many row groups it has."""
        return int(self.file.num_row_groups)

    def group(self, number: int) -> pa.Table:
        """A row group."""
        return self.joined(lambda file: file.read_row_group(number))

    def keys(self, number: int) -> list[str]:
        """The keys of a row group."""
        keys: list[str] = self.file.read_row_group(number, columns=["key"])["key"].to_pylist()
        return keys

    def read(self, keep: Callable[[pa.Table], pa.Table]) -> pa.Table:
        """The rows of it that are to be kept, told of each file alone: some may be rid of others already."""
        return self.joined(lambda file: keep(file.read()))

    def joined(self, read: Callable[[pq.ParquetFile], pa.Table]) -> pa.Table:
        """What is read of the table, and the same of its facets."""
        table = read(self.file)
        for facet, file in self.facets.items():
            table = table.append_column(facet, read(file)[facet])
        return table

    def fields(self, cls: type) -> Iterator[dict[str, Any]]:
        """The fields of each row that are here, as records of the class have them."""
        for number in range(self.num_groups):
            yield from decode_fields(self.group(number), cls)


@contextmanager
def opened(
    place: Place, leg: str, kind: str, lap: str, facets: Sequence[str] | None = None
) -> Iterator[LapTable]:
    """A lap's table, landed or not, with all its facets or with these."""
    with ExitStack() as stack:

        def file_of(facet: str = "") -> pq.ParquetFile:
            file = stack.enter_context(place.open(table_of(leg, kind, lap, facet)))
            return stack.enter_context(pq.ParquetFile(file))

        file = file_of()
        names = facets_of(file) if facets is None else facets
        yield LapTable(file=file, facets={facet: file_of(facet) for facet in names})


def facets_of(file: pq.ParquetFile) -> list[str]:
    """The facets that a table names.

    Raises:
        DamagedError: names that no facet has: they would lead elsewhere.
    """
    stored: bytes = (file.schema_arrow.metadata or {}).get(FACETS, b"")
    names = stored.decode(errors="replace").split()
    if not all(NAME.fullmatch(name) for name in names):
        raise DamagedError("a table names facets as none are called")
    return names


def known_rows(
    place: Place, leg: str, lap: str, facets: Sequence[str], cls: type
) -> Iterator[dict[str, Any]]:
    """The fields of a landed lap's rows that are in these facets, or in none."""
    with opened(place, leg, "part", lap, facets) as table:
        yield from table.fields(cls)
