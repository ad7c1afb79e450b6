"""The ledger: laps land whole or not at all, and a marker says so (formats.md).

    OUT/landings/<leg>/part-<lap>.parquet     rows that were kept
    OUT/landings/<leg>/part-<lap>.<facet>.parquet  a field of them that is redone alone, if the leg has such
    OUT/landings/<leg>/rejects-<lap>.parquet  rows that were not, with step and reason
    OUT/landings/<leg>/part-<lap>.done        the marker, JSON, written last

A marker carries a digest of what the lap was made from (settings, and the digests of the laps it read) and
one of what it made. A lap whose marker names the wanted inputs is done; any other is run again from its
start: a kill at any moment, a changed setting and a grown corpus are one case. A file without its marker does
not exist. Of each facet a marker carries the same two digests, so a lap that is run again keeps those facets
that are what they should be.

Nothing is renamed, so the same steps are right in an object store: the old marker goes, tables are made in
scratch space, put and verified, and the marker is written. Two workers at one lap, one of them given up for
dead, put the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import pyarrow as pa

from dataset.names import LANDINGS
from engine.core import Tally
from engine.lap_tables import (
    ROWS_AT_ONCE,
    TABLE,
    Known,
    LandedFacet,
    TableFile,
    known_rows,
    opened,
    reject_schema,
)
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Lap:
    """A set of items that lands whole or not at all."""

    leg: str
    name: str
    inputs: str  # digest of settings and of all that is read
    items: int  # how many items it reads
    read: Callable[[Ledger], Iterable[Any]]  # module-level functions and partials of them: it must travel
    reads: str = ""  # digest of all that is read, where its leg has facets
    earlier: tuple[str, ...] = ()  # the inputs as data sets of schema 1 told the same

    def is_in(self, landed: Landed | None) -> bool:
        """Whether a landing is what the lap would give, as its marker says."""
        return landed is not None and landed.inputs in (self.inputs, *self.earlier)


@dataclass(frozen=True, kw_only=True, slots=True)
class Landed:
    """What a marker says of a finished lap."""

    inputs: str
    rows: int
    rejects: int
    content: str  # sha256 of the tables: what laps downstream depend on
    steps: tuple[Tally, ...]
    facets: Mapping[str, LandedFacet] = field(default_factory=dict)


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
        marker = json.loads(text)
        if (schema := marker["schema"]) not in READABLE:
            raise ValueError(f"{leg}/{name} was landed with schema {schema}; read are 1 to {SCHEMA}")
        tallies = tuple(tally_of(step) for step in marker["steps"])
        known = {field: marker[field] for field in ("inputs", "rows", "rejects", "content")}
        facets = {facet: LandedFacet(**values) for facet, values in marker.get("facets", {}).items()}
        return Landed(**known, steps=tallies, facets=facets)

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

    def known(
        self,
        lap: Lap,
        facets: Mapping[str, str],
        kept: Mapping[str, LandedFacet],
        landed: Landed,
        gives: type,
    ) -> Known:
        """What is known of a landed lap of which some facets are kept; `facets` are the inputs of all."""
        if not kept:
            return Known(inputs=facets)
        return Known(
            inputs=facets,
            kept=kept,
            spent_s={name: s for step in landed.steps for name, s in step.parts_s.items() if name in kept},
            rows=known_rows(self.place, lap.leg, lap.name, list(kept), gives),
        )

    def land(
        self,
        lap: Lap,
        outcomes: Iterable[Any],
        gives: type,
        tallies: Sequence[Tally],
        known: Known = Known(),  # noqa: B008  nothing is asked of it
    ) -> Landed:
        """Write what a lap gave, read it back, put it in its place, and only then mark it.

        The old marker goes when the lap begins, so that nobody goes on from it if the lap fails, and again
        before the tables: a worker that was given up for dead may find its successor's. Where facets are
        kept, it stays until then: they are read, and whoever begins again keeps them too.

        Raises:
            OSError: the place cannot be written or a disk is full; nothing is marked then.
        """
        marker = marker_of(lap.leg, lap.name)
        if not known.kept:
            self.place.remove(marker)
        with workplace() as folder:
            rows = TableFile(folder / "part.parquet", schema_of(gives), list(known.inputs))
            rejects = TableFile(folder / "rejects.parquet", reject_schema())
            with rows, rejects:
                for outcome in outcomes:
                    if isinstance(outcome, Reject):
                        rejects.add(encode([outcome], Reject).append_column("leg", pa.array([lap.leg])))
                    else:
                        rows.add(encode([outcome], gives))
            counts = rows.read_back(), rejects.read_back()
            self.place.remove(marker)
            landed = landing(
                lap.inputs,
                counts,
                rows.put(self.place, lap.leg, "part", lap.name),
                rejects.put(self.place, lap.leg, "rejects", lap.name),
                tallies,
                known.inputs,
            )
        self.mark(lap, landed)
        return landed

    def mark(self, lap: Lap, landed: Landed) -> None:
        """Write the marker of a lap whose tables are in their place: now it has landed."""
        self.place.write(marker_of(lap.leg, lap.name), marker_text(lap, landed).encode())

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
        with opened(self.place, leg, "part", name) as table:
            for group in range(table.num_groups):
                wanted = None
                if keys is not None:
                    wanted = [row for row, key in enumerate(table.keys(group)) if key in keys]
                    if not wanted:
                        continue
                rows = table.group(group)
                rows = rows if wanted is None else rows.take(wanted)
                for start in range(0, rows.num_rows, ROWS_AT_ONCE):
                    yield from decode(rows.slice(start, ROWS_AT_ONCE), cls)

    def columns(self, leg: str, name: str, columns: Sequence[str]) -> pa.Table:
        """Some columns of a landed lap that are no facets; nested ones are named with dots."""
        with opened(self.place, leg, "part", name, ()) as table:  # a fifth of the time of pq.read_table
            return table.file.read(columns=list(columns)).flatten().select(list(columns))

    def rejects(self, leg: str, name: str) -> pa.Table:
        """The rejects of a landed lap."""
        return self.table(leg, "rejects", name)

    def table(
        self, leg: str, kind: str, name: str, keep: Callable[[pa.Table], pa.Table] = lambda table: table
    ) -> pa.Table:
        """The rows to be kept of a table of a lap, "part" or "rejects", landed or not."""
        with opened(self.place, leg, kind, name) as table:
            return table.read(keep)

    def all_rejects(self, leg: str) -> Iterator[pa.Table]:
        """The rejects of each landed lap of a leg, in order."""
        return (self.rejects(leg, name) for name in self.names(leg))


def landing(
    inputs: str,
    counts: tuple[int, int],
    rows: Mapping[str, str],
    rejects: Mapping[str, str],
    steps: Sequence[Tally],
    facets: Mapping[str, str],
) -> Landed:
    """What a marker says: counts of rows and rejects, sha256 of their tables, what facets were made from."""
    return Landed(
        inputs=inputs,
        rows=counts[0],
        rejects=counts[1],
        content=digest(*rows.values(), *rejects.values()),
        steps=tuple(steps),
        facets={name: LandedFacet(inputs=known, content=rows[name]) for name, known in facets.items()},
    )


def marker_of(leg: str, lap: str) -> str:
    """Name of a lap's marker among the landings."""
    return f"{leg}/part-{lap}.done"


