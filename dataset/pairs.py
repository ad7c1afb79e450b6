"""Tables of pairs: what is measured of each, written, and read back as a stranger's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dataset.distances import DEGREES
from dataset.index import Index
from dataset.pairing import ChosenPair, Window
from dataset.reader import Reader
from dataset.sample_files import controls_of
from dataset.tables import records, table_at
from schemas.arrow import schema_of
from schemas.media import MAX_CLIP_FRAMES, MIN_CLIP_FRAMES
from schemas.outcome import DamagedError
from schemas.pairs import PairRow
from schemas.sample import TRACKS
from schemas.version import READABLE, SCHEMA
from storage.place import Place

PAIR_BYTES = 1
"""Least bytes of a pair in a file: keys that repeat are packed to next to nothing."""
LooksOf = Callable[[str], NDArray[np.float64] | None]
"""The looks of a sample's person, a unit vector; None where they are not known."""


def rows_of(pairs: Iterable[ChosenPair], reader: Reader, appearance_of: LooksOf) -> Iterator[PairRow]:
    """The rows of some pairs, with how far the two are turned and how alike they look.

    Raises:
        UnfitError: a sample cannot be read.
        OSError: the storage does not answer.
    """
    for pair in pairs:
        driver, target = pair.driver, pair.target
        yield PairRow(
            key=pair.key,
            kind=pair.kind,
            driver_key=driver.row.key,
            driver_start=driver.start,
            target_key=target.row.key,
            target_start=target.start,
            frames=target.frames,
            reference_key=pair.reference.key,
            driver_person=driver.row.person,
            target_person=target.row.person,
            driver_subject=driver.row.subject,
            target_subject=target.row.subject,
            yaw_difference_deg=yaw_difference(yaw_of(driver, reader), yaw_of(target, reader)),
            similarity=similarity(appearance_of(driver.row.key), appearance_of(target.row.key)),
            schema=SCHEMA,
        )


def yaw_of(window: Window, reader: Reader) -> NDArray[np.float64]:
    """The body's yaw in each frame of a window, rad."""
    controls = controls_of(window.row, reader.read(window.row)[TRACKS])
    return controls.body_yaw[window.start : window.start + window.frames].astype(np.float64)


def yaw_difference(driver: NDArray[np.float64], target: NDArray[np.float64]) -> float:
    """How far two people are turned against each other, degrees, mean over the frames of two windows."""
    turned = (driver - target + np.pi) % (2 * np.pi) - np.pi
    return float(np.mean(np.abs(turned)) * DEGREES)


def similarity(driver: NDArray[np.float64] | None, target: NDArray[np.float64] | None) -> float:
    """Cosine between two looks; NaN where one is not known."""
    return float("nan") if driver is None or target is None else float(np.einsum("d,d->", driver, target))


def read_pairs(place: Place, name: str, index: Index) -> Sequence[PairRow]:
    """The pairs of a table, of samples of this index, each window within its sample.

    Raises:
        DamagedError: it is no table of pairs, or names samples or windows that the data set has not.
        OSError: it cannot be read.
    """
    table, where = pairs_at(place, name), place.uri_of(name)
    frames = dict(
        zip(index.table["key"].cast("string").to_pylist(), index.numbers("frames").tolist(), strict=True)
    )
    rows = records(table, PairRow)
    for row in rows:
        if fault := fault_of(row, frames):
            raise DamagedError(f"{where}: {row.key}: {fault}")
    return rows


def pairs_at(place: Place, name: str) -> pa.Table:
    """A table of pairs, whatever they are of.

    Raises:
        DamagedError: it is none.
        OSError: it cannot be read.
    """
    table = table_at(place, name, schema_of(PairRow), least_row_bytes=PAIR_BYTES)
    if table.num_rows and pc.max(table["schema"]).as_py() not in READABLE:
        raise DamagedError(f"{place.uri_of(name)}: pairs of another schema than {READABLE[0]} to {SCHEMA}")
    return table


def fault_of(row: PairRow, frames: dict[str, int]) -> str | None:
    """Why a pair cannot be used; None where it can."""
    missing = [key for key in (row.driver_key, row.target_key, row.reference_key) if key not in frames]
    if missing:
        return f"the data set has no sample {missing[0]}"
    if not MIN_CLIP_FRAMES <= row.frames <= MAX_CLIP_FRAMES:
        return f"windows of {row.frames} frames"
    for key, start in ((row.driver_key, row.driver_start), (row.target_key, row.target_start)):
        if not 0 <= start <= frames[key] - row.frames:
            return f"frames {start} to {start + row.frames} of a sample with {frames[key]}"
    if (row.driver_key, row.driver_start) == (row.target_key, row.target_start):
        return "a driver that is its own target: such a pair teaches nothing"
    return None
