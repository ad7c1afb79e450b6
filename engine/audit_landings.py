"""What is wrong with the landings of a data set: laps against their markers, legs against each other."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dataset.index_tables import index_table_at
from dataset.names import LANDINGS, tar_place
from dataset.tables import table_at, values
from dataset.verify.sample import Violation
from dataset.verify.shards import Kind, all_in
from engine.lap_tables import reject_schema, table_of
from engine.ledger import digest, marker_of
from schemas.outcome import DamagedError
from schemas.version import READABLE, SCHEMA
from storage.disk import sha256_of
from storage.json_files import NUMBER, Perhaps, json_at, misfits
from storage.place import Place

FILE = re.compile(
    r"(part-(?P<lap>[0-9a-fx-]+)\.(done|((?P<facet>[a-z_]+)\.)?parquet)|rejects-(?P<rejects>[0-9a-fx-]+)\.parquet)"
)
REJECT_BYTES = 1
"""A reject's key alone needs as much in a file."""
REASON = re.compile(r"[a-z][a-z0-9_]*")
MARKER_SHAPE: dict[str, Any] = {
    "schema": int,
    "leg": str,
    "lap": str,
    "inputs": str,
    "rows": int,
    "rejects": int,
    "content": str,
    "steps": [
        {
            "step": str,
            "offered": int,
            "kept": int,
            "gave": int,
            "offered_s": NUMBER,
            "gave_s": NUMBER,
            "busy_s": NUMBER,
            "light_s": NUMBER,
            "parts_s": Perhaps({str: NUMBER}),  # of steps with facets
            "reasons": {str: int},
            "traces": Perhaps({str: str}),  # where items failed
        }
    ],
    "facets": Perhaps({str: {"inputs": str, "content": str}}),
    "made_by": Perhaps(dict),  # for people; older markers have none
}


@dataclass(frozen=True)
class LegNames:
    """A leg and its steps, as the pipeline has them."""

    name: str
    steps: tuple[str, ...] = ()
    groups: frozenset[str] = frozenset()  # of the steps, those that only put items into groups
    after: tuple[str, ...] = ()  # legs whose rows it was offered, each of them once


@dataclass
class Landings:
    """What has been read of the landings, and what is wrong with them."""

    laps: int = 0
    offered: Counter[str] = field(default_factory=Counter)  # to the first step of each leg
    given: Counter[str] = field(default_factory=Counter)  # rows of each leg
    rows: Counter[tuple[object, ...]] = field(default_factory=Counter)  # of the last leg, by their values
    faults: list[Violation] = field(default_factory=list)


def read_landings(place: Place, legs: Sequence[LegNames]) -> Landings:
    """All landings of `legs`, each behind those that it comes after; the rows are those of the last."""
    landings = Landings()
    place = place / LANDINGS
    found = list(all_in(place))
    landings.faults += [Violation("landings", detail) for detail in strays(found, legs)]
    for leg in legs:
        laps = laps_of(leg, found)
        if not laps and (not leg.after or any(landings.given[before] for before in leg.after)):
            landings.faults.append(Violation("landings", f"{leg.name} has not landed"))
        for lap, facets in laps.items():
            for fault in read_lap(place, leg, lap, facets, landings):
                landings.faults.append(Violation(fault.check, f"{leg.name}, lap {lap}: {fault.detail}"))
            if leg is legs[-1]:
                landings.rows.update(rows_of(place, leg, lap))
    for leg in legs:
        given, offered = sum(landings.given[before] for before in leg.after), landings.offered[leg.name]
        if leg.after and given != offered:
            detail = f"{' and '.join(leg.after)} gave {given} rows, {leg.name} was offered {offered}"
            landings.faults.append(Violation("conservation", detail))
    return landings


def strays(found: Sequence[tuple[str, Kind]], legs: Sequence[LegNames]) -> Iterator[str]:
    """Files and folders among the landings that should not be there."""
    known = {leg.name for leg in legs}
    for leg in sorted({name.partition("/")[0] for name, _ in found} - known):
        yield f"{leg!r} is no leg of this pipeline"
    for name, kind in found:
        leg, _, file = name.partition("/")
        if leg in known and file and (kind != "file" or not FILE.fullmatch(file)):
            yield f"{leg}: {file!r} does not belong there"


def laps_of(leg: LegNames, found: Sequence[tuple[str, Kind]]) -> dict[str, set[str]]:
    """Names of the laps of which a leg has any file, in order, and of the facets that lie there of each."""
    laps: dict[str, set[str]] = {}
    for match in (FILE.fullmatch(name.removeprefix(f"{leg.name}/")) for name, _ in found):
        if match:
            laps.setdefault(match["lap"] or match["rejects"], set()).update(filter(None, [match["facet"]]))
    return dict(sorted(laps.items()))


