"""The legs of pairs: what is measured of each, and the files of it that other trainers read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from dataset.pairing import ChosenPair
from dataset.pairs import rows_of
from dataset.reader import Reader
from engine.core import Step
from engine.ledger import Lap, Ledger, digest, marker_of, read_all
from engine.leg import Leg
from jobs.pair_manifests import PairFile, WrittenFile, files_of, written
from pipeline.flow import SAMPLES
from schemas.base import record
from schemas.outcome import Rejected, UnfitError
from schemas.pairs import PairRow
from schemas.sample import Sample
from storage.place import Place

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


def measuring(data: Place, pairs: Sequence[ChosenPair]) -> Leg:
    """The leg that measures pairs, as many to a lap in their order; known by the bytes of their samples."""
    step = Step(
        name="measure",
        make=partial(MeasurePairs, data.uri),
        takes=PairToMeasure,
        gives=PairRow,
        memory_bytes=MEMORY,
    )
    return Leg(name=MEASURED, steps=(step,), plan=partial(laps_of_pairs, data=data, pairs=pairs))


def laps_of_pairs(_: Ledger, leg: Leg, *, data: Place, pairs: Sequence[ChosenPair]) -> list[Lap]:
    """The laps of all pairs."""
    known = looked(data, {row.key for pair in pairs for row in (pair.driver.row, pair.target.row)})
    items = [to_measure(pair, known) for pair in pairs]
    return laps_of(leg, items, PAIRS_A_LAP, facts_of_pair)


def to_measure(pair: ChosenPair, known: Mapping[str, Looked]) -> PairToMeasure:
    """A pair as an item."""
    keys = (pair.driver.row.key, pair.target.row.key)
    return PairToMeasure(
        key=pair.key,
        uri=pair.target.row.uri,
        pair=pair,
        known={key: known[key] for key in keys if key in known},
    )


def facts_of_pair(item: PairToMeasure) -> tuple[str, ...]:
    """What the row of a pair is made from."""
    pair = item.pair
    rows = (pair.driver.row, pair.target.row)
    samples = (f"{row.sha256} {row.person} {row.subject} {item.known.get(row.key)}" for row in rows)
    return (item.key, str(pair.target.frames), pair.reference.key, *samples)


def looked(data: Place, keys: set[str]) -> dict[str, Looked]:
    """Where it was landed how the people of samples look; nothing where the landings are not there."""
    ledger = Ledger(data)
    names = ledger.names(SAMPLES)
    tables = read_all(lambda name: ledger.columns(SAMPLES, name, ["key", "content"]), names)
    return {
        key: Looked(name, content)
        for name, table in zip(names, tables, strict=True)
        for key, content in zip(table["key"].to_pylist(), table["content"].to_pylist(), strict=True)
        if key in keys
    }


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
    return laps_of(leg, files, FILES_A_LAP, lambda file: (file.key, file.row.sha256))


def laps_of(leg: Leg, items: Sequence[Any], most: int, facts: Any) -> list[Lap]:
    """Laps of at most so many items, in their order, each known by `facts` of them."""
    chunks = (items[first : first + most] for first in range(0, len(items), most))
    return [
        Lap(
            leg=leg.name,
            name=f"{number:06d}",
            inputs=digest(leg.settings, *(fact for item in chunk for fact in facts(item))),
            items=len(chunk),
            read=partial(given, items=chunk),
        )
        for number, chunk in enumerate(chunks)
    ]


def given(_: Ledger, *, items: Sequence[T]) -> Sequence[T]:
    """Items that a lap carries."""
    return items


def forget_lost_files(ledger: Ledger, folder: Place) -> None:
    """To be called before the leg runs: a file that is gone is written anew, whatever the ledger says."""
    present = {entry.name for entry in folder.files()}
    for name in ledger.names(FILES):
        if any(file.key not in present for file in ledger.rows(FILES, name, WrittenFile)):
            ledger.place.remove(marker_of(FILES, name))
