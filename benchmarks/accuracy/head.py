"""Head rotation against AFLW2000-3D: a face model fitted to photographs and checked by people."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.faces import head_tracker, labelled_face, picture, seen_face
from benchmarks.accuracy.table import Row
from schemas.tracks import HeadTrack

GOAL_DEG = 7.0
MAX_YAW_DEG = 60.0
ANGLES = ("yaw", "pitch", "roll")


@dataclass(frozen=True)
class Photograph:
    """One photograph and its pose."""

    path: Path
    angles: NDArray[np.float64]
    """(3,) yaw to image left, pitch up, roll clockwise as seen, degrees."""


def measure(corpus: Path) -> list[Row]:
    """All rows of heads: with the head told, for the goal's yaws and for all; then with the person found."""
    photographs = load(corpus / "groundtruth" / "head_pose_aflw2000")
    near = [i for i, photograph in enumerate(photographs) if abs(photograph.angles[0]) <= MAX_YAW_DEG]
    rows = []
    for how, find_head in (("head told", labelled_head), ("person found", seen)):
        heads = [find_head(photograph.path) for photograph in photographs]
        rows += rows_of(
            f"AFLW2000, yaw within {MAX_YAW_DEG:g} deg, {how}",
            [photographs[i] for i in near],
            [heads[i] for i in near],
        )
        rows += rows_of(f"AFLW2000, all, {how}", photographs, heads)[-1:]
    return rows + [picture_row(p, h) for p, h in zip(photographs, heads, strict=True)]


def load(folder: Path) -> list[Photograph]:
    """The photographs that `pose.csv` names."""
    with (folder / "pose.csv").open() as file:
        return [
            Photograph(folder / row["image"], np.array([float(row[f"{angle}_deg"]) for angle in ANGLES]))
            for row in csv.DictReader(file)
        ]


def seen(path: Path) -> HeadTrack:
    """The head of the photograph's main person."""
    return head_tracker()(*seen_face(path))


def labelled_head(path: Path) -> HeadTrack:
    """The head in the photograph's middle: AFLW2000 crops faces to about half of the picture."""
    height, width = picture(path).shape[1:3]
    middle = np.array([0.25 * width, 0.25 * height, 0.75 * width, 0.75 * height])
    return head_tracker()(*labelled_face(path, middle))


def rows_of(data: str, photographs: list[Photograph], heads: list[HeadTrack]) -> list[Row]:
    """Mean absolute errors of yaw, pitch and roll, then over all three."""
    errors = [np.abs(error(p, h)) for p, h in zip(photographs, heads, strict=True) if h.valid[0]]
    missed = [p.path.name for p, h in zip(photographs, heads, strict=True) if not h.valid[0]]
    mean = np.mean(errors, axis=0) if errors else np.full(3, np.nan)
    return [
        Row(
            part="head",
            data=data,
            measure=f"{name}, mean absolute error",
            value=float(value),
            unit=" deg",
            goal=GOAL_DEG,
            found=len(errors),
            of=len(photographs),
            note=f"no face found: {', '.join(missed)}" if missed else "",
        )
        for name, value in [*zip(ANGLES, mean, strict=True), ("yaw, pitch and roll", mean.mean())]
    ]


def picture_row(photograph: Photograph, head: HeadTrack) -> Row:
    """One photograph's errors."""
    wrong = error(photograph, head) if head.valid[0] else np.full(3, np.nan)
    truth, by = (" / ".join(f"{v:+.0f}" for v in values) for values in (photograph.angles, wrong))
    return Row(
        part="head",
        data=photograph.path.name,
        measure="mean absolute error of the three",
        value=float(np.abs(wrong).mean()),
        unit=" deg",
        found=int(head.valid[0]),
        of=1,
        note=f"yaw / pitch / roll is {truth}, wrong by {by}",
    )


def error(photograph: Photograph, head: HeadTrack) -> NDArray[np.float64]:
    """Yaw, pitch and roll (3,) of a track's first frame less the labels, degrees."""
    difference = aflw_angles(head.rotation[0]) - photograph.angles
    return np.asarray((difference + 180) % 360 - 180, np.float64)


def aflw_angles(rotation: NDArray[np.floating]) -> NDArray[np.float64]:
    """Yaw, pitch and roll (3,) of a head rotation by AFLW2000's rule, degrees.

    Its matrices are, in our axes, Rx(-pitch) Ry(yaw) Rz(roll). Of all orders and signs of three turns only
    these explain how the points of its fitted models (`pt3d_68`) turn between pictures, to 1.8 degrees.
    """
    r = np.asarray(rotation, np.float64)
    yaw = np.arcsin(np.clip(r[0, 2], -1, 1))
    pitch, roll = np.arctan2(r[1, 2], r[2, 2]), np.arctan2(-r[0, 1], r[0, 0])
    return np.asarray(np.degrees([yaw, pitch, roll]), np.float64)
