"""The legs of pairs: what is measured of each, as a table, and the files of it that other trainers read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from dataset.pairing import ChosenPair, ChosenPairs
from dataset.pairs import rows_of
from dataset.reader import Reader
from engine.core import Step
from engine.ledger import Lap, Ledger, digest, marker_of, read_all
from engine.leg import Leg
from jobs.pair_manifests import FOLDERS, PairFile, WrittenFile, files_of, written
from pipeline.flow import SAMPLES
from schemas.base import record
from schemas.outcome import Rejected, UnfitError
from schemas.pairs import PairRow
from schemas.sample import Sample
from storage.place import Place
from storage.scratch import workplace

MEASURED, FILES = "pairs", "files"
"""The legs."""
PAIRS_A_LAP, FILES_A_LAP = 256, 64
MEMORY = 2**28
"""Bytes of a sample, its numbers and a window's pictures."""
T = TypeVar("T")


@dataclass(frozen=True)
class Looked:
    """Where it was landed how the person of a sample looks."""

    lap: str
    content: int  # of the sample


@record
class PairToMeasure:
    """A pair, and where it was landed how the people of its samples look, by their keys."""

    key: str
    uri: str  # of the target's source
    pair: ChosenPair
    known: Mapping[str, Looked]


@dataclass(frozen=True)
class LandedLooks:
    """Where it was landed how people look, for each row of an index."""

    laps: Sequence[str]
    lap: NDArray[np.int64]  # -1 where it is not known
    content: NDArray[np.int64]

    def of(self, row: int) -> Looked | None:
        """What is known of a row."""
        return Looked(self.laps[self.lap[row]], int(self.content[row])) if self.lap[row] >= 0 else None


@dataclass(frozen=True)
class PairsOfLap:
    """The pairs of a lap: numbers of rows while they lie here, records once they go to a worker."""

    chosen: ChosenPairs
    looks: LandedLooks

    def __iter__(self) -> Iterator[PairToMeasure]:
        rows = zip(self.chosen.driver.tolist(), self.chosen.target.tolist(), strict=True)
        for pair, (driver, target) in zip(self.chosen.pairs(), rows, strict=True):
            looks = {pair.driver.row.key: self.looks.of(driver), pair.target.row.key: self.looks.of(target)}
            yield PairToMeasure(
                key=pair.key,
                uri=pair.target.row.uri,
                pair=pair,
                known={key: found for key, found in looks.items() if found is not None},
            )

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (tuple(self),)

    def facts(self) -> Iterator[str]:
        """What their rows are made from."""
        chosen = self.chosen
        yield f"{chosen.kind} {chosen.frames}"
        for samples, starts in ((chosen.driver, chosen.driver_start), (chosen.target, chosen.target_start)):
            columns = chosen.index.table.select(["key", "sha256", "person", "subject"]).take(samples)
            texts = (column.cast(pa.string()).to_pylist() for column in columns)
            samples_facts = zip(*texts, starts.tolist(), strict=True)
            for fact, sample in zip(samples_facts, samples.tolist(), strict=True):
                yield f"{fact} {self.looks.of(sample)}"
        yield from chosen.index.table["key"].take(chosen.reference).cast(pa.string()).to_pylist()


class MeasurePairs:
    """A row for each pair; one of whose samples cannot be read is a reject."""

    def __init__(self, data: str) -> None:
        self.reader, self.ledger = Reader(data, verify=True), Ledger(data)

    def __call__(self, item: PairToMeasure) -> Iterator[PairRow]:
        """The row of a pair.

        Raises:
            Rejected: a sample cannot be read.
        """
        looks = {key: looks_of(self.ledger, known.lap, key) for key, known in item.known.items()}
        try:
            yield from rows_of([item.pair], self.reader, looks.get)
        except UnfitError as no:
            raise Rejected(no.reason, no.detail) from no


def measured(work: Place) -> pa.Table:
    """The rows of all pairs, in order."""
    ledger = Ledger(work)
    return pa.concat_tables(ledger.table(MEASURED, "part", name) for name in ledger.names(MEASURED))


def write_table(pairs: pa.Table, place: Place, name: str) -> None:
    """Put a table of pairs in its place, whole or not at all; halves that killed runs left beside it go."""
    place.sweep(of=name)
    with workplace() as folder:
        path = folder / "pairs.parquet"
        pq.write_table(pairs.combine_chunks(), path, compression="zstd")
        place.put(name, path)


def looks_of(ledger: Ledger, lap: str, key: str) -> NDArray[np.float64] | None:
    """How the person of a landed sample looks, a unit vector; None where nothing was seen."""
    (sample,) = ledger.rows(SAMPLES, lap, Sample, keys={key})
    vector = sample.scene.appearance.vectors.sum(axis=0, dtype=np.float64)
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else None


