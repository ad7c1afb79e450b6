"""Which laps a leg has, as pure functions of what has landed before it.

Lap names are stable: a grown corpus adds laps and leaves the others as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from pipeline.landing import Lap, Ledger, digest
from schemas.index import ShardPlan, bucket_name
from schemas.media import Listed, Source
from schemas.sample import Sample

T = TypeVar("T")


def listed(ledger: Ledger, leg: str, settings: str, *, sources_per_lap: int) -> list[Lap]:
    """Chunks of the listing, each part of it cut on its own."""
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
                    read=partial(
                        _slice, leg="listing", name=part, cls=Listed, start=start, stop=start + len(chunk)
                    ),
                )
            )
    return laps


def at_once(ledger: Ledger, leg: str, settings: str, *, before: str, cls: type) -> list[Lap]:
    """One lap over all that the leg before has landed."""
    names = ledger.names(before)
    landed = [_landed(ledger, before, name) for name in names]
    return [
        Lap(
            leg=leg,
            name=f"{0:06d}",
            inputs=digest(settings, *(lap.content for lap in landed)),
            items=sum(lap.rows for lap in landed),
            read=partial(_all_rows, leg=before, names=tuple(names), cls=cls),
        )
    ]


def first_copies(ledger: Ledger, leg: str, settings: str, *, sources: str, catalogue: str) -> list[Lap]:
    """The laps of the sources again, each with only those that the catalogue kept."""
    kept = {
        uri
        for name in ledger.names(catalogue)
        for uri in ledger.columns(catalogue, name, ["uri"])["uri"].to_pylist()
    }
    laps = []
    for name in ledger.names(sources):
        uris = tuple(uri for uri in ledger.columns(sources, name, ["uri"])["uri"].to_pylist() if uri in kept)
        laps.append(
            Lap(
                leg=leg,
                name=name,
                inputs=digest(settings, _landed(ledger, sources, name).content, *uris),
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
        return [self.after(ledger, leg, settings, name) for name in ledger.names(self.before)]

    def after(self, ledger: Ledger, leg: str, settings: str, name: str) -> Lap:
        """The lap that reads a landed lap of the leg before."""
        landed = _landed(ledger, self.before, name)
        return Lap(
            leg=leg,
            name=name,
            inputs=digest(settings, landed.content),
            items=landed.rows,
            read=partial(_all_rows, leg=self.before, names=(name,), cls=self.cls),
        )


def shards(ledger: Ledger, leg: str, settings: str, *, before: str, samples_per_shard: int) -> list[Lap]:
    """One lap a tar: samples of one canvas in the order of their keys, wherever they landed."""
    where: dict[str, tuple[str, str]] = {}
    buckets: list[tuple[str, str]] = []
    for name in ledger.names(before):
        content = _landed(ledger, before, name).content
        table = ledger.columns(before, name, ["key", "scene.width", "scene.height"])
        for key, width, height in zip(*(column.to_pylist() for column in table.columns), strict=True):
            where[key] = (name, content)
            buckets.append((key, bucket_name(width, height)))
    laps = []
    for bucket, number, keys in plan_shards(buckets, samples_per_shard):
        key = f"{bucket}/{number:06d}"
        laps.append(
            Lap(
                leg=leg,
                name=f"{bucket}-{number:06d}",
                inputs=digest(
                    settings, key, *(part for sample in keys for part in (sample, where[sample][1]))
                ),
                items=len(keys),
                read=partial(
                    _shard,
                    leg=before,
                    key=key,
                    bucket=bucket,
                    places=tuple((where[sample][0], sample) for sample in keys),
                ),
            )
        )
    return laps


def plan_shards(
    samples: Iterable[tuple[str, str]], samples_per_shard: int
) -> list[tuple[str, int, tuple[str, ...]]]:
    """Bucket, number and sample keys of each tar, from (key, bucket) pairs.

    Samples of a bucket lie in the order of their keys, so those of one source stay together: the shard stage
    opens few sources, and the loader shuffles anyway.
    """
    by_bucket: dict[str, list[str]] = {}
    for key, bucket in samples:
        by_bucket.setdefault(bucket, []).append(key)
    return [
        (bucket, number, tuple(keys))
        for bucket in sorted(by_bucket)
        for number, keys in enumerate(batched(sorted(by_bucket[bucket]), samples_per_shard))
    ]


def batched(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Consecutive stretches of at most `size`."""
    return (keys[start : start + size] for start in range(0, len(keys), size))


def _landed(ledger: Ledger, leg: str, name: str) -> Any:
    landed = ledger.landed(leg, name)
    if landed is None:
        raise AssertionError(f"lap {leg}/{name} was listed and has no marker")
    return landed


def _slice(ledger: Ledger, *, leg: str, name: str, cls: type[T], start: int, stop: int) -> Iterator[T]:
    return islice(ledger.rows(leg, name, cls), start, stop)


def _all_rows(ledger: Ledger, *, leg: str, names: Sequence[str], cls: type[T]) -> Iterator[T]:
    for name in names:
        yield from ledger.rows(leg, name, cls)


def _sources(ledger: Ledger, *, leg: str, name: str, uris: Sequence[str]) -> Iterator[Source]:
    wanted = set(uris)
    return (source for source in ledger.rows(leg, name, Source) if source.uri in wanted)


def _shard(
    ledger: Ledger, *, leg: str, key: str, bucket: str, places: Sequence[tuple[str, str]]
) -> Iterable[ShardPlan]:
    wanted = {sample: None for _, sample in places}
    found = {
        sample.key: sample
        for name in sorted({name for name, _ in places})
        for sample in ledger.rows(leg, name, Sample, keys=wanted)
    }
    return [ShardPlan(key=key, bucket=bucket, members=tuple(found[sample] for sample in wanted))]
