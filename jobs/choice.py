"""Which samples of a data set are looked at: the flags that say it, and the rows that they choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from dataset.conditions import refuse_unknown
from dataset.index import Index
from jobs.console.kinds import Column, Conditions, Keys
from schemas.index import IndexRow


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Samples of a data set, in an order."""

    where: Conditions = ()
    """Only samples for which all of these hold, on columns of the index: licence=CC0 face_ratio<0.5."""
    keys: Keys = ()
    """Only these samples."""
    sort: Column = None
    """Column of the index by which samples come, the least first; with a minus before it the most first."""
    worst: int | None = None
    """So many samples of the least `sort`, by itself of the least reference_similarity."""

    @property
    def is_made(self) -> bool:
        """Whether it names samples or an order of them."""
        return bool(self.keys or self.sort or self.worst is not None)


def chosen(choice: Choice, index: Index, most: int) -> list[IndexRow]:
    """The rows of the samples to look at, in their order; at most `most`, unless `worst` says otherwise.

    Raises:
        ValueError: a condition or a column is none, a key is not there, or nothing is left.
    """
    if choice.worst is not None and choice.worst < 1:
        raise ValueError(f"--worst {choice.worst} shows nothing: 1 is the least")
    index = index.where(choice.where)
    rows, numbers = index.rows(), list(range(len(index)))
    if choice.keys:
        number_of = {row.key: number for number, row in enumerate(rows)}
        if lost := [key for key in choice.keys if key not in number_of]:
            raise ValueError(
                f"{index.root}: no sample of the key {', '.join(lost[:5])} is among those chosen"
            )
        numbers = [number_of[key] for key in choice.keys]
    if choice.sort is None and choice.worst is None:
        return [rows[number] for number in spread(numbers, most)]
    column = (choice.sort or "reference_similarity").removeprefix("-")
    refuse_unknown(column)
    values, most_first = index.values(column).tolist(), (choice.sort or "").startswith("-")
    numbers.sort(key=values.__getitem__, reverse=most_first)
    return [rows[number] for number in numbers[: choice.worst or most]]


def spread(numbers: Sequence[int], most: int) -> list[int]:
    """At most `most` of some, evenly."""
    places = np.linspace(0, len(numbers) - 1, min(most, len(numbers)), dtype=int).tolist()
    return [numbers[place] for place in sorted(set(places))]


def file_of(row: IndexRow) -> str:
    """The name of the file that a sample is of."""
    return PurePosixPath(row.uri).name
