"""Tables that people write: of films to be driven by, and of films that a method made. CSV or Parquet."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from jobs.evaluation.choose import canvas_of, driving_film, kept
from jobs.evaluation.films import facts_of
from jobs.evaluation.manifest import BenchPair
from media.stills import read_still
from schemas.outcome import Rejected
from storage.regular_file import open_regular

MAX_TABLE_BYTES = 64 * 2**20
WANTED = ("pair_id", "driving", "reference")
"""Columns of a table of films to be driven by; `kind`, `identity_id` and `licence` may be there too."""


def rows_of(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a table as texts; each of the columns has a value in each.

    Raises:
        ValueError: it is too large, no table, lacks a column or a value, or has no row.
        OSError: it is not there, or no regular file.
    """
    with open_regular(path) as opened:
        if os.fstat(opened.fileno()).st_size > MAX_TABLE_BYTES:
            raise ValueError(f"{path}: larger than {MAX_TABLE_BYTES >> 20} MB")
        data = opened.read()
    try:
        rows = list(parquet(data) if path.suffix.lower() == ".parquet" else commas(data))
    except (csv.Error, UnicodeDecodeError, OSError, ValueError) as error:
        raise ValueError(f"{path}: no table ({error})") from error
    if not rows:
        raise ValueError(
            f"{path}: no row in it, only the names of columns" if data.strip() else f"{path}: empty"
        )
    for number, row in enumerate(rows, 1):
        if lacking := [column for column in columns if not row.get(column)]:
            raise ValueError(f"{path}: row {number} has no {' and no '.join(lacking)}")
    return rows


def commas(data: bytes) -> Iterator[dict[str, str]]:
    """Rows of a CSV, with the mark that spreadsheets put before it or without."""
    yield from csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))


def parquet(data: bytes) -> Iterator[dict[str, str]]:
    """Rows of a Parquet file."""
    for row in pq.read_table(io.BytesIO(data)).to_pylist():
        yield {name: "" if value is None else str(value) for name, value in row.items()}


def pairs_in(path: Path, files: Path) -> Iterator[BenchPair]:
    """The pairs of a table whose paths are from its own folder, once their files lie in a folder.

    Raises:
        ValueError: as `rows_of`; a pair is there twice, of no kind, or one of its files cannot be read.
        OSError: the table cannot be read.
    """
    seen = set[str]()
    for row in rows_of(path, WANTED):
        kind: Any = row.get("kind") or "self"
        if row["pair_id"] in seen:
            raise ValueError(f"{path}: pair {row['pair_id']} is there twice")
        if kind not in ("self", "cross"):
            raise ValueError(f"{path}: pair {row['pair_id']} is of kind {kind!r}: self or cross")
        seen.add(row["pair_id"])
        driving, reference = path.parent / row["driving"], path.parent / row["reference"]
        try:
            video, picture = facts_of(driving), read_still(reference, max_pixels=2**26)
        except Rejected as no:
            raise ValueError(f"{path}: pair {row['pair_id']}: {no}") from no
        yield BenchPair(
            pair_id=row["pair_id"],
            kind=kind,
            driving=driving_film(video, files),
            reference=kept(reference.read_bytes(), reference.suffix.lower(), files),
            canvas=canvas_of(kind, (video.width, video.height), picture),
            identity_id=row.get("identity_id") or "",
            licence=row.get("licence") or "",
        )
