"""Manifests: tables of videos, and what they say of each."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.index import MAX_TEXT_BYTES
from schemas.origin import ORIGIN_TEXTS, Lens, Origin, extra_text
from storage.place import Place, suffix_of

LENS = ("focal_px", "principal_x", "principal_y")
"""Columns of a calibrated camera, px of the video as shown: all three or none."""
KNOWN = {"uri", *ORIGIN_TEXTS, *LENS}


def read_rows(place: Place, name: str) -> list[Mapping[str, Any]]:
    """Rows of a CSV or Parquet table by column.

    Raises:
        ValueError: it cannot be read or its columns are not ours.
    """
    manifest = place.uri_of(name)
    try:
        columns: list[str]
        rows: list[Mapping[str, Any]]
        data = place.read(name)
        if suffix_of(name) == ".parquet":
            table = pq.ParquetFile(pa.BufferReader(data)).read()
            columns, rows = table.column_names, table.to_pylist()
        else:
            reader = csv.DictReader(StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
            columns, rows = list(reader.fieldnames or ()), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
        raise ValueError(f"{manifest}: the manifest cannot be read ({error})") from error
    if "uri" not in columns:
        raise ValueError(
            f"{manifest}: a manifest needs a column uri, this one has {', '.join(columns) or 'none'}"
        )
    if "license" in columns:
        raise ValueError(f"{manifest}: the column license is called licence here")
    return rows


def origin_of(row: Mapping[Any, Any], unsaid: Origin, what: str) -> Origin:
    """What a row says of its video; what it leaves open is as in `unsaid`.

    Raises:
        ValueError: a text is too long, a row has more cells than columns, or its camera cannot be one; begins
            with `what`.
    """
    if None in row:  # where csv puts cells beyond the last column
        raise ValueError(f"{what} has more cells than there are columns")
    texts = {name: cell_text(row[name]) for name in ORIGIN_TEXTS if cell_text(row.get(name))}
    extra = {name: cell_text(value) for name, value in row.items() if name not in KNOWN and cell_text(value)}
    origin = replace(unsaid, **texts, extra=extra, lens=lens_of(row, what))
    refuse_long(origin, what)
    return origin


def cell_text(value: Any) -> str:
    """A cell as a text, empty where it says nothing."""
    return "" if value is None else str(value)


def lens_of(row: Mapping[str, Any], what: str) -> Lens | None:
    """The camera that a row tells, None where it tells none.

    Raises:
        ValueError: it tells a part of it, or no numbers, or a focal length that is not positive.
    """
    given = [cell_text(row.get(name)) for name in LENS]
    if not any(given):
        return None
    try:
        focal_px, x, y = map(float, given)
    except ValueError:
        raise ValueError(f"{what}: {', '.join(LENS)} are three numbers or all empty") from None
    if not (focal_px > 0 and all(map(math.isfinite, (focal_px, x, y)))):
        raise ValueError(
            f"{what}: no camera has focal_px {focal_px:g} and its principal point at {x:g}, {y:g}"
        )
    return Lens(focal_px=focal_px, principal_x=x, principal_y=y)


def refuse_long(origin: Origin, what: str) -> None:
    """Raise ValueError where a text is too long to stand in every row of an index."""
    texts = {name: getattr(origin, name) for name in ORIGIN_TEXTS}
    texts["other columns together"] = extra_text(origin.extra)
    for name, text in texts.items():
        if len(text.encode()) > MAX_TEXT_BYTES:
            raise ValueError(
                f"{what} has more than {MAX_TEXT_BYTES} bytes of {name}; a word or an address is wanted, for "
                "it stands in every row of the index"
            )
