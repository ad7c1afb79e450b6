"""Pairs as other trainers read them: videos of the windows, pictures, and two tables of the same rows."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path

import numpy as np

from dataset.index import Index
from dataset.reader import Reader
from media.encode import VideoSettings, video_writer
from media.members import decode_window
from schemas.index import IndexRow
from schemas.pairs import PairRow
from schemas.sample import VIDEO, reference_member
from storage.place import Place

COLUMNS = ("driving_video", "target_video", "reference", "prompt")
"""Files by their paths below the folder; the prompt is empty, since both readers ask for one."""


def write_manifests(data: str, index: Index, pairs: Sequence[PairRow], folder: Path) -> None:
    """Fill a folder with the windows and references of pairs, and with `metadata.csv` and `metadata.jsonl`.

    Each window is a video of its own under `videos`, at 24 fps; the first reference is a picture under
    `references`. What several pairs share is there once. The tables come last: they name what is there.

    Raises:
        UnfitError: a sample breaks a promise of formats.md.
        OSError: the folder cannot be written.
    """
    rows = {row.key: row for row in index.rows()}
    reader, place = Reader(data, verify=True), Place.at(folder.absolute())
    for name in ("videos", "references"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    entries = []
    for pair in pairs:
        driver = (rows[pair.driver_key], pair.driver_start, pair.frames)
        target = (rows[pair.target_key], pair.target_start, pair.frames)
        videos = [write_window(reader, place, *window) for window in (driver, target)]
        entries.append(
            dict(
                zip(
                    COLUMNS,
                    (*videos, write_reference(reader, place, rows[pair.reference_key]), ""),
                    strict=True,
                )
            )
        )
    place.write("metadata.csv", as_csv(entries))
    place.write("metadata.jsonl", "".join(f"{json.dumps(row)}\n" for row in entries).encode())


def as_csv(rows: Sequence[Mapping[str, str]]) -> bytes:
    """The rows as CSV."""
    text = StringIO(newline="")
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode()


def write_window(reader: Reader, place: Place, row: IndexRow, start: int, frames: int) -> str:
    """A window of a sample as a video; its path below the folder."""
    name = f"videos/{row.key}-{start:03d}-{frames:03d}.mp4"
    if place.size(name) is None:
        pictures = np.empty((frames, row.height, row.width, 3), np.uint8)
        decode_window(VIDEO, reader.read(row)[VIDEO], row.frames, start, pictures)
        assert place.folder is not None
        aside = place.folder / f"{name}.part.mp4"
        with video_writer(aside, row.width, row.height, VideoSettings()) as write:
            write(pictures)
        aside.rename(place.folder / name)
    return name


def write_reference(reader: Reader, place: Place, row: IndexRow) -> str:
    """The first reference of a sample, as it is stored; its path below the folder."""
    name = f"references/{row.key}.jpg"
    if place.size(name) is None:
        place.write(name, reader.read(row)[reference_member(0)])
    return name
