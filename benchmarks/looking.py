"""`preview` against decoding alone, on the samples of a set: sheets, and sheets with overlay videos.

    python -m benchmarks.looking SET [TURNS]

Decoding alone reads each sample's video and face and makes every frame RGB, as a reader of a tar would, or
the first alone. All take turns, and seconds are those of the processor: a busy machine does not decide.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

from rich.console import Console

from benchmarks.decoders import costs
from benchmarks.machine import write_table
from dataset.index import Index, read_index
from jobs.commands.preview import Preview, members_of, preview
from media.decode import decode_bytes
from schemas.sample import FACE, VIDEO
from storage.place import Place

FOLDER = Path(__file__).parent
LEAST = 0.8
"""Of decoding's speed, that sheets are to have."""


def main(data: str, turns: int) -> None:
    index = read_index(data)
    with tempfile.TemporaryDirectory() as folder:
        sheets_of = partial(write_sheets, data, Path(folder))
        ways: dict[str, Callable[[], object]] = {
            "decoding, the first frame alone RGB": partial(decode_all, index, (0,)),
            "decoding, every frame RGB": partial(decode_all, index, None),
            "preview": sheets_of,
            "preview --videos": partial(sheets_of, videos=True),
        }
        for run in ways.values():
            run()  # what is read or made once
        spent = costs(list(ways.values()), turns)
    frames = sum(row.frames for row in index.rows())
    bare, decoding, sheets, _ = spent
    rows: list[tuple[str, ...]] = [("what", "ms of the processor a frame", "of the speed of decoding to RGB")]
    rows += [
        (name, f"{1000 * seconds / frames:.2f}", f"{decoding / seconds:.0%}")
        for name, seconds in zip(ways, spent, strict=True)
    ]
    verdict = "holds" if decoding / sheets >= LEAST else "fails"
    note = (
        f"{len(index)} samples, {frames} frames. Sheets at {LEAST:.0%} of decoding's speed: {verdict}; "
        f"of decoding without RGB they have {bare / sheets:.0%}. Measured on {date.today()}."
    )
    write_table(FOLDER / "LOOKING.md", "Looking at a set", "python -m benchmarks.looking SET", rows, note)


def decode_all(index: Index, only: tuple[int, ...] | None) -> None:
    """Decode the videos and faces of all samples."""
    for row in index.rows():
        members = members_of(Place.at(index.root), row)
        for name in (VIDEO, FACE):
            decode_bytes(members[name], only)


def write_sheets(data: str, out: Path, *, videos: bool = False) -> None:
    """Sheets of all samples, without a word."""
    preview(Preview(data=data, out=out, samples=sys.maxsize, videos=videos), Console(file=io.StringIO()))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3)
