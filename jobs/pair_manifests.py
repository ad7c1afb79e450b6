"""Pairs as other trainers read them: videos of the windows, pictures, and two tables of the same rows."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO

import numpy as np

from dataset.reader import Reader
from media.encode import VideoSettings, video_writer
from media.members import decode_window
from schemas.base import record
from schemas.index import IndexRow
from schemas.pairs import PairRow
from schemas.sample import VIDEO, reference_member
from storage.place import Place
from storage.scratch import workplace

COLUMNS = ("driving_video", "target_video", "reference", "prompt")
"""Files by their paths below the folder; the prompt is empty, since both readers ask for one."""

VIDEOS, REFERENCES = FOLDERS = ("videos", "references")


@record
class PairFile:
    """A window of a sample as a video of its own, or its first reference as a picture."""

    key: str  # path below the folder
    row: IndexRow
    start: int
    frames: int  # 0 of a picture

    @property
    def uri(self) -> str:
        """The tar."""
        return self.row.shard


@record
class WrittenFile:
    """A file that is in its place."""

    key: str  # path below the folder
    sha256: str


def files_of(pair: PairRow, rows: Mapping[str, IndexRow]) -> Iterator[PairFile]:
    """Driver, target and reference of a pair; `rows` are the samples by their keys."""
    for key, start in ((pair.driver_key, pair.driver_start), (pair.target_key, pair.target_start)):
        name = f"{VIDEOS}/{key}-{start:03d}-{pair.frames:03d}.mp4"
        yield PairFile(key=name, row=rows[key], start=start, frames=pair.frames)
    key = pair.reference_key
    yield PairFile(key=f"{REFERENCES}/{key}.jpg", row=rows[key], start=0, frames=0)


def written(reader: Reader, folder: Place, file: PairFile) -> WrittenFile:
    """Put a file of a pair into its place: a window at 24 fps, a reference as it is stored.

    Raises:
        UnfitError: the sample breaks a promise of formats.md.
        OSError: the folder cannot be written.
    """
    members, row = reader.read(file.row), file.row
    with workplace() as scratch:
        path = scratch / file.key.rpartition("/")[2]
        if file.frames:
            pictures = np.empty((file.frames, row.height, row.width, 3), np.uint8)
            decode_window(VIDEO, members[VIDEO], row.frames, file.start, pictures)
            with video_writer(path, row.width, row.height, VideoSettings()) as write:
                write(pictures)
        else:
            path.write_bytes(members[reference_member(0)])
        return WrittenFile(key=file.key, sha256=folder.put(file.key, path))


def write_tables(pairs: Sequence[PairRow], rows: Mapping[str, IndexRow], folder: Place) -> None:
    """Write `metadata.csv` and `metadata.jsonl` of pairs whose files are in the folder."""
    entries = [
        dict(zip(COLUMNS, (*(file.key for file in files_of(pair, rows)), ""), strict=True)) for pair in pairs
    ]
    folder.write("metadata.csv", as_csv(entries))
    folder.write("metadata.jsonl", "".join(f"{json.dumps(row)}\n" for row in entries).encode())


def as_csv(rows: Sequence[Mapping[str, str]]) -> bytes:
    """The rows as CSV."""
    text = StringIO(newline="")
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode()