def read_lap(
    place: Place, leg: LegNames, lap: str, found: Collection[str], landings: Landings
) -> Iterator[Violation]:
    """What is wrong with one lap; its numbers are added up."""
    landings.laps += 1
    try:
        marker = json_at(place, marker_of(leg.name, lap))
        strange = misfits(marker, MARKER_SHAPE, "marker")
        if strange:
            raise DamagedError(strange[0])
        facets = {name: facet["content"] for name, facet in marker.get("facets", {}).items()}
        if facets.keys() != set(found):
            raise DamagedError(f"the marker tells of facets {sorted(facets)}, there are {sorted(found)}")
        parts = [table_of(leg.name, "part", lap, facet) for facet in ("", *facets)]
        rejects = table_of(leg.name, "rejects", lap)
        contents = [sha256_of(place.chunks(table)) for table in (*parts, rejects)]
        counts = [num_rows(place, table) for table in (parts[0], rejects)]
        reasons = reasons_in(place, rejects, leg.name)
        if {num_rows(place, table) for table in parts} != {counts[0]}:
            raise DamagedError(f"its facets have other rows than {parts[0]}")
    except (OSError, ValueError, pa.ArrowException) as error:
        yield Violation("landings", str(error))
        return
    landings.given[leg.name] += marker["rows"]
    stated = tuple(marker[name] for name in ("leg", "lap", "content", "rows", "rejects"))
    content = digest(*contents)
    if list(facets.values()) != contents[1:-1]:
        yield Violation("landings", f"the marker says {facets}, the tables are {contents[1:-1]}")
    if marker["schema"] not in READABLE or stated != (leg.name, lap, content, *counts):
        yield Violation("landings", f"the marker says {stated}, the tables are {(content, *counts)}")
    if marker["schema"] == SCHEMA and [step["step"] for step in marker["steps"]] != list(leg.steps):
        yield Violation("landings", f"its steps are not {', '.join(leg.steps)}")
    elif marker["steps"]:
        landings.offered[leg.name] += marker["steps"][0]["offered"]
        yield from (Violation("conservation", detail) for detail in losses(marker, leg, reasons))


def losses(marker: dict[str, Any], leg: LegNames, reasons: Counter[tuple[str, str]]) -> Iterator[str]:
    """Items that a lap lost or made up between its first step and its landing."""
    steps = marker["steps"]
    for step in steps:
        stated = {(step["step"], reason): times for reason, times in step["reasons"].items() if times}
        if step["offered"] != step["kept"] + sum(stated.values()):
            rejected = sum(stated.values())
            yield f"{step['step']} was offered {step['offered']}, kept {step['kept']}, rejected {rejected}"
        found = {place: times for place, times in reasons.items() if place[0] == step["step"]}
        if stated != found:
            yield f"{step['step']} tells of rejects {stated}, its rows of {found}"
    for step, after in itertools.pairwise(steps):
        passed = step["kept"] if step["step"] in leg.groups else step["gave"]  # groups are counted by members
        if passed != after["offered"]:
            yield f"{step['step']} passed on {passed}, {after['step']} was offered {after['offered']}"
    if steps[-1]["gave"] != marker["rows"]:
        yield f"{steps[-1]['step']} gave {steps[-1]['gave']}, {marker['rows']} have landed"
    if unknown := {step for step, _ in reasons} - {step["step"] for step in steps}:
        yield f"rejects of unknown steps {sorted(unknown)}"


def num_rows(place: Place, name: str) -> int:
    """Rows of a table, from its footer."""
    with place.open(name) as opened, pq.ParquetFile(opened) as file:
        return int(file.metadata.num_rows)


def reasons_in(place: Place, name: str, leg: str) -> Counter[tuple[str, str]]:
    """How many rejects of a table have which step and reason.

    Raises:
        DamagedError: it is no table of this leg's rejects.
        OSError: it cannot be read.
    """
    table = table_at(place, name, reject_schema(), ["step", "reason", "leg"], least_row_bytes=REJECT_BYTES)
    found = Counter(zip(values(table["step"]), values(table["reason"]), strict=True))
    if set(values(table["leg"])) - {leg} or not all(REASON.fullmatch(reason) for _, reason in found):
        raise DamagedError(f"{name}: rejects of another leg, or without a fixed word as reason")
    return found


def rows_of(place: Place, leg: LegNames, lap: str) -> Iterator[tuple[object, ...]]:
    """The values of the index rows of a lap, none where they cannot be read: its own check tells of that."""
    try:
        table = index_table_at(place, table_of(leg.name, "part", lap))
    except (OSError, DamagedError):
        return
    columns = dict(zip(table.column_names, map(values, table.columns), strict=True))
    columns["shard"] = [tar_place(shard) for shard in columns["shard"]]
    rows = zip(*columns.values(), strict=True)
    yield from rows if min(columns["schema"], default=SCHEMA) == SCHEMA else map(comparable, rows)


def comparable(row: Iterable[object]) -> tuple[object, ...]:
    """The values of a row of an older schema, where numbers that it had not are NaN and equal nothing."""
    return tuple(None if isinstance(value, float) and math.isnan(value) else value for value in row)
