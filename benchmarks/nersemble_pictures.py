"""One take of a rendered person in both of NeRSemble's layouts: PNG pictures, and mp4, must become the same.

The take of `benchmarks.nersemble` is written as version 1 (pictures, affine colours) and as version 2
(videos, polynomials), by 16 cameras each, prepared by the command, and the films are compared picture by
picture. The known answer is 0 but for the mp4's own loss; beside it stands what the PNG film is without its
correction.

    python -m benchmarks.nersemble_pictures
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np

from benchmarks.machine import write_table
from benchmarks.nersemble import calibration_of, polynomial_film, studio
from jobs.cli import main as understudy
from media.decode import decode_bytes
from pipeline.corpora.nersemble.layout import SERIALS
from schemas.media import Frames
from tests.nersemble import affine_of, write_take

PICTURES = 25
"""At 73 a second; nine are shown at 24."""
SEQUENCE = "EXP-1-head"
MOST, LEAST = 3.0, 4.0  # two encodings of one take lie 1.8 to 2.3 levels apart; without colours 7 and more
"""Of 255 levels: farthest that both films may lie apart in the mean, nearest that an uncorrected one does."""


def affine_film(shown: Frames, serial: str) -> Frames:
    """Pictures of a camera in the colours that its matrix of version 1 corrects."""
    matrix = affine_of(serial)
    before = (shown / 255 - matrix[:, 3]) @ np.linalg.inv(matrix[:, :3])
    return np.asarray(np.round(255 * np.clip(before, 0, 1)), np.uint8)


def films(folder: Path) -> dict[str, dict[str, Frames]]:
    """By camera the film that is prepared of the PNG take, of the mp4 one, and of the PNG one uncorrected.

    Raises:
        AssertionError: a camera is rejected.
    """
    room = studio()
    seen = {serial: room.shown(serial, PICTURES) for serial in SERIALS}
    camera_params = calibration_of(room)

    def prepared(
        name: str, film: Callable[[Frames, str], Frames], version: Literal[1, 2], *, colours: bool = True
    ) -> dict[str, Frames]:
        ready = folder / f"{name} ready"
        write_take(
            folder / name,
            lambda serial: film(seen[serial], serial),
            version=version,
            sequence=SEQUENCE,
            colours=colours,
            camera_params=camera_params,
        )
        if understudy(["nersemble", str(folder / name), "--out", str(ready)]):
            raise AssertionError(f"{name}: a camera is rejected")
        return {path.stem[4:]: decode_bytes(path.read_bytes()) for path in sorted(ready.rglob("cam_*.mp4"))}

    png, mp4 = prepared("png", affine_film, 1), prepared("mp4", polynomial_film, 2)
    uncorrected = prepared("uncorrected", affine_film, 1, colours=False)
    return {
        serial: {"png": png[serial], "mp4": mp4[serial], "uncorrected": uncorrected[serial]}
        for serial in SERIALS
    }


def levels(one: Frames, other: Frames) -> float:
    """Mean distance of two films of the same shape, of 255.

    Raises:
        AssertionError: they have other shapes.
    """
    if one.shape != other.shape:
        raise AssertionError(f"{one.shape} beside {other.shape}")
    return float(np.abs(one.astype(np.float64) - other).mean())


def main() -> None:
    """Write NERSEMBLE_PICTURES.md.

    Raises:
        SystemExit: films lie farther apart than they may.
    """
    with tempfile.TemporaryDirectory() as scratch:
        found = films(Path(scratch))
    apart = {
        serial: [levels(own[name], own["mp4"]) for name in ("png", "uncorrected")]
        for serial, own in found.items()
    }
    most, least = max(one for one, _ in apart.values()), min(other for _, other in apart.values())
    reached = most <= MOST and least >= LEAST
    write_table(
        Path(__file__).with_name("NERSEMBLE_PICTURES.md"),
        "A take of a rendered person as PNG pictures and as mp4, prepared",
        "python -m benchmarks.nersemble_pictures",
        [
            ("camera", "pictures", "PNG beside mp4, levels", "PNG uncorrected beside mp4, levels"),
            *(
                (serial, f"{len(found[serial]['png'])}", *(f"{value:.2f}" for value in values))
                for serial, values in apart.items()
            ),
        ],
        f"Means of 255 levels. Goal: at most {MOST:g}, uncorrected at least {LEAST:g}. Most: {most:.2f}, "
        f"least uncorrected: {least:.2f}, {'reached' if reached else 'not reached'}. {date.today()}.",
    )
    if not reached:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
