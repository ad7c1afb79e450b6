"""The embedded stack, from a file to control signals, against the exact answers of synthetic people."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from numpy.typing import NDArray

from benchmarks.accuracy.synthetic_compared import MIN_HAND_PX, Compared, compared
from benchmarks.machine import write_table
from jobs.animation.people import PersonReader
from jobs.synthetic.film import cast
from jobs.synthetic.kept import kept_folder
from jobs.synthetic.take import Take, random_actor
from jobs.synthetic.truth import PersonTruth, truth
from jobs.synthetic.written import write_film
from pipeline.backends import Backends
from schemas.controls import CANVAS_AREA, Controlled, Framing
from schemas.media import FPS
from schemas.outcome import Rejected

Array = NDArray[np.float64]

TABLE = Path(__file__).parent / "SYNTHETIC.md"
PATHS: tuple[tuple[str, Framing], ...] = (
    ("turn", "full"),
    ("present", "half"),
    ("walk", "full"),
    ("dance", "full"),
    ("sit", "full"),
    ("wave", "half"),
    ("talk", "half"),
)


def rows_of(person_truth: PersonTruth, first: int, num: int) -> PersonTruth:
    """The truth of some frames."""
    values = {field.name: getattr(person_truth, field.name) for field in fields(person_truth)}
    sliced: dict[str, Any] = {
        name: value[first : first + num] if isinstance(value, np.ndarray) else value
        for name, value in values.items()
    }
    return PersonTruth(**sliced)


HEADINGS: tuple[str, ...] = (
    *(
        "path",
        "frames told",
        "joints, median / p95 of torso",
        "sides wrong, all / from behind",
        "hands drawn",
    ),
    *("hand points, median of hand", "wrist gap, median of hand", "head's constant"),
    *("head off: front / profile / back", "centre off: front / profile / back, radii"),
    "radius against frontal: profile / back",
)


def line(name: str, offered: int, films: list[Compared]) -> tuple[str, ...]:
    """A row of the table: a path's films together."""
    joints, hands, gaps, valid, back, swapped = (
        together(getattr(film, kind) for film in films)
        for kind in ("joints", "hands", "gaps", "valid", "back", "swapped")
    )
    counted = ~np.isnan(hands)
    view = together(film.view for film in films)
    turned, center, radius = (
        together(getattr(film, kind) for film in films) for kind in ("turned", "center", "radius")
    )
    return (
        name,
        f"{int(valid.sum())}/{offered}",
        f"{shown(100 * quantile(joints, 0.5), ' %')} / {shown(100 * quantile(joints, 0.95), ' %')}",
        f"{part_of(swapped * valid, valid)} / {part_of(swapped * back * valid, back * valid)}",
        part_of(np.isfinite(hands) * 1.0, counted * 1.0),
        shown(100 * quantile(hands, 0.5), " %"),
        shown(100 * quantile(gaps, 0.5), " %"),
        shown(quantile(np.array([film.constant for film in films]), 0.5), " deg"),
        by_view(turned, view, " deg", (0, 1, 2)),
        by_view(center, view, "", (0, 1, 2)),
        by_view(radius, view, "", (1, 2)),
    )


def together(arrays: Iterable[NDArray[Any]]) -> Array:
    """All numbers of some arrays in a row."""
    return np.concatenate([np.zeros(0), *(array.ravel() for array in arrays)])


def by_view(values: Array, view: Array, unit: str, views: tuple[int, ...]) -> str:
    """Medians of the frames of each view."""
    return " / ".join(shown(quantile(values[view == number], 0.5), unit) for number in views)


def quantile(values: Array, share_below: float) -> float:
    """Of the values that are numbers; NaN where none is."""
    finite = values[np.isfinite(values)]
    return float(np.quantile(finite, share_below)) if len(finite) else float("nan")


def part_of(which: Array, of: Array) -> str:
    """Per cent, and of how many."""
    return f"{100 * which.sum() / of.sum():.1f} % of {of.sum():.0f}" if of.any() else "none"


def shown(value: float, unit: str) -> str:
    """A number for the table."""
    return "none" if np.isnan(value) else f"{value:.3g}{unit}"


def measured(reader: PersonReader, take: Take, folder: Path) -> Compared:
    """A take's film, read as any stranger's file, against its truth.

    Raises:
        Rejected: the stack lets nobody pass.
    """
    on = cast(take, kept_folder())
    film = folder / "film.mp4"
    write_film(on, film)
    found: Controlled = reader.person(film)
    (person_truth,) = truth(on)
    return compared(
        found.controls, found.to_canvas, rows_of(person_truth, found.clip.first_frame, found.clip.num_frames)
    )


def main(people: int = 2, num_frames: int = 48, table: Path = TABLE) -> None:
    """Film somebody else for every film, run the stack on the films, print the table and write it.

    Args:
        people: films of each path.
        num_frames: of each film, 24 a second.
        table: the file that is written.
    """
    reader = PersonReader.of(Backends(), CANVAS_AREA)
    lines, notes = [HEADINGS], list[str]()
    whole, offered = list[Compared](), 0
    with tempfile.TemporaryDirectory() as folder:
        for number, (path, framing) in enumerate(PATHS):
            films = []
            for seed in range(100 + people * number, 100 + people * (number + 1)):
                actor = random_actor(seed, path, framing, speaks=True)
                take = Take(actors=(actor,), num_frames=num_frames, fps=FPS, seed=seed)
                try:
                    films.append(measured(reader, take, Path(folder)))
                except Rejected as no:
                    notes.append(f"{path}, person {seed}: rejected, {no}")
            lines.append(line(f"{path}, {framing}", people * num_frames, films))
            print(lines[-1], flush=True)
            whole += films
            offered += people * num_frames
    lines.append(line("all", offered, whole))
    command = f"python -m benchmarks.accuracy.synthetic --people {people} --num-frames {num_frames}"
    write_table(table, "Accuracy on synthetic people", command, lines, *NOTES, *notes)


NOTES = (
    "Films of 480x640 of `jobs/synthetic`, read as any file: the embedded stack up to control signals.",
    f"A joint or a hand counts where half of it is visible, a hand from {MIN_HAND_PX:g} px on. From behind:",
    "hips turned by more than 120 degrees; front, profile, back: the head by up to 60, 120, 180. What is",
    "straight ahead for a face and how large a sphere stands for a head differ by convention: the head is",
    "told after one constant rotation of each film, that of its frontal frames, and radii against theirs.",
    "`none`: no such frame, or none told.",
)


if __name__ == "__main__":
    tyro.cli(main)
