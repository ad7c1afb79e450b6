"""A finished ledger of synthetic rows: landings as the real code writes them, without videos.

The rows of one lap of each leg are encoded, then written again for every lap under keys of its own. The plan
that names the laps and their inputs is the real one.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.core import Tally
from pipeline.flow import Curation, legs
from pipeline.landing import Landed, Lap, Ledger, digest, marker_text, reject_schema
from pipeline.leg import Leg
from pipeline.listing import enlist
from schemas.arrays import array_spec
from schemas.arrow import encode, field_types
from schemas.index import IndexRow
from schemas.media import Clip, Listed, Source
from schemas.tracks import Tracked

SOURCES_PER_LAP = Curation().sources_per_lap
NUM_FRAMES = 25
CANVASES = ((640, 960), (784, 784), (960, 640))
MOST_LINKS = 60_000
"""Names that a file system gives one file; ext4 allows 65000."""


def key_of(source: int) -> str:
    """Key of a source."""
    return f"{source:012x}"


def record(cls: Any, filler: str, **said: Any) -> Any:
    """A record with arrays of zeros, `NUM_FRAMES` long, and the filler in all strings that are not said."""
    return cls(**{name: said.get(name, value_of(hint, filler)) for name, hint in field_types(cls).items()})


def value_of(hint: Any, filler: str) -> Any:
    """A value of this type."""
    spec = array_spec(hint)
    if spec is not None:
        sizes = {"t": NUM_FRAMES, "k": 33, "n": 2, "d": 144}
        shape = [int(axis) if axis.isdigit() else sizes[axis] for axis in spec.axes.names]
        return np.zeros(shape, spec.dtype)
    if hint in (int, float, bool):
        return hint(1)
    if hint is str:
        return filler
    args = get_args(hint)
    if hasattr(hint, "__dataclass_fields__"):
        return record(hint, filler)
    if getattr(hint, "__origin__", None) is tuple:
        return (value_of(args[0], filler),)
    if getattr(hint, "__origin__", None) is dict:
        return {"name": value_of(args[1], filler)}
    return args[0]  # a literal


def pressed(stamp: pa.Table, sources: Iterable[int]) -> pa.Table:
    """The stamp's rows for these sources: as many as it was made for, or fewer."""
    ours = list(sources)
    rows = stamp.slice(0, stamp.num_rows // SOURCES_PER_LAP * len(ours))
    columns = [renamed(column.combine_chunks(), ours) for column in rows.columns]
    return pa.table(columns, schema=stamp.schema)


def renamed(array: pa.Array, sources: Sequence[int]) -> pa.Array:
    """The array with the keys of the sources 0, 1, ... replaced in all strings."""
    if pa.types.is_string(array.type):
        for number, source in enumerate(sources):
            array = pc.replace_substring(array, f"#{number:011x}", key_of(source))
        return array
    if pa.types.is_struct(array.type):
        parts = [renamed(array.field(i), sources) for i in range(array.type.num_fields)]
        return pa.StructArray.from_arrays(parts, fields=list(array.type))
    return array


def stamp_of(cls: Any, rows_per_source: int) -> pa.Table:
    """A lap of records whose keys are those of clips where there are several a source."""
    rows = []
    for number in range(SOURCES_PER_LAP):
        source = f"#{number:011x}"
        for row in range(rows_per_source):
            key = source if rows_per_source == 1 else f"{source}-{240 * row:06d}-0"
            said: dict[str, Any] = {"key": key, "uri": f"/videos/{source}.mp4"}
            if "scene" in field_types(cls):
                width, height = CANVASES[row % len(CANVASES)]
                said["scene"] = record(field_types(cls)["scene"], source, width=width, height=height)
            rows.append(record(cls, source, **said))
    return encode(rows, cls)


def make_ledger(out: Path, num_clips: int, clips_per_source: int) -> None:
    """Land all legs of a corpus of this many clips."""
    sources = range(num_clips // clips_per_source)
    listed = [
        Listed(key=key_of(number), uri=f"/videos/{key_of(number)}.mp4", licence="cc0", domain="talk")
        for number in sources
    ]
    ledger = Ledger(out)
    enlist(ledger, listed)
    for leg in legs(Curation(), out):
        write_leg(ledger, leg, sources, clips_per_source)


def write_leg(ledger: Ledger, leg: Leg, sources: range, clips_per_source: int) -> None:
    """Land all laps of a leg, as its plan has them."""
    stamp = stamp_of(leg.gives, 1 if leg.gives is Source else clips_per_source)
    rejects = file_of(reject_schema().empty_table())
    same = file_of(pressed(stamp, range(SOURCES_PER_LAP)))
    folder = Folder(Path(ledger.place.uri) / leg.name, rejects, same)
    for start, lap in zip(itertools.count(0, SOURCES_PER_LAP), leg.laps(ledger), strict=False):
        ours = sources[start : start + SOURCES_PER_LAP]
        if leg.gives in (Clip, Tracked) and len(ours) == SOURCES_PER_LAP:
            folder.land(leg, lap, same, stamp.num_rows, rejects)  # no plan opens them
            continue
        if leg.name == "catalogue":
            rows = catalogue(stamp, sources)
        elif leg.gives is IndexRow:
            rows = shard_rows(stamp, lap)
        else:
            rows = pressed(stamp, ours)
        folder.land(leg, lap, file_of(rows), rows.num_rows, rejects)


def catalogue(stamp: pa.Table, sources: range) -> pa.Table:
    """All sources in one table."""
    starts = range(0, len(sources), SOURCES_PER_LAP)
    return pa.concat_tables(pressed(stamp, sources[start : start + SOURCES_PER_LAP]) for start in starts)


def shard_rows(stamp: pa.Table, lap: Lap) -> pa.Table:
    """Rows of a tar: the keys that its plan names."""
    keys = lap.read.keywords["keys"].split()  # type: ignore[attr-defined]
    table = stamp.take([0] * len(keys))
    bucket, _, number = lap.name.partition("-")
    said = {
        "key": keys,
        "shard": [f"shards/{bucket}/{number}.tar"] * len(keys),
        "sha256": [hashlib.sha256(key.encode()).hexdigest() for key in keys],
    }
    for name, values in said.items():
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.schema.field(place), pa.array(values))
    return table


def file_of(table: pa.Table) -> bytes:
    """The table as the landings store it."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=max(1, table.num_rows))
    return bytes(sink.getvalue())


class Folder:
    """The landings of one leg. Files of bytes that come often are one file of many names."""

    def __init__(self, path: Path, *often: bytes) -> None:
        self.path = path
        self.path.mkdir(parents=True)
        self.often: dict[bytes, Path | None] = dict.fromkeys(often)

    def land(self, leg: Leg, lap: Lap, rows: bytes, kept: int, rejects: bytes) -> None:
        """Put a lap's three files in their places."""
        self.put(f"part-{lap.name}.parquet", rows)
        self.put(f"rejects-{lap.name}.parquet", rejects)
        counts = {"offered": lap.items, "kept": lap.items, "gave": kept, "offered_s": 40.0, "gave_s": 40.0}
        landed = Landed(
            inputs=lap.inputs,
            rows=kept,
            rejects=0,
            content=digest(lap.name, *(hashlib.sha256(data).hexdigest() for data in (rows, rejects))),
            steps=tuple(Tally(step=step.name, busy_s=1.0, **counts) for step in leg.steps),  # type: ignore[arg-type]
        )
        (self.path / f"part-{lap.name}.done").write_text(marker_text(lap, landed))

    def put(self, name: str, data: bytes) -> None:
        """Write a file, or give one of the same bytes another name."""
        path, first = self.path / name, self.often.get(data)
        if first is not None and first.stat().st_nlink < MOST_LINKS:
            os.link(first, path)
            return
        path.write_bytes(data)
        if data in self.often:
            self.often[data] = path
