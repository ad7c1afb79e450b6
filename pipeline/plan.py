"""Which laps a leg has, as pure functions of what has landed before it.

Lap names are stable: a grown corpus adds laps and leaves the others as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import pyarrow as pa

from pipeline.landing import Landed, Lap, Ledger, digest, read_all
from schemas.index import ShardPlan, bucket_name
from schemas.media import Listed, Source
from schemas.sample import Sample

T = TypeVar("T")


def listed(ledger: Ledger, leg: str, settings: str, *, sources_per_lap: int) -> list[Lap]:
    """Chunks of the listing, each part of it cut on its own. A lap carries its rows: they are few."""
    laps: list[Lap] = []
    for part in ledger.names("listing"):
        rows = list(ledger.rows("listing", part, Listed))
        for start in range(0, len(rows), sources_per_lap):
            chunk = rows[start : start + sources_per_lap]
            laps.append(
                Lap(
                    leg=leg,
                    name=f"{len(laps):06d}",
                    inputs=digest(
                        settings, *(fact for row in chunk for fact in (row.uri, row.licence, row.domain))
                    ),
                    items=len(chunk),
                    read=partial(_given, rows=chunk),
                )
            )
    return laps


def at_once(ledger: Ledger, leg: str, settings: str, *, before: str, cls: type) -> list[Lap]:
    """One lap over all that the leg before has landed."""
    landed = ledger.all_landed(before)
    return [
        Lap(
            leg=leg,
            name=f"{0:06d}",
            inputs=digest(settings, *(lap.content for lap in landed.values())),
            items=sum(lap.rows for lap in landed.values()),
            read=partial(_all_rows, leg=before, names=tuple(landed), cls=cls),
        )
    ]


def first_copies(ledger: Ledger, leg: str, settings: str, *, sources: str, catalogue: str) -> list[Lap]:
    """The laps of the sources again, each with only those that the catalogue kept."""
    kept = {uri for name in ledger.names(catalogue) for uri in _uris(ledger, catalogue, name)}
    landed = ledger.all_landed(sources)
    found = read_all(partial(_uris, ledger, sources), landed)
    laps = []
    for (name, lap), listed_uris in zip(landed.items(), found, strict=True):
        uris = tuple(uri for uri in listed_uris if uri in kept)
        laps.append(
            Lap(
                leg=leg,
                name=name,
                inputs=digest(settings, lap.content, *uris),
                items=len(uris),
                read=partial(_sources, leg=sources, name=name, uris=uris),
            )
        )
    return laps


@dataclass(frozen=True, kw_only=True)
class LapForLap:
    """One lap for each of the leg before; each can begin as soon as its own has landed."""

    before: str
    cls: type

    def __call__(self, ledger: Ledger, leg: str, settings: str) -> list[Lap]:
        """The laps whose lap of the leg before has landed."""
        landed = ledger.all_landed(self.before)
        return [self.after(leg, settings, name, lap) for name, lap in landed.items()]

    def after(self, leg: str, settings: str, name: str, landed: Landed) -> Lap:
        """The lap that reads a landed lap of the leg before."""
        return Lap(
            leg=leg,
            name=name,
            inputs=digest(settings, landed.content),
            items=landed.rows,
            read=partial(_all_rows, leg=self.before, names=(name,), cls=self.cls),
        )


def shards(ledger: Ledger, leg: str, settings: str, *, before: str, samples_per_shard: int) -> list[Lap]:
    """One lap a tar: samples of one canvas in the order of their keys, wherever they landed."""
    contents = {name: landed.content for name, landed in ledger.all_landed(before).items()}
    places = read_all(partial(_places, ledger, before), contents)
    tars = plan_shards(pa.concat_tables([PLACES.empty_table(), *places]), samples_per_shard)
    del places  # six million rows are in memory twice while they are sorted: not thrice
    return [_tar(before, leg, settings, bucket, number, held, contents) for bucket, number, held in tars]


PLACES = pa.schema([("key", pa.string()), ("bucket", pa.string()), ("lap", pa.string())])
"""Columns of a plan of tars: a sample's key, its canvas, and the lap that it landed in."""


def plan_shards(samples: pa.Table, samples_per_shard: int) -> Iterator[tuple[str, int, pa.Table]]:
    """Bucket, number and samples of each tar, from a table of `PLACES`.

    Samples of a bucket lie in the order of their keys, so those of one source stay together: the shard stage
    opens few sources, and the loader shuffles anyway.
    """
    samples = samples.sort_by([("bucket", "ascending"), ("key", "ascending")])
    start = 0
    for count in samples["bucket"].value_counts():
        bucket, stop = count["values"].as_py(), start + count["counts"].as_py()
        for number, first in enumerate(range(start, stop, samples_per_shard)):
            yield bucket, number, samples.slice(first, min(samples_per_shard, stop - first))
        start = stop


def _places(ledger: Ledger, leg: str, name: str) -> pa.Table:
    table = ledger.columns(leg, name, ["key", "scene.width", "scene.height"])
    keys, widths, heights = (column.to_pylist() for column in table.columns)
    buckets = map(bucket_name, widths, heights)
    return pa.table([keys, list(buckets), [name] * len(keys)], schema=PLACES)


def _tar(
    before: str,
    leg: str,
    settings: str,
    bucket: str,
    number: int,
    held: pa.Table,
    contents: Mapping[str, str],
) -> Lap:
    keys, laps = held["key"].to_pylist(), held["lap"].to_pylist()
    place = f"{bucket}/{number:06d}"
    parts = (part for key, lap in zip(keys, laps, strict=True) for part in (key, contents[lap]))
    return Lap(
        leg=leg,
        name=f"{bucket}-{number:06d}",
        inputs=digest(settings, place, *parts),
        items=len(keys),
        read=partial(
            _shard,
            leg=before,
            key=place,
            bucket=bucket,
            names=" ".join(sorted(set(laps))),
            keys=" ".join(keys),
        ),
    )


def _uris(ledger: Ledger, leg: str, name: str) -> list[str]:
    uris: list[str] = ledger.columns(leg, name, ["uri"])["uri"].to_pylist()
    return uris


def _given(_: Ledger, *, rows: Sequence[T]) -> Sequence[T]:
    return rows


def _all_rows(ledger: Ledger, *, leg: str, names: Sequence[str], cls: type[T]) -> Iterator[T]:
    for name in names:
        yield from ledger.rows(leg, name, cls)


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
