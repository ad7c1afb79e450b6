"""Which laps a leg has, as pure functions of what has landed before it.

Lap names are stable: a grown corpus adds laps and leaves the others as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from engine.ledger import Lap, Ledger, digest, read_all
from engine.leg import Leg
from schemas.index import ShardPlan, bucket_name
from schemas.media import Listed, Source
from schemas.sample import Sample

T = TypeVar("T")


def listed(ledger: Ledger, leg: Leg, *, sources_per_lap: int) -> list[Lap]:
    """Chunks of the listing, each part of it cut on its own. A lap carries its rows: they are few."""
    laps: list[Lap] = []
    for part in ledger.names("listing"):
        rows = ledger.rows("listing", part, Listed)
        while chunk := list(islice(rows, sources_per_lap)):
            laps.append(
                Lap(
                    leg=leg.name,
                    name=f"{len(laps):06d}",
                    inputs=digest(
                        leg.settings, *(fact for row in chunk for fact in (row.uri, row.licence, row.domain))
                    ),
                    items=len(chunk),
                    read=partial(_given, rows=chunk),
                )
            )
    return laps


def first_copies(ledger: Ledger, leg: Leg) -> list[Lap]:
    """The laps of the sources again, each with only those that the catalogue kept; the largest first.

    The leg comes after the catalogue, beside the sources. What is long must not come last, when no other lap
    is left for the other workers.
    """
    (catalogue,), (sources,) = leg.after, leg.beside
    kept = {uri for name in ledger.names(catalogue) for uri in _uris(ledger, catalogue, name)}
    contents = _contents(ledger, sources)
    found = read_all(partial(_sizes, ledger, sources), contents)
    laps = []
    for (name, content), sizes in zip(contents.items(), found, strict=True):
        uris = tuple(uri for uri in sizes if uri in kept)
        lap = Lap(
            leg=leg.name,
            name=name,
            inputs=digest(leg.settings, content, *uris),
            items=len(uris),
            read=partial(_sources, leg=sources, name=name, uris=uris),
        )
        laps.append((sum(sizes[uri] for uri in uris), lap))
    return [lap for _, lap in sorted(laps, key=lambda pair: -pair[0])]


def shards(ledger: Ledger, leg: Leg, *, samples_per_shard: int) -> list[Lap]:
    """One lap a tar: samples of one canvas in the order of their keys, wherever they landed."""
    (before,) = leg.after
    contents = _contents(ledger, before)
    tars = plan_shards(_places(ledger, before, contents), samples_per_shard)
    named = tuple(contents.items())
    return [_tar(before, leg, bucket, number, held, named) for bucket, number, held in tars]


PLACES = pa.schema([("key", pa.string()), ("width", pa.int32()), ("height", pa.int32()), ("lap", pa.int32())])
"""Columns of a plan of tars: a sample's key, its canvas, and which lap it landed in.

There may be millions of rows: nothing that repeats is a string.
"""
LAPS_AT_ONCE = 1024
"""Tables of laps that wait to be put together: small ones take more memory than their rows."""


def plan_shards(samples: pa.Table, samples_per_shard: int) -> Iterator[tuple[str, int, pa.Table]]:
    """Bucket, number and samples of each tar, from a table of `PLACES`.

    Samples of a bucket lie in the order of their keys, so those of one source stay together: the shard stage
    opens few sources, and the loader shuffles anyway.
    """
    canvases = samples.select(["width", "height"]).group_by(["width", "height"]).aggregate([]).to_pylist()
    for bucket, canvas in sorted((bucket_name(**canvas), canvas) for canvas in canvases):
        ours = pc.and_(*(pc.equal(samples[side], canvas[side]) for side in ("width", "height")))
        held = samples.select(["key", "lap"]).filter(ours)
        held = held.take(pc.sort_indices(held["key"])).combine_chunks()
        for number, first in enumerate(range(0, held.num_rows, samples_per_shard)):
            yield bucket, number, held.slice(first, samples_per_shard)


def _places(ledger: Ledger, leg: str, names: Iterable[str]) -> pa.Table:
    """The samples of all laps."""
    tables = read_all(partial(_places_of, ledger, leg), enumerate(names))
    blocks = [PLACES.empty_table()]
    while some := list(islice(tables, LAPS_AT_ONCE)):
        blocks.append(pa.concat_tables(some).combine_chunks())
    return pa.concat_tables(blocks)


def _places_of(ledger: Ledger, leg: str, numbered: tuple[int, str]) -> pa.Table:
    """The samples of a lap."""
    number, name = numbered
    table = ledger.columns(leg, name, ["key", "scene.width", "scene.height"])
    lap = pa.repeat(number, table.num_rows)
    return pa.table([*table.columns, lap], names=PLACES.names).cast(PLACES)


def _contents(ledger: Ledger, leg: str) -> dict[str, str]:
    """What the laps of a leg gave, by their names: digests."""
    return {name: landed.content for name, landed in ledger.all_landed(leg)}


def _tar(
    before: str,
    leg: Leg,
    bucket: str,
    number: int,
    held: pa.Table,
    landed: Sequence[tuple[str, str]],
) -> Lap:
    """A tar; `landed` are the names and digests of all laps before."""
    keys, laps = held["key"].to_pylist(), held["lap"].to_pylist()
    place = f"{bucket}/{number:06d}"
    parts = (part for key, lap in zip(keys, laps, strict=True) for part in (key, landed[lap][1]))
    return Lap(
        leg=leg.name,
        name=f"{bucket}-{number:06d}",
        inputs=digest(leg.settings, place, *parts),
        items=len(keys),
        read=partial(
            _shard,
            leg=before,
            key=place,
            bucket=bucket,
            names=" ".join(sorted({landed[lap][0] for lap in laps})),
            keys=" ".join(keys),
        ),
    )


def _uris(ledger: Ledger, leg: str, name: str) -> list[str]:
    uris: list[str] = ledger.columns(leg, name, ["uri"])["uri"].to_pylist()
    return uris


def _sizes(ledger: Ledger, leg: str, name: str) -> dict[str, int]:
    """Bytes of the sources of a lap, by their addresses."""
    uris, sizes = (column.to_pylist() for column in ledger.columns(leg, name, ["uri", "num_bytes"]).columns)
    return dict(zip(uris, sizes, strict=True))


def _given(_: Ledger, *, rows: Sequence[T]) -> Sequence[T]:
    return rows


def _sources(ledger: Ledger, *, leg: str, name: str, uris: Sequence[str]) -> Iterator[Source]:
    wanted = set(uris)
    return (source for source in ledger.rows(leg, name, Source) if source.uri in wanted)


def _shard(ledger: Ledger, *, leg: str, key: str, bucket: str, names: str, keys: str) -> Iterable[ShardPlan]:
    """The samples of one tar.

    Names and keys are joined by spaces: as single strings, those of six million samples would not fit into
    the memory that a plan may take.
    """
    wanted = dict.fromkeys(keys.split())
    found = {
        sample.key: sample for name in names.split() for sample in ledger.rows(leg, name, Sample, keys=wanted)
    }
    return [ShardPlan(key=key, bucket=bucket, members=tuple(found[sample] for sample in wanted))]