def read_all(read: Callable[[A], B], names: Iterable[A]) -> Iterator[B]:
    """`read` of each name, in order, many at a time."""
    waiting = iter(names)
    with ThreadPoolExecutor(READERS) as pool:
        while batch := list(islice(waiting, AT_ONCE)):
            yield from pool.map(read, batch)


def marker_text(lap: Lap, landed: Landed) -> str:
    """The marker of a landed lap."""
    marker: dict[str, Any] = {"schema": SCHEMA, "leg": lap.leg, "lap": lap.name}
    marker |= {fact.name: getattr(landed, fact.name) for fact in fields(landed) if fact.name != "facets"}
    if landed.facets:
        marker["facets"] = {facet: asdict(landed_facet) for facet, landed_facet in landed.facets.items()}
    marker["steps"] = [
        {name: value for name, value in vars(tally).items() if name not in ("traces", "parts_s") or value}
        for tally in landed.steps
    ]
    marker["made_by"] = made_by()  # to be read by people: a lap made elsewhere is as done as any
    return json.dumps(marker, indent=1)


def tally_of(step: dict[str, Any]) -> Tally:
    """A step's tally from its marker."""
    tally = Tally(**{name: value for name, value in step.items() if name != "reasons"})
    tally.reasons.update(step["reasons"])
    return tally
