"""Whether a data set keeps every promise of formats.md. Reads a stranger's folder or store, writes nothing.

What is wrong is counted under the name of a check and never stops the audit; nothing is extracted to disk,
and sizes are bounded before memory is taken.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from dataset.index import read_index
from dataset.names import INDEX, NEXT, RUN, SHARD, SHARDS, tar_place
from dataset.tombstones import tombstones_of
from dataset.verify.rows import row_faults, twice
from dataset.verify.sample import CHECKS
from dataset.verify.shards import file_faults, is_plain_file, shard_faults
from engine.audit_landings import LegNames, comparable, read_landings
from engine.audit_withdrawn import traces
from schemas.index import IndexRow
from schemas.version import DRAWING, READABLE, SCHEMA
from storage.json_files import SHOWN, json_at, misfits
from storage.place import Place, Where

MEANINGS = {
    "run": "run.json says what made the data set",
    "index": "index.parquet can be read, has this schema and is in the order of its keys",
    "rows": "every row can be true",
    "unique": "no sample is there twice, no stretch of a track is in two samples",
    "files": "every tar that the index names is there, and nothing else is",
    "shards": "every tar is whole and holds exactly the indexed samples, where the index says",
    "seen": "every row's sample was found and looked into",
    "digest": "every sample's bytes are those that were indexed",
    "members": "every sample has all its members and no other",
    "videos": "every video decodes to the sample's number of frames, in its size, on the 24 fps clock",
    "references": "every reference is a picture of the canvas's size",
    "sound": "every sound decodes and is as long as its sample",
    "tracks": "every array has its name, type and shape, and values that can be",
    "meta": "every meta.json is complete and agrees with the index",
    "landings": "every landing is whole and agrees with its marker",
    "conservation": "kept plus rejected is offered, at every step and from leg to leg",
    "withdrawn": "nothing tells of a source that has left",
    "landed": "the index holds what the shards' landings hold",
}
"""The checks, in the order of a report."""

FIRST = 10
"""Failures of a check that are told in full."""

RUN_SHAPE = {"schema": int, "drawing": int}
RUN_KEYS = ("recipe", "settings", "code", "estimators")


@dataclass
class Verdict:
    """What an audit has found under one check."""

    looked_at: int = 0
    failed: int = 0
    first: list[str] = field(default_factory=list)

    def fail(self, what: str) -> None:
        """Count one failure."""
        self.failed += 1
        if len(self.first) < FIRST:
            self.first.append(what)


Report = dict[str, Verdict]
"""Verdicts by the names of their checks; those that were left out are missing."""


def audit(
    out: Where,
    legs: Sequence[LegNames],
    *,
    quick: bool,
    workers: int,
    watch: Callable[[int, int], None],
) -> Report:
    """Verdicts on the data set in `out`, whose `legs` ran, each behind those that it comes after.

    While a run is under way to the next index, landings are its, and nothing is said of them. A quick audit
    reads the index and the headers of the tars only. `watch` is told how many samples of how
    many have been looked at; `workers` tars are read at a time.

    Raises:
        FileNotFoundError: there is nothing.
        OSError: its store denies it or does not answer.
    """
    place = Place.at(out)
    if not (place.files(SHARDS) if place.folder is None else place.folder.is_dir()):
        raise FileNotFoundError(f"{place} is no folder of a data set")
    report: Report = {}
    changing = is_changing(place)
    rows = audit_index(place, report)
    by_shard: defaultdict[str, list[IndexRow]] = defaultdict(list)
    for row in rows:
        if SHARD.fullmatch(row.shard):
            by_shard[row.shard].append(row)
    enter(report, "files", file_faults(place, by_shard.keys(), changing=changing), len(by_shard))
    audit_shards(place, rows, by_shard, report, quick=quick, workers=workers, watch=watch)
    if not quick:
        enter(report, "run", run_faults(place), 1)
        audit_withdrawn(place, report)
        if not changing:
            audit_landings(place, legs, rows, report)
    return {name: report[name] for name in MEANINGS if name in report}


def is_changing(place: Place) -> bool:
    """Whether a run is under way from the index of a data set to its next one, or was stopped there."""
    return place.size(NEXT) is not None and place.size(INDEX) is not None


def enter(report: Report, check: str, failures: Iterable[str], looked_at: int) -> None:
    """Count failures under a check."""
    verdict = report.setdefault(check, Verdict())
    verdict.looked_at += looked_at
    for failure in failures:
        verdict.fail(failure)


def audit_index(place: Place, report: Report) -> Sequence[IndexRow]:
    """The rows of the index, none where it cannot be read, and the verdicts on them."""
    try:
        rows = read_index(place, trusted=False).rows()
    except (OSError, ValueError) as error:
        enter(report, "index", [str(error)], 1)
        return ()
    disorder = (f"{row.key} after {last.key}" for last, row in itertools.pairwise(rows) if row.key < last.key)
    enter(report, "index", disorder, 1)
    enter(report, "rows", (f"{row.key}: {fault}" for row in rows for fault in row_faults(row)), len(rows))
    enter(report, "unique", twice(rows), len(rows))
    return rows


def audit_shards(
    place: Place,
    rows: Sequence[IndexRow],
    by_shard: Mapping[str, Sequence[IndexRow]],
    report: Report,
    *,
    quick: bool,
    workers: int,
    watch: Callable[[int, int], None],
) -> None:
    """Enter the verdicts on every tar that is there and on its samples; tars are read side by side."""
    total, done = sum(map(len, by_shard.values())), 0
    seen: Counter[str] = Counter()
    shards = [shard for shard in sorted(by_shard) if is_plain_file(place, shard)]
    enter(report, "shards", (), len(shards))
    with ThreadPoolExecutor(workers) as pool:
        found = pool.map(partial(shard_faults, place, by_shard, quick=quick), shards)
        for shard, (faults, keys) in zip(shards, found, strict=True):
            for fault in faults:
                enter(report, fault.check, [f"{shard}: {fault.detail}"], 0)
            for check in () if quick else CHECKS:
                enter(report, check, (), len(keys))
            seen.update(keys)
            done += len(by_shard[shard])
            watch(done, total)
    unseen = Counter(row.key for row in rows) - seen
    enter(report, "seen", (f"{key}: nothing is known of it" for key in sorted(unseen.elements())), len(rows))


def audit_withdrawn(place: Place, report: Report) -> None:
    """Enter the verdict on traces of those that have left, where somebody has."""
    try:
        stones = tombstones_of(place)
    except (OSError, ValueError) as error:
        enter(report, "withdrawn", [str(error)], 1)
        return
    if stones.stones:
        enter(report, "withdrawn", traces(place, stones), len(stones.stones))


def run_faults(place: Place) -> Iterator[str]:
    """What is wrong with `run.json`."""
    try:
        stored = json_at(place, RUN)
    except (OSError, ValueError) as error:
        yield str(error)
        return
    if not isinstance(stored, dict):
        yield "no JSON object"
        return
    known = {name: stored[name] for name in RUN_SHAPE if name in stored}
    yield from misfits(known, RUN_SHAPE, "run")
    yield from (f"{name} is missing" for name in RUN_KEYS if name not in stored)
    if known.get("schema") not in READABLE or known.get("drawing") != DRAWING:
        yield f"schema and drawing are {SHOWN.repr(known)}, expected one of {READABLE} and {DRAWING}"


def audit_landings(place: Place, legs: Sequence[LegNames], rows: Sequence[IndexRow], report: Report) -> None:
    """Enter the verdicts on the landings."""
    landings = read_landings(place, legs)
    for check in ("landings", "conservation"):
        details = (fault.detail for fault in landings.faults if fault.check == check)
        enter(report, check, details, landings.laps)
    indexed = Counter(map(values_of, rows))
    differing = (indexed - landings.rows) + (landings.rows - indexed)
    enter(report, "landed", sorted({f"{values[0]} differs" for values in differing}), len(rows))


def values_of(row: IndexRow) -> tuple[object, ...]:
    """A row's values, the key first; of its tar the place alone, which is all that its landing knows."""
    values = {name: getattr(row, name) for name in IndexRow.__dataclass_fields__}
    compared = (values | {"shard": tar_place(row.shard)}).values()
    return tuple(compared) if row.schema == SCHEMA else comparable(compared)
