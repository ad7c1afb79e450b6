"""Which laps a leg has, as pure functions of what has landed before it.

Lap names are stable: a grown corpus adds laps and leaves the others as they are.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dataset.names import SOURCE_DIGITS
from engine.ledger import Lap, Ledger, digest, read_all
from engine.leg import Leg
from schemas.arrow import to_row
from schemas.index import ShardPlan, bucket_name
from schemas.media import Listed, Source
from schemas.origin import Origin
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
                        leg.settings, *(fact for row in chunk for fact in (row.uri, repr(to_row(row.origin))))
                    ),
                    earlier=tuple(inputs_of_schema_1(leg, chunk)),
                    items=len(chunk),
                    read=partial(_given, rows=chunk),
                )
            )
    return laps


def inputs_of_schema_1(leg: Leg, chunk: Sequence[Listed]) -> Iterator[str]:
    """The inputs of a chunk's lap as data sets of schema 1 told them, which knew a licence and a domain."""
    facts = [fact for row in chunk for fact in (row.uri, row.origin.licence, row.origin.domain)]
    plain = (Origin(licence=row.origin.licence, domain=row.origin.domain) for row in chunk)
    if all(to_row(row.origin) == to_row(origin) for row, origin in zip(chunk, plain, strict=True)):
        yield from (digest(settings, *facts) for settings in (leg.settings, leg.earlier) if settings)


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


def shards(ledger: Ledger, leg: Leg, *, samples_per_shard: int, denied: Mapping[str, str]) -> list[Lap]:
    """One lap a tar: samples of one canvas in the order of their keys, wherever they landed.

    Those that are denied are among them, as the shard stage rejects them: no other tar begins elsewhere.
    """
    (before,) = leg.after
    names = ledger.names(before)
    tars = plan_shards(_places(ledger, before, names), samples_per_shard)
    return [_tar(before, leg, bucket, held, names, denied) for bucket, held in tars]


PLACES = pa.schema(
    [
        ("key", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("content", pa.int64()),
        ("lap", pa.int32()),
    ]
)
"""Columns of a plan of tars: a sample's key, its canvas, its content, and which lap it landed in.

There may be millions of rows: nothing that repeats is a string.
"""
LAPS_AT_ONCE = 1024
"""Tables of laps that wait to be put together: small ones take more memory than their rows."""


def plan_shards(samples: pa.Table, samples_per_shard: int) -> Iterator[tuple[str, pa.Table]]:
    """Bucket and samples of each tar, from a table of `PLACES`.

    Samples of a bucket lie in the order of their keys, so those of one source stay together: the shard stage
    opens few sources, and the loader shuffles anyway.
    """
    canvases = samples.select(["width", "height"]).group_by(["width", "height"]).aggregate([]).to_pylist()
    for bucket, canvas in sorted((bucket_name(**canvas), canvas) for canvas in canvases):
        ours = pc.and_(*(pc.equal(samples[side], canvas[side]) for side in ("width", "height")))
        held = samples.select(["key", "content", "lap"]).filter(ours)
        held = held.take(pc.sort_indices(held["key"])).combine_chunks()
        first = 0
        for size in tar_sizes(sources_of(held["key"]), samples_per_shard):
            yield bucket, held.slice(first, size)
            first += size


SOURCE_BITS = 4 * SOURCE_DIGITS


def tar_sizes(source: NDArray[np.int64], most: int, bits: int = SOURCE_BITS) -> Iterator[int]:
    """How many samples of a bucket lie in each of its tars, given the sources of all, in order.

    All samples are one tar unless they are more than `most`; then those of the lower and of the upper half of
    all digests are looked at in the same way, and so on. So where a tar begins is told by keys alone, and a
    source that comes or leaves changes the one tar that its digest falls into: that is parted, or joined with
    what it was parted from. A source of more than `most` samples is cut into runs.
    """
    if len(source) <= most or bits == 0:
        yield from (min(most, len(source) - first) for first in range(0, len(source), most))
        return
    upper = (int(source[0]) >> bits << bits) + (1 << bits - 1)
    middle = int(np.searchsorted(source, upper))
    yield from tar_sizes(source[:middle], most, bits - 1)
    yield from tar_sizes(source[middle:], most, bits - 1)


def sources_of(keys: pa.ChunkedArray) -> NDArray[np.int64]:
    """The digits of the source that each key begins with, as a number."""
    digits = pa.concat_arrays(
        pc.utf8_slice_codeunits(keys, 0, SOURCE_DIGITS).chunks or [pa.array([], pa.string())]
    )
    text = (digits.buffers()[2] or pa.py_buffer(b""))[: SOURCE_DIGITS * len(digits)]
    padded = np.zeros((len(digits), 8), np.uint8)
    padded[:, 8 - SOURCE_DIGITS // 2 :] = np.frombuffer(
        bytes.fromhex(bytes(text).decode()), np.uint8
    ).reshape(len(digits), SOURCE_DIGITS // 2)
    return padded.view(">i8")[:, 0].astype(np.int64)


def _places(ledger: Ledger, leg: str, names: Iterable[str]) -> pa.Table:
    """The samples of all laps."""
    tables = read_all(partial(_places_of, ledger, leg), enumerate(names))
    blocks = [PLACES.empty_table()]
    while batch := list(islice(tables, LAPS_AT_ONCE)):
        blocks.append(pa.concat_tables(batch).combine_chunks())
    return pa.concat_tables(blocks)


def _places_of(ledger: Ledger, leg: str, numbered: tuple[int, str]) -> pa.Table:
    """The samples of a lap."""
    number, name = numbered
    table = ledger.columns(leg, name, ["key", "scene.width", "scene.height", "content"])
    lap = pa.repeat(number, table.num_rows)
    return pa.table([*table.columns, lap], names=PLACES.names).cast(PLACES)


def _contents(ledger: Ledger, leg: str) -> dict[str, str]:
    """What the laps of a leg gave, by their names: digests."""
    return {name: landed.content for name, landed in ledger.all_landed(leg)}


def _tar(
    before: str, leg: Leg, bucket: str, held: pa.Table, names: Sequence[str], denied: Mapping[str, str]
) -> Lap:
    """A tar; `names` are those of all laps before."""
    keys = held["key"].to_pylist()
    place = f"{bucket}/{keys[0]}"
    contents = [
        f"{content}{denied.get(key, '')}"
        for key, content in zip(keys, held["content"].to_pylist(), strict=True)
    ]
    return Lap(
        leg=leg.name,
        name=f"{bucket}-{keys[0]}",
        inputs=digest(leg.settings, place, *itertools.chain.from_iterable(zip(keys, contents, strict=True))),
        items=len(keys),
        read=partial(
            _shard,
            leg=before,
            key=place,
            bucket=bucket,
            names=" ".join(sorted({names[lap] for lap in held["lap"].to_pylist()})),
            keys=" ".join(keys),
        ),
    )


def keys_of(tar: Lap) -> list[str]:
    """Keys of the samples of a lap of `shards`, in order, told without reading them."""
    assert isinstance(tar.read, partial)
    keys: str = tar.read.keywords["keys"]
    return keys.split()


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
