"""`run.json` of a run: every start of the training, and all that it takes to repeat it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from model.train.names import RUN
from storage.json_files import json_at
from storage.place import Place
from storage.records import read_as

ROWS = ("data", "index_sha256")
LEAST_AREA, LARGEST_AREA = 2**8, 2**24
"""Px of canvases that an index may name."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """One start of a training."""

    data: tuple[str, ...]
    """Where each data set lies; none where an address chose a server, which a run does not."""
    index_sha256: tuple[str, ...]
    """Of each."""
    canvas_area: int
    """Px of the largest canvas that is trained on."""
    recipe: str
    settings: dict[str, Any]
    ranks: int
    device: str
    code: str
    """The commit, if it was a checkout."""
    versions: dict[str, str | int]

    def __post_init__(self) -> None:
        if not LEAST_AREA <= self.canvas_area <= LARGEST_AREA or self.ranks < 1:
            raise ValueError(f"{self.ranks} ranks on canvases of up to {self.canvas_area} px cannot be")


def starts_of(run: Path) -> list[Start]:
    """The starts of a run, the first one first.

    Raises:
        ValueError: the folder holds no run, or what its file says cannot be.
    """
    return starts_in(run / RUN, f"{run}: not the folder of a run")


def starts_in(file: Path, what: str) -> list[Start]:
    """The starts that a file tells of, the first one first.

    Raises:
        ValueError: there is none, or what it says cannot be; the text begins with `what`.
    """
    try:
        content = json_at(Place.at(file.parent), file.name)
    except (OSError, ValueError) as broken:
        raise ValueError(f"{what} ({broken})") from broken
    found = read_as(list[Start], in_rows(content), what)
    if not found:
        raise ValueError(f"{what} (it was never started)")
    return found


def in_rows(content: object) -> object:
    """What a file tells, with the one data set that a start once had as a row of one."""
    return [of_one(start) for start in content] if isinstance(content, list) else content


def of_one(start: object) -> object:
    """A start whose data sets, and the digests of their indexes, are rows."""
    if not isinstance(start, dict):
        return start
    rows = {
        name: [value] * bool(value)
        for name, value in start.items()
        if name in ROWS and isinstance(value, str)
    }
    return {**start, **rows}


def note_start(run: Path, start: Start) -> None:
    """Add a start to those of a run.

    Raises:
        ValueError: the file of those before it is none of ours.
    """
    file = run / RUN
    starts = [*(starts_of(run) if file.exists() else []), start]
    aside = file.with_suffix(".part")
    aside.write_text(json.dumps([asdict(one) for one in starts], indent=1))
    aside.replace(file)
