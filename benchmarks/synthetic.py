"""A finished ledger of synthetic rows: landings as the real code writes them, byte for byte, without videos.

The rows of one lap of each leg are encoded, then written again for every lap under keys of its own. The plan
that names the laps and their inputs is the real one.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.core import Tally
from engine.lap_tables import BATCH_BYTES, reject_schema
from engine.ledger import Landed, Lap, Ledger, digest, marker_text, read_all
from engine.leg import Leg
from pipeline.corpora.listing import enlist
from pipeline.flow import Curation, legs
from schemas.arrays import array_spec
from schemas.arrow import encode, field_types
from schemas.index import IndexRow
from schemas.media import Clip, Listed, Source
from schemas.origin import Origin
from schemas.tracks import Tracked

SOURCES_PER_LAP = Curation().sources_per_lap
NUM_FRAMES = 25
CANVASES = ((640, 960), (784, 784), (960, 640))
MARK = "#" * 12
"""Stands for the key of a source in the rows that are written again and again."""
MOST_LINKS = 60_000
"""Names that a file system gives one file; ext4 allows 65000."""


def key_of(source: int) -> str:
    """Key of a source."""
    return f"{source:012x}"


def record(cls: Any, filler: str, **stated: Any) -> Any:
    """A record with arrays of zeros, `NUM_FRAMES` long, and the filler in all strings that are not stated."""
    return cls(**{name: stated.get(name, value_of(hint, filler)) for name, hint in field_types(cls).items()})


def value_of(hint: Any, filler: str) -> Any:
    """A value of this type."""
    spec = array_spec(hint)
    if spec is not None:
        sizes = {"t": NUM_FRAMES, "k": 33, "n": 2, "d": 144}
        shape = [int(axis) if axis.isdigit() else sizes.get(axis, 1) for axis in spec.axes.names]
        return np.zeros(shape, spec.dtype)
    if hint in (int, float, bool):
        return hint(1)
    if hint is str:
        return filler
    args = get_args(hint)
    if type(None) in args:
        return None
    if hasattr(hint, "__dataclass_fields__"):
        return record(hint, filler)
    if getattr(hint, "__origin__", None) is tuple:
        return (value_of(args[0], filler),)
    if getattr(hint, "__origin__", None) is dict:
        return {"name": value_of(args[1], filler)}
    return args[0]  # a literal


def pressed(stamp: pa.Table, sources: Sequence[int]) -> pa.Table:
    """The stamp's rows for these sources: for as many as it was made for, or for fewer or more."""
    keys = [key_of(source) for source in sources for _ in range(stamp.num_rows // SOURCES_PER_LAP)]
    rows = stamp.slice(0, len(keys))
    if len(keys) > stamp.num_rows:
        rows = stamp.take(np.resize(np.arange(stamp.num_rows), len(keys)))
    columns = [renamed(column.combine_chunks(), pa.array(keys)) for column in rows.columns]
    return pa.table(columns, schema=stamp.schema)


def renamed(array: pa.Array, keys: pa.Array) -> pa.Array:
    """The array with the mark in all strings replaced by the keys, one a row."""
    if pa.types.is_string(array.type):
        at = (array[0].as_py() or "").find(MARK)
        if at >= 0:
            head, tail = pc.utf8_slice_codeunits(array, 0, at), pc.utf8_slice_codeunits(array, at + len(MARK))
            return pc.binary_join_element_wise(head, keys, tail, "")
    if pa.types.is_struct(array.type):
        parts = [renamed(array.field(i), keys) for i in range(array.type.num_fields)]
        return pa.StructArray.from_arrays(parts, fields=list(array.type), mask=array.is_null())
    return array


def stamp_of(cls: Any, rows_per_source: int) -> pa.Table:
    """A lap of records whose keys are those of clips where there are several a source."""
    rows = []
    for row in range(rows_per_source):
        key = MARK if rows_per_source == 1 else f"{MARK}-{240 * row:06d}-0"
        message: dict[str, Any] = {"key": key, "uri": f"/videos/{MARK}.mp4"}
        if "scene" in field_types(cls):
            width, height = CANVASES[row % len(CANVASES)]
            message["scene"] = record(field_types(cls)["scene"], MARK, width=width, height=height)
        rows.append(record(cls, MARK, **message))
    return encode(rows * SOURCES_PER_LAP, cls)


def make_ledger(out: Path, num_clips: int, clips_per_source: int) -> None:
    """Land all legs of a corpus of this many clips."""
    sources = range(num_clips // clips_per_source)
    listed = [
        Listed(
            key=key_of(number),
            uri=f"/videos/{key_of(number)}.mp4",
            origin=Origin(licence="CC0", domain="talk"),
        )
        for number in sources
    ]
    ledger = Ledger(out)
    enlist(ledger, listed, lambda: None)
    for leg in legs(Curation(), out):
        write_leg(ledger, leg, sources, clips_per_source)


def write_leg(ledger: Ledger, leg: Leg, sources: range, clips_per_source: int) -> None:
    """Land all laps of a leg, as its plan has them."""
    stamp = stamp_of(leg.gives, 1 if leg.gives is Source else clips_per_source)
    folder = Folder(leg, Path(ledger.place.uri) / leg.name, file_of(pressed(stamp, range(SOURCES_PER_LAP))))
    starts = range(0, len(sources), SOURCES_PER_LAP)
    ours: Iterable[range] = (sources[start : start + SOURCES_PER_LAP] for start in starts)
    if leg.name == "catalogue" or leg.gives is IndexRow:
        ours = itertools.repeat(sources)
    laps = zip(leg.laps(ledger), ours, strict=False)
    for _ in read_all(partial(write_lap, folder, stamp), laps):
        pass


def write_lap(folder: Folder, stamp: pa.Table, lap_of: tuple[Lap, range]) -> None:
    """Land a lap of some sources."""
    lap, sources = lap_of
    if folder.leg.gives in (Clip, Tracked) and len(sources) == SOURCES_PER_LAP:
        folder.land(lap, folder.same, stamp.num_rows)  # no plan opens them
        return
    rows = shard_rows(stamp, lap) if folder.leg.gives is IndexRow else pressed(stamp, sources)
    folder.land(lap, file_of(rows), rows.num_rows)


def shard_rows(stamp: pa.Table, lap: Lap) -> pa.Table:
    """Rows of a tar: the keys that its plan names."""
    keys = lap.read.keywords["keys"].split()  # type: ignore[attr-defined]
    table = stamp.take([0] * len(keys))
    bucket, _, number = lap.name.partition("-")
    message = {
        "key": keys,
        "shard": [f"shards/{bucket}/{number}.tar"] * len(keys),
        "sha256": [hashlib.sha256(key.encode()).hexdigest() for key in keys],
    }
    for name, values in message.items():
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.schema.field(place), pa.array(values))
    return table


def file_of(table: pa.Table) -> bytes:
    """The table as the landings store it."""
    sink = pa.BufferOutputStream()
    most = -(-BATCH_BYTES // max(1, table.slice(0, 1).nbytes))  # rows come one by one, and wait until then
    with pq.ParquetWriter(sink, table.schema, compression="zstd") as writer:
        if table.num_rows:
            writer.write_table(table, row_group_size=most)
    return bytes(sink.getvalue())


class Folder:
    """The landings of one leg. Files of bytes that come often are one file of many names."""

    def __init__(self, leg: Leg, path: Path, same: bytes) -> None:
        self.leg, self.path, self.same = leg, path, same
        self.path.mkdir(parents=True)
        self.rejects = file_of(reject_schema().empty_table())
        self.often: dict[bytes, Path | None] = {same: None, self.rejects: None}

    def land(self, lap: Lap, rows: bytes, kept: int) -> None:
        """Put a lap's three files in their places."""
        self.put(f"part-{lap.name}.parquet", rows)
        self.put(f"rejects-{lap.name}.parquet", self.rejects)
        counts = {"offered": lap.items, "kept": lap.items, "gave": kept, "offered_s": 40.0, "gave_s": 40.0}
        landed = Landed(
            inputs=lap.inputs,
            rows=kept,
            rejects=0,
            content=digest(*(hashlib.sha256(data).hexdigest() for data in (rows, self.rejects))),
            steps=tuple(Tally(step=step.name, busy_s=1.0, **counts) for step in self.leg.steps),  # type: ignore[arg-type]
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
