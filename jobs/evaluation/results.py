"""What methods have made: for each pair the film, from which frame on, and which part of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from jobs.evaluation.films import Crop
from jobs.evaluation.layouts import LAYOUTS, Layout
from jobs.evaluation.manifest import BenchManifest, BenchPair
from jobs.evaluation.table import rows_of

RESERVED = "driving"
"""The method that the driving films are: their own numbers over time stand beside those of all others."""
SUFFIXES = (".mp4", ".mkv", ".mov", ".avi", ".webm", ".gif")


@dataclass(frozen=True, kw_only=True)
class MadeResult:
    """A film that a method made of a pair."""

    path: Path
    start: int = 0
    """Its frame that shows the driving film's first."""
    crop: Crop | None = None
    fps: float | None = None
    """Where the file says another rate than it was made for."""
    pictures: tuple[Path, ...] = ()
    """Its frames, where it is pictures; `path` is then the first of them."""


Results = Mapping[str, MadeResult | str]
"""By the pair's name: the film, or why there is none."""


def results_of(made: Sequence[str], layouts: Sequence[str], manifest: BenchManifest) -> dict[str, Results]:
    """By the method's name: its films, from NAME=FOLDER or NAME=TABLE, and NAME=LAYOUT of its folder.

    Raises:
        ValueError: a name is given twice or not at all, a folder or table is not there, a layout is unknown.
    """
    places, kinds = named(made, "--made"), named(layouts, "--layouts")
    if strange := sorted(kinds.keys() - places.keys()):
        raise ValueError(f"--layouts {strange[0]}={kinds[strange[0]]}: --made names no {strange[0]}")
    return {
        method: of_method(Path(place).absolute(), kinds.get(method), manifest)
        for method, place in places.items()
    }


def named(words: Sequence[str], flag: str) -> dict[str, str]:
    """Words NAME=VALUE by their names."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (equals and name and value) or "/" in name or name.startswith("."):
            raise ValueError(f"{flag} {word}: NAME=PLACE is wanted")
        if name in found or name == RESERVED:
            raise ValueError(f"{flag} {word}: the name {name} is taken")
        found[name] = value
    return found


def of_method(place: Path, layout: str | None, manifest: BenchManifest) -> Results:
    """The films of one method."""
    if place.is_file():
        return in_table(place, manifest)
    if not place.is_dir():
        raise ValueError(f"{place}: no folder of films, and no table of them")
    if layout is None:
        return {pair.pair_id: by_name(place, pair) for pair in manifest.pairs}
    if layout not in LAYOUTS:
        raise ValueError(f"--layouts {layout}: none that is known; those are {', '.join(sorted(LAYOUTS))}")
    return {pair.pair_id: in_layout(place, pair, LAYOUTS[layout]) for pair in manifest.pairs}


def by_name(folder: Path, pair: BenchPair) -> MadeResult | str:
    """The film that is called as the pair is."""
    found = [path for suffix in SUFFIXES if (path := folder / f"{pair.pair_id}{suffix}").is_file()]
    return one_of(found, f"{folder}: no film called {pair.pair_id}", lambda path: MadeResult(path=path))


def in_layout(folder: Path, pair: BenchPair, layout: Layout) -> MadeResult | str:
    """The film that a system's own names say is the pair's."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    found = {path: named for path in files if (named := layout.named(path, pair))}
    why = (
        f"{folder}: no film of {layout.name} that is named after {pair.driving.uri} and {pair.reference.uri}"
    )
    if layout.of_pictures and found:
        return of_pictures({path: int(named["frame"]) for path, named in found.items()}, layout)
    return one_of([*found], why, lambda path: MadeResult(path=path, start=layout.start, crop=layout.crop))


def of_pictures(numbers: Mapping[Path, int], layout: Layout) -> MadeResult | str:
    """The film that numbered pictures are, or which of them is missing or there twice."""
    paths = sorted(numbers, key=lambda path: (numbers[path], path))
    for one, other in pairwise(paths):
        if numbers[one] == numbers[other]:
            return f"{one} and {other}: both are frame {numbers[one]} of one pair's film"
        if numbers[one] + 1 != numbers[other]:
            return f"{one}: frame {numbers[one] + 1} is missing, the next picture is {other.name}"
    return MadeResult(path=paths[0], start=layout.start, crop=layout.crop, pictures=tuple(paths))


def one_of(found: Sequence[Path], why: str, make: Callable[[Path], MadeResult]) -> MadeResult | str:
    """The one film that was found, or why there is not one."""
    if len(found) > 1:
        return f"{found[0]} and {found[1]}: both are named as one pair's film"
    return make(found[0]) if found else why


def in_table(path: Path, manifest: BenchManifest) -> Results:
    """The films that a table names, from its own folder: pair_id, result; start_frame, fps, crop (2/3).

    Raises:
        ValueError: as `rows_of`; a pair is there twice or is none of the benchmark's, or a number is none.
    """
    pairs, found = {pair.pair_id for pair in manifest.pairs}, dict[str, MadeResult | str]()
    for row in rows_of(path, ("pair_id", "result")):
        name = row["pair_id"]
        if name in found or name not in pairs:
            raise ValueError(
                f"{path}: pair {name} is {'there twice' if name in found else 'none of the benchmark'}"
            )
        try:
            found[name] = MadeResult(
                path=path.parent / row["result"],
                start=first_frame_of(row.get("start_frame") or "0"),
                crop=crop_of(row.get("crop") or ""),
                fps=rate_of(row["fps"]) if row.get("fps") else None,
            )
        except ValueError as error:
            raise ValueError(f"{path}: pair {name}: {error}") from error
    return {name: found.get(name, f"{path}: no row for {name}") for name in sorted(pairs)}


def first_frame_of(text: str) -> int:
    """The number of a film's frame, from 0 on."""
    if not text.isdecimal():
        raise ValueError(f"start_frame {text!r}: a number such as 0, the first")
    return int(text)


def rate_of(text: str) -> float:
    """Frames a second."""
    rate = float(text)
    if not 0 < rate < math.inf:
        raise ValueError(f"fps {text!r}: frames a second, more than 0")
    return rate


def crop_of(text: str) -> Crop | None:
    """Which column of a grid: 3/3 is the last of three; None of an empty text."""
    if not text:
        return None
    place, _, count = text.partition("/")
    if not (place.isdecimal() and count.isdecimal() and 1 <= int(place) <= int(count)):
        raise ValueError(f"crop {text!r}: such as 3/3, the last of three columns")
    return int(place) - 1, int(count)