class WriteFiles:
    """Puts windows and pictures into their places below a folder."""

    def __init__(self, data: str, folder: Place) -> None:
        self.reader, self.folder = Reader(data, verify=True), folder

    def __call__(self, file: PairFile) -> Iterator[WrittenFile]:
        """What was put there.

        Raises:
            Rejected: its sample cannot be read.
        """
        try:
            yield written(self.reader, self.folder, file)
        except UnfitError as no:
            raise Rejected(no.reason, no.detail) from no


def measuring(data: Place, pairs: ChosenPairs) -> Leg:
    """The leg that measures pairs, as many to a lap in their order; known by the bytes of their samples."""
    step = Step(
        name="measure",
        make=partial(MeasurePairs, data.uri),
        takes=PairToMeasure,
        gives=PairRow,
        memory_bytes=MEMORY,
    )
    return Leg(name=MEASURED, steps=(step,), plan=partial(laps_of_pairs, data=data, pairs=pairs))


def laps_of_pairs(_: Ledger, leg: Leg, *, data: Place, pairs: ChosenPairs) -> list[Lap]:
    """The laps of all pairs."""
    table = pairs.index.table.unify_dictionaries().combine_chunks()  # rows are taken out of it lap by lap
    pairs = replace(pairs, index=replace(pairs.index, table=table))
    looks = landed_looks(data, table["key"])
    chunks = (
        PairsOfLap(pairs.part(first, first + PAIRS_A_LAP), looks)
        for first in range(0, len(pairs), PAIRS_A_LAP)
    )
    return laps_of(leg, ((chunk, len(chunk.chosen), chunk.facts()) for chunk in chunks))


def landed_looks(data: Place, keys: pa.ChunkedArray) -> LandedLooks:
    """Where it was landed how the people of these samples look; nowhere where the landings are not there."""
    ledger = Ledger(data)
    names = ledger.names(SAMPLES)
    tables = list(read_all(lambda name: ledger.columns(SAMPLES, name, ["key", "content"]), names))
    landed = pa.concat_tables(tables) if tables else pa.table({"key": pa.array([], "string"), "content": []})
    found = pc.index_in(keys.cast(pa.string()), landed["key"].combine_chunks())
    at = np.asarray(found.fill_null(-1).to_numpy(), np.int64)
    lap = np.repeat(np.arange(len(tables)), [table.num_rows for table in tables])
    content = np.asarray(landed["content"].to_numpy(), np.int64)
    return LandedLooks(
        names,
        np.append(lap, -1)[at],  # the last of it stands for what is not found
        np.append(content, 0)[at],
    )


def writing(data: Place, folder: Place, rows: Mapping[str, Any], pairs: Sequence[PairRow]) -> Leg:
    """The leg that writes the windows and references of pairs, what several share once; `rows` by key."""
    step = Step(
        name="write",
        make=partial(WriteFiles, data.uri, folder),
        takes=PairFile,
        gives=WrittenFile,
        memory_bytes=MEMORY,
    )
    files = tuple({file.key: file for pair in pairs for file in files_of(pair, rows)}.values())
    return Leg(name=FILES, steps=(step,), plan=partial(laps_of_files, files=files))


def laps_of_files(_: Ledger, leg: Leg, *, files: Sequence[PairFile]) -> list[Lap]:
    """The laps of all files."""
    chunks = (files[first : first + FILES_A_LAP] for first in range(0, len(files), FILES_A_LAP))
    facts = ((chunk, len(chunk), (f"{file.key} {file.row.sha256}" for file in chunk)) for chunk in chunks)
    return laps_of(leg, facts)


def laps_of(leg: Leg, chunks: Iterable[tuple[Iterable[Any], int, Iterable[str]]]) -> list[Lap]:
    """A lap for the items of each chunk: these, their number, and the facts that it is known by."""
    return [
        Lap(
            leg=leg.name,
            name=f"{number:06d}",
            inputs=digest(leg.settings, *facts),
            items=items,
            read=partial(given, items=chunk),
        )
        for number, (chunk, items, facts) in enumerate(chunks)
    ]


def given(_: Ledger, *, items: Iterable[T]) -> Iterable[T]:
    """Items that a lap carries."""
    return items


def forget_lost_files(ledger: Ledger, folder: Place) -> None:
    """To be called before the leg runs: a file that is gone is written anew, whatever the ledger says.

    Halves of files that killed runs left go.
    """
    for name in ("", *FOLDERS):
        folder.sweep(name)
    present = {entry.name for entry in folder.files()}
    for name in ledger.names(FILES):
        if any(file.key not in present for file in ledger.rows(FILES, name, WrittenFile)):
            ledger.place.remove(marker_of(FILES, name))
