"""What is wrong with the landings of a data set: laps against their markers, legs against each other."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.landing import digest, reject_schema
from pipeline.media.arrays import DamagedError
from pipeline.media.verify import Fault
from pipeline.media.verify_meta import NUMBER, json_at, misfits
from schemas.arrow import schema_of
from schemas.index import IndexRow
from schemas.version import SCHEMA

FILE = re.compile(r"(part-(?P<lap>[0-9x-]+)\.(done|parquet)|rejects-(?P<rejects>[0-9x-]+)\.parquet)")
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
            "reasons": {str: int},
        }
    ],
}


@dataclass(frozen=True)
class LegNames:
    """A leg and its steps, as the pipeline has them."""

    name: str
    steps: tuple[str, ...] = ()
    groups: frozenset[str] = frozenset()  # of the steps, those that only put items into groups


@dataclass
class Landings:
    """What has been read of the landings, and what is wrong with them."""

    laps: int = 0
    offered: Counter[str] = field(default_factory=Counter)  # to the first step of each leg
    given: Counter[str] = field(default_factory=Counter)  # rows of each leg
    rows: Counter[tuple[object, ...]] = field(default_factory=Counter)  # of the last leg, by their values
    faults: list[Fault] = field(default_factory=list)


def read_landings(out: Path, legs: Sequence[LegNames]) -> Landings:
    """All landings of `legs`, in the order in which they ran."""
    landings = Landings()
    landings.faults += [Fault("landings", detail) for detail in strays(out / "landings", legs)]
    for leg in legs:
        folder = out / "landings" / leg.name
        laps = laps_of(folder)
        if not laps:
            landings.faults.append(Fault("landings", f"{leg.name} has not landed"))
        for lap in laps:
            for fault in read_lap(folder, leg, lap, landings):
                landings.faults.append(Fault(fault.check, f"{leg.name}, lap {lap}: {fault.detail}"))
            if leg is legs[-1]:
                landings.rows.update(rows_of(folder, lap))
    for before, leg in itertools.pairwise(legs):
        given, offered = landings.given[before.name], landings.offered[leg.name]
        if given != offered:
            detail = f"{before.name} gave {given} rows, {leg.name} was offered {offered}"
            landings.faults.append(Fault("conservation", detail))
    return landings


def strays(folder: Path, legs: Sequence[LegNames]) -> Iterator[str]:
    """Files and folders among the landings that should not be there."""
    known = {leg.name for leg in legs}
    for path in sorted(folder.glob("*")):
        if path.name not in known:
            yield f"{path.name!r} is no leg of this pipeline"
            continue
        for file in sorted(path.glob("*")):
            if not FILE.fullmatch(file.name) or file.is_symlink():
                yield f"{path.name}: {file.name!r} does not belong there"


def laps_of(folder: Path) -> list[str]:
    """Names of the laps of which a leg's folder holds any file."""
    found = (FILE.fullmatch(path.name) for path in folder.glob("*"))
    return sorted({match["lap"] or match["rejects"] for match in found if match})


def read_lap(folder: Path, leg: LegNames, lap: str, landings: Landings) -> Iterator[Fault]:
    """What is wrong with one lap; its numbers are added up."""
    landings.laps += 1
    try:
        marker = json_at(folder / f"part-{lap}.done")
        strange = list(misfits(marker, MARKER_SHAPE, "marker"))
        if strange:
            raise DamagedError(strange[0])
        tables = [folder / f"{kind}-{lap}.parquet" for kind in ("part", "rejects")]
        content = digest(*map(sha256, tables))
        counts = [num_rows(table) for table in tables]
        reasons = reasons_in(tables[1], leg.name)
    except (OSError, ValueError, pa.ArrowException) as error:
        yield Fault("landings", str(error))
        return
    landings.given[leg.name] += marker["rows"]
    said = (
        marker["schema"],
        marker["leg"],
        marker["lap"],
        marker["content"],
        marker["rows"],
        marker["rejects"],
    )
    if said != (SCHEMA, leg.name, lap, content, *counts):
        yield Fault("landings", f"the marker says {said}, the tables are {(content, *counts)}")
    if [step["step"] for step in marker["steps"]] != list(leg.steps):
        yield Fault("landings", f"its steps are not {', '.join(leg.steps)}")
    elif marker["steps"]:
        landings.offered[leg.name] += marker["steps"][0]["offered"]
        yield from (Fault("conservation", detail) for detail in losses(marker, leg, reasons))


def losses(marker: dict[str, Any], leg: LegNames, reasons: Counter[tuple[str, str]]) -> Iterator[str]:
    """Items that a lap lost or made up between its first step and its landing."""
    steps = marker["steps"]
    for step in steps:
        told = {(step["step"], reason): times for reason, times in step["reasons"].items() if times}
        if step["offered"] != step["kept"] + sum(told.values()):
            rejected = sum(told.values())
            yield f"{step['step']} was offered {step['offered']}, kept {step['kept']}, rejected {rejected}"
        found = {place: times for place, times in reasons.items() if place[0] == step["step"]}
        if told != found:
            yield f"{step['step']} tells of rejects {told}, its rows of {found}"
    for step, after in itertools.pairwise(steps):
        passed = step["kept"] if step["step"] in leg.groups else step["gave"]  # groups are counted by members
        if passed != after["offered"]:
            yield f"{step['step']} passed on {passed}, {after['step']} was offered {after['offered']}"
    if steps[-1]["gave"] != marker["rows"]:
        yield f"{steps[-1]['step']} gave {steps[-1]['gave']}, {marker['rows']} have landed"
    if unknown := {step for step, _ in reasons} - set(leg.steps):
        yield f"rejects of unknown steps {sorted(unknown)}"


def sha256(path: Path) -> str:
    """Digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def num_rows(path: Path) -> int:
    """Rows of a table, from its footer."""
    with pq.ParquetFile(path) as file:
        return int(file.metadata.num_rows)


def reasons_in(path: Path, leg: str) -> Counter[tuple[str, str]]:
    """How many rejects of a table have which step and reason.

    Raises:
        DamagedError: it is no table of this leg's rejects.
    """
    found: Counter[tuple[str, str]] = Counter()
    with pq.ParquetFile(path) as file:
        if not file.schema_arrow.equals(reject_schema()):
            raise DamagedError(f"{path.name}: its columns are not those of rejects")
        for batch in file.iter_batches(columns=["step", "reason", "leg"]):
            rows = batch.to_pylist()
            found.update((str(row["step"]), str(row["reason"])) for row in rows if row["leg"] == leg)
        if found.total() != file.metadata.num_rows or not all(
            REASON.fullmatch(reason) for _, reason in found
        ):
            raise DamagedError(f"{path.name}: rejects of another leg, or without a fixed word as reason")
    return found


def rows_of(folder: Path, lap: str) -> Iterator[tuple[object, ...]]:
    """The values of the index rows of a lap, none where they cannot be read: its own check tells of that."""
    try:
        with pq.ParquetFile(folder / f"part-{lap}.parquet") as file:
            if file.schema_arrow.equals(schema_of(IndexRow)):
                for batch in file.iter_batches():
                    yield from (tuple(row.values()) for row in batch.to_pylist())
    except (OSError, pa.ArrowException):
        return
