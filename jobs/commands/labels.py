"""`understudy labels`: key points as COCO has them, and clips with their numbers: FiftyOne reads both.

The clips are a folder of videos for Hugging Face's `datasets` too: a table with a column of media.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tyro
from rich.console import Console

from dataset.index import Index, read_index
from dataset.reader import Reader
from dataset.sample_files import controls_of
from jobs.cards.coco import annotation, labelled
from jobs.console.flags import parsed
from jobs.console.kinds import Conditions
from jobs.exit_codes import ExitCode
from jobs.questions.asking import answer_to
from jobs.questions.plain import plain
from jobs.questions.views import views
from media.encode import encode_jpeg
from media.members import decode_window
from schemas.index import IndexRow
from schemas.media import FPS
from schemas.outcome import UnfitError
from schemas.sample import TRACKS, VIDEO
from storage.place import Place

DATA, LABELS, CLIPS, TABLE, FIELDS = "data", "labels.json", "clips", "labels.csv", "fields.json"
METADATA = "metadata.parquet"
"""The name by which `datasets` finds what is said of a folder's videos; `file_name` says which one."""
NUMBERS = (
    "select samples.* exclude (frames), samples.frames as num_frames, measures.* exclude (key) "
    "from samples left join measures using (key) order by key"
)
"""FiftyOne keeps the name `frames` of videos for itself."""


@dataclass(frozen=True, kw_only=True)
class Labels:
    """Write pictures with key points (COCO), and clips with their numbers, for FiftyOne and `datasets`."""

    data: tyro.conf.Positional[str]
    """Folder or address of the data set."""
    out: Path
    """Folder to fill: data/ and labels.json are COCO's, clips/ is the other."""
    where: Conditions = ()
    """Only samples for which all of these hold, on columns of the index: framing=full face_ratio>0.5."""
    fps: int = 2
    """Pictures a second; it divides 24."""
    clips: bool = True
    """Write clips/ too: each video whole, and a table of what the index and an audit say of it."""


def parse(args: list[str]) -> Labels:
    """The job of a command line."""
    return parsed(Labels, "labels", args)


def labels(job: Labels, console: Console) -> ExitCode:
    """Fill the folder; `FAILED_ITEMS` where samples could not be read, which are named.

    Raises:
        ValueError: there is no data set, no such sample, or no such rate.
        OSError: it cannot be read, or the folder not written.
    """
    if job.fps < 1 or FPS % job.fps:
        raise ValueError(f"--fps {job.fps}: it has to divide {FPS}")
    index = read_index(job.data).where(job.where)
    place, reader = Place.at(job.out.absolute()), Reader(job.data, verify=True)
    images: list[dict[str, Any]] = []
    people: list[dict[str, Any]] = []
    lost = []
    for row in index.rows():
        try:
            for frame, person in written(row, reader, place, job):
                images.append({"id": len(images) + 1} | frame)
                people.append(person | {"id": len(images), "image_id": len(images)})
        except UnfitError as no:
            lost.append(row.key)
            console.print(f"{row.key}: {no}", style="red", highlight=False, markup=False, soft_wrap=True)
    place.write(LABELS, json.dumps(labelled(images, people, Path(job.data).name)).encode())
    if job.clips:
        write_numbers(job, index, {*lost}, place)
    console.print(f"{len(images)} pictures of {len(index) - len(lost)} samples: {job.out}", highlight=False)
    return ExitCode.FAILED_ITEMS if lost else ExitCode.WHOLE


def written(
    row: IndexRow, reader: Reader, place: Place, job: Labels
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Write the pictures of a sample, and its clip; what is said of each picture and its person.

    Raises:
        UnfitError: the sample cannot be read.
    """
    members = reader.read(row)
    missing = [name for name in (VIDEO, TRACKS) if name not in members]
    if missing:
        raise UnfitError("missing_member", missing[0])
    controls = controls_of(row, members[TRACKS])
    frames = np.empty((row.frames, row.height, row.width, 3), np.uint8)
    decode_window(VIDEO, members[VIDEO], row.frames, 0, frames)
    if job.clips:
        place.write(f"{CLIPS}/{DATA}/{row.key}.mp4", members[VIDEO])
    for t in range(0, row.frames, FPS // job.fps):
        name = f"{row.key}-{t:04d}.jpg"
        place.write(f"{DATA}/{name}", encode_jpeg(frames[t]))
        size = {"width": row.width, "height": row.height}
        yield {"file_name": name, **size}, annotation(controls, t, (row.width, row.height))


def write_numbers(job: Labels, index: Index, lost: set[str], place: Place) -> None:
    """Write the table of clips, as CSV and as Parquet, and of what kind each column is that has a value.

    `filepath` below data/ (`file_name` from clips/ on in the second), then what the index and an audit say.
    Kinds are bool, int, float and str.
    """
    answer = answer_to(NUMBERS, views(Place.at(job.data)))
    wanted, at = {*index.table["key"].to_pylist()} - lost, answer.columns.index("key")
    rows = [[plain(value) for value in row] for row in answer.rows if row[at] in wanted]
    kinds = {
        name: kind_of(value)
        for row in rows
        for name, value in zip(answer.columns, row, strict=True)
        if value not in (None, "")
    }
    text, packed = StringIO(newline=""), BytesIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["filepath", *answer.columns])
    table.writerows([f"{row[at]}.mp4", *("" if value is None else value for value in row)] for row in rows)
    columns = {name: [row[number] for row in rows] for number, name in enumerate(answer.columns)}
    files = {"file_name": [f"{DATA}/{row[at]}.mp4" for row in rows]}
    pq.write_table(pa.table(files | columns), packed, compression="zstd")
    place.write(f"{CLIPS}/{TABLE}", text.getvalue().encode())
    place.write(f"{CLIPS}/{METADATA}", packed.getvalue())
    place.write(f"{CLIPS}/{FIELDS}", json.dumps(kinds, indent=1, sort_keys=True).encode())


def kind_of(value: Any) -> str:
    """What a text of the table is to be read as."""
    return type(value).__name__ if isinstance(value, (bool, int, float)) else "str"
